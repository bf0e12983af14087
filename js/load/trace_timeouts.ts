// Traces that run too long. The core decides which (src/manager/); their spans live here, so they
// are ended here, children before their parents, by the way every span ends.

import { eventOfException } from "../tracing/span_event.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { findTrace } from "../tracing/open_spans.js";
import type { Tracer, TraceObserver } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import type { ManagerCore } from "./manager_core.js";

const CHECK_MILLIS = 1000;

export class TraceTimeouts implements TraceObserver {
  readonly #tracer: Tracer;
  /** null before the module is ready. */
  readonly #manager: () => ManagerCore | null;
  readonly #timeoutMillis: number;
  /** Traces that started before there was a module. */
  readonly #early = new Set<LocalTrace>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(tracer: Tracer, manager: () => ManagerCore | null, timeoutMillis: number) {
    this.#tracer = tracer;
    this.#manager = manager;
    this.#timeoutMillis = timeoutMillis;
  }

  traceStarted(trace: LocalTrace): void {
    this.#timer ??= this.#startTimer();
    this.#early.add(trace);
    this.#quietly(() => {
      this.#register();
    });
  }

  traceCompleted(trace: LocalTrace): void {
    if (this.#early.delete(trace)) return;
    this.#quietly(() => this.#manager()?.popTrace(trace.hex, "", this.#now()));
  }

  /** Ends what is due. Called about once a second while traces run. */
  tick(): void {
    this.#quietly(() => {
      this.#register();
      for (const { otelTraceIds, message } of this.#manager()?.tick(this.#now()).timedOut ?? []) {
        for (const hex of otelTraceIds) this.#halt(hex, message);
      }
    });
    if (this.#tracer.openTraces.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #register(): void {
    const manager = this.#manager();
    if (manager === null || this.#early.size === 0) return;
    manager.configure({ timeoutSeconds: Math.max(1, Math.ceil(this.#timeoutMillis / 1000)) });
    for (const trace of this.#early) {
      const info = { trace_id: trace.traceId, request_time: new Date(this.#now()).toISOString(), state: "IN_PROGRESS", trace_location: EXPERIMENT };
      manager.registerTrace(trace.hex, JSON.stringify(info), this.#now());
    }
    this.#early.clear();
  }

  #halt(hex: string, message: string): void {
    const trace = findTrace(this.#tracer, hex);
    if (trace === null) return;
    const endTimeNs = BigInt(Math.floor(this.#now())) * 1_000_000n;
    for (let span = trace.lastOpen; span !== null; ) {
      const previous: LiveSpan | null = span._previousOpen;
      span.addEvent(eventOfException(timeoutError(message)));
      span.setStatus("ERROR");
      span.end({ endTimeNs });
      span = previous;
    }
    trace.isHalted = true;
    this.#tracer.logger.info(message);
  }

  #startTimer(): ReturnType<typeof setInterval> {
    const timer: unknown = setInterval(() => {
      this.tick();
    }, CHECK_MILLIS);
    (timer as { unref?: () => void }).unref?.();
    return timer as ReturnType<typeof setInterval>;
  }

  #now(): number {
    return this.#tracer.clock.wallMillis();
  }

  #quietly(call: () => unknown): void {
    try {
      call();
    } catch (error) {
      this.#tracer.warnOnce("timeouts", `timeouts of traces do not work: ${safeText(error)}`);
    }
  }
}

const EXPERIMENT = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } };

function timeoutError(message: string): Error {
  const error = new Error(message);
  error.name = "MlflowTracingException";
  return error;
}
