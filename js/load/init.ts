// Starting and stopping. init() is memoised: a later call merges the options it gives.
//
// Here is only what must happen at once: options are checked, spans are made and kept. The code that
// exports them is loaded then (in Node it is there already), and the module by that.

import { loadService } from "#platform";
import type { FlushResult } from "../export/flush_result.js";
import { Backlog } from "../tracing/backlog.js";
import { tracer } from "../tracing/realm.js";
import { DEFAULT_SPAN_LIMITS } from "../tracing/runtime.js";
import type { ExportHub, Tracer, TracerControl, TracerStats } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import { checkedOptions, movesExport, type InitOptions } from "./options.js";
import type { Service } from "./service.js";

interface ServiceModule {
  readonly Service: new () => Service;
}

class Control implements TracerControl {
  readonly #tracer: Tracer;
  #service: Service | null = null;
  #loading: Promise<void> | null = null;
  /** Options of the calls that the service has not seen. */
  #waiting: InitOptions[] = [];
  #merged: InitOptions = {};
  #destinations = 0;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  init(options: unknown, isSync: boolean): Promise<void> {
    const given = checkedOptions(options);
    if (this.#service !== null) {
      this.#service.configure(given);
      return this.#service.load(isSync);
    }
    const loaded = this.#loading === null ? loadService() : null;
    if (loaded !== null && !(loaded instanceof Promise)) return this.#start(loaded, [given]).load(isSync);
    this.#prepare(given);
    this.#loading ??= (loaded as Promise<ServiceModule>).then(
      (module) => this.#start(module, this.#waiting).load(false),
      (error: unknown) => {
        this.#tracer.stop();
        this.#tracer.logger.error(`tracing could not be loaded, spans are no-ops: ${safeText(error)}`);
      },
    );
    return this.#loading;
  }

  #start(module: ServiceModule, given: readonly InitOptions[]): Service {
    const service = new module.Service();
    for (const options of given) service.configure(options);
    service.takeOver();
    this.#service = service;
    return service;
  }

  /** What spans need before the service is there, as the service will have it. */
  #prepare(given: InitOptions): void {
    const shared = this.#tracer;
    const merged = { ...this.#merged, ...given };
    if (this.#waiting.length === 0 || movesExport(this.#merged, merged)) {
      const { exporter } = merged;
      const count = exporter === "none" ? 0 : Array.isArray(exporter) ? exporter.length : 1;
      shared.hub = { ...shared.hub, destinations: ((1 << count) - 1) << this.#destinations } satisfies ExportHub;
      this.#destinations += count;
    }
    this.#waiting.push(given);
    this.#merged = merged;
    const { limits, batch } = merged;
    for (const key of ["logger", "sampler", "spanProcessors", "beforeSeal", "experimentId"] as const) {
      if (merged[key] !== undefined) Object.assign(shared, { [key]: merged[key] });
    }
    if (limits !== undefined) shared.limits = { ...DEFAULT_SPAN_LIMITS, ...limits };
    if (batch?.queueBytes !== undefined && shared.recorder instanceof Backlog) shared.recorder.maxBytes = batch.queueBytes;
    shared.start();
  }

  async flush(options: { timeoutMillis?: number }): Promise<FlushResult> {
    await this.#loading;
    return (await this.#service?.flush(options)) ?? { ...NOTHING };
  }

  async shutdown(options: { timeoutMillis?: number }): Promise<FlushResult> {
    await this.#loading;
    return (await this.#service?.shutdown(options)) ?? { ...NOTHING };
  }

  stats(): TracerStats {
    return (
      this.#service?.stats() ?? { ...NO_STATS, module: this.#loading === null ? "none" : this.#tracer.isOn ? "loading" : "dead" }
    );
  }
}

const NOTHING: FlushResult = { status: "flushed", delivered: 0, dropped: 0, pending: 0 };
const NO_STATS: TracerStats = { destinations: {}, notProduced: { unfinished: 0, sampled_out: 0 }, module: "none" };

function start(options: InitOptions, isSync: boolean): Promise<void> {
  const shared = tracer();
  return (shared.control ??= new Control(shared)).init(options, isSync);
}

/**
 * Loads the module and starts tracing; spans may be made at once, nobody needs to wait. Throws
 * TraceError for wrong options; the promise never rejects: where the module cannot be loaded,
 * spans are no-ops and one message says so.
 */
export function init(options: InitOptions = {}): Promise<void> {
  return start(options, false);
}

/** As init(), for Node and workers: the module is ready when it returns, if the host allows that. */
export function initSync(options: InitOptions = {}): void {
  void start(options, true);
}

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
  return tracer().control?.stats() ?? { ...NO_STATS };
}
