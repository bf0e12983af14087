// Evaluations: who runs one knows its requests by ids of its own, and finds their traces by them.
//
// Only what is loaded later imports this file (later.ts says why).

import { currentFrame } from "./context.js";

/** The oldest make room. */
const MAX_KNOWN = 10_000;
/** Shared by every copy of the package in this realm: who exports may be another than who asks. */
const KEY = Symbol.for("spandrel.evaluations");

function known(): Map<string, string> {
  const realm = globalThis as { [KEY]?: Map<string, string> };
  if (realm[KEY] === undefined) Object.defineProperty(realm, KEY, { value: new Map<string, string>(), configurable: true });
  return realm[KEY] as Map<string, string>;
}

/** From now on the trace is found by the evaluation's id. The last trace of a request is the one that counts. */
export function registerEvaluationTrace(evaluationId: string, traceId: string): void {
  const map = known();
  map.delete(evaluationId);
  map.set(evaluationId, traceId);
  if (map.size > MAX_KNOWN) map.delete(map.keys().next().value as string);
}

/** null: no trace of such a request is known. */
export function traceIdOfEvaluation(evaluationId: string): string | null {
  return known().get(evaluationId) ?? null;
}

export function forgetEvaluations(): void {
  known().clear();
}

/**
 * Whether this code runs for an evaluation. Who is called after a trace's end, elsewhere, sees it by
 * the trace's tag `mlflow.eval.requestId`.
 */
export function isEvaluating(): boolean {
  return typeof currentFrame().ambient?.evaluationId === "string";
}
