// What the end of a process or page needs to know.

import type { Destination } from "../export/destination.js";
import type { Logger } from "../tracing/runtime.js";

export interface LifecycleOptions {
  destinations: () => readonly Destination[];
  /** Spans that are neither delivered nor lost. */
  pendingSpans: () => number;
  flush: (options: { timeoutMillis: number }) => Promise<unknown>;
  logger: Logger;
  exitTimeoutMillis?: number;
}
