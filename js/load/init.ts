// Starting and stopping. init() is memoised: a later call merges the options it gives.

import type { FlushResult } from "../export/flush_result.js";
import { tracer } from "../tracing/realm.js";
import type { TracerControl, TracerStats } from "../tracing/tracer.js";
import type { InitOptions } from "./options.js";
import { Service } from "./service.js";

function control(): TracerControl {
  const shared = tracer();
  return (shared.control ??= new Service(shared));
}

/**
 * Loads the module and starts tracing; spans may be made at once, nobody needs to wait. Throws
 * TraceError for wrong options; the promise never rejects: where the module cannot be loaded,
 * spans are no-ops and one message says so.
 */
export function init(options: InitOptions = {}): Promise<void> {
  return control().init(options);
}

/** As init(), for Node and workers: the module is ready when it returns, if the host allows that. */
export function initSync(options: InitOptions = {}): void {
  control().initSync(options);
}

const NOTHING: FlushResult = { status: "flushed", delivered: 0, dropped: 0, pending: 0 };

/** Waits until everything that has ended is delivered or given up. Never rejects. */
export async function flushTraces(options: { timeoutMillis?: number } = {}): Promise<FlushResult> {
  return (await tracer().control?.flush(options)) ?? { ...NOTHING };
}

/** Marks open spans as unfinished, flushes, and stops tracing. Never rejects. */
export async function shutdown(options: { timeoutMillis?: number } = {}): Promise<FlushResult> {
  return (await tracer().control?.shutdown(options)) ?? { ...NOTHING };
}

/** What became of the spans; for each destination produced = delivered + pending + the sum of dropped. */
export function stats(): TracerStats {
  return tracer().control?.stats() ?? { destinations: {}, notProduced: { unfinished: 0, sampled_out: 0 }, module: "none" };
}
