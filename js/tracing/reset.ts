// Back to the beginning, for tests.

import { currentFrame } from "./context.js";
import { tracer } from "./realm.js";

/** Forgets open traces, hooks, processors, evaluations and what setDestination() said; the exporters stay. */
export function reset(): void {
  const shared = tracer();
  for (const trace of shared.openTraces) trace.isHalted = true;
  shared.openTraces.clear();
  shared.lastTrace = null;
  currentFrame().lastTrace = null;
  shared.ambient = null;
  shared.later?.forgetEvaluations();
  shared.startHooks.clear();
  shared.endHooks.clear();
  shared.spanProcessors = [];
  shared.setEnabled(true);
}
