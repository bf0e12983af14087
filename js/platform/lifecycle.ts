// What the end of a process or page needs to know.

import type { AnyDestination } from "../export/destination_options.js";
import type { Logger } from "../tracing/runtime.js";

export interface LifecycleOptions {
  destinations: () => readonly AnyDestination[];
  /** Spans that are neither delivered nor lost. */
  pendingSpans: () => number;
  flush: (options: { timeoutMillis: number }) => Promise<unknown>;
  logger: Logger;
  exitTimeoutMillis?: number;
}

/** "" stands for what is not known. */
export interface Program {
  user: string;
  file: string;
  /** It runs in. */
  folder: string;
}
