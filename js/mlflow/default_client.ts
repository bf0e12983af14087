// The client of an exporter that was given none.

import type { Logger } from "../tracing/runtime.js";
import type { TraceStore } from "./trace_store.js";

export function makeDefaultClient(_trackingUri: string | undefined, _logger: Logger): TraceStore {
  throw new Error("there is no client");
}
