// Back to the beginning, for tests.

import { tracer } from "./realm.js";

/** Forgets open traces, hooks and processors; the destinations stay. */
export function reset(): void {
  const shared = tracer();
  for (const trace of shared.openTraces) trace.isHalted = true;
  shared.openTraces.clear();
  shared.lastTrace = null;
  shared.startHooks.clear();
  shared.endHooks.clear();
  shared.spanProcessors = [];
  shared.setEnabled(true);
}
