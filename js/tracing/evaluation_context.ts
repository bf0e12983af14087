// Where an evaluation runs the code it evaluates.

import { AmbientValues } from "./ambient.js";
import { currentFrame, frames } from "./context.js";
import { tracer } from "./realm.js";
import { safeText } from "./values.js";

export interface EvaluationOptions {
  /** The evaluation's id of the request: getTrace() takes it for the trace's own. */
  requestId: string;
}

/**
 * Traces that start inside of `fn` carry the tag `mlflow.eval.requestId`; exporters of MLflow send them
 * before they are done, and notebooks do not show them.
 */
export function withEvaluationContext<R>(options: EvaluationOptions, fn: () => R): R {
  const { logger } = tracer();
  if (typeof fn !== "function") {
    logger.warn("withEvaluationContext needs a function; nothing was run");
    return undefined as R;
  }
  const evaluationId = requestIdOf(options);
  if (evaluationId === null) {
    logger.warn("withEvaluationContext needs a requestId; the function runs without");
    return fn();
  }
  const frame = currentFrame();
  return frames().run({ ...frame, ambient: AmbientValues.of(frame.ambient).with({ evaluationId }), lastTrace: null }, fn);
}

function requestIdOf(options: unknown): string | null {
  try {
    const id = (options as EvaluationOptions | null)?.requestId as unknown;
    return id === undefined || id === null || id === "" ? null : safeText(id);
  } catch {
    return null;
  }
}
