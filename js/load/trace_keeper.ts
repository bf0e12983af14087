// Traces that the core's manager knows (src/manager/): all of them where ended traces are retained,
// those under way where they have a timeout. The core decides what has run too long, what is too old
// and what must make room; spans live here, so what ran too long is ended here, children before
// their parents, by the way every span ends.

import { eventOfException } from "../tracing/span_event.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { findTrace } from "../tracing/open_spans.js";
import type { Tracer, TraceObserver } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import type { DroppedTrace, ManagerCore } from "./manager_core.js";

const TIMEOUT_CHECK_MILLIS = 1000;
const AGE_CHECK_MILLIS = 30_000;
/** Traces that wait for the module; the oldest make room, as in the manager. */
const MAX_EARLY = 1000;

const LOCATION = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } };

export interface KeeperSettings {
  /** Ended traces stay until they are popped, too old or too many. */
  isRetaining: boolean;
  /** undefined: none. */
  timeoutMillis: number | undefined;
  ttlSeconds: number | undefined;
  maxTraces: number | undefined;
}

export class TraceKeeper implements TraceObserver {
  readonly #tracer: Tracer;
  /** null before the module is ready and after its end. */
  readonly #manager: () => ManagerCore | null;
  #settings: KeeperSettings;
  #isConfigured = false;
  /** Not registered yet: they started before there was a module. */
  readonly #early = new Set<LocalTrace>();
  /** Registered, by the hex digits of their ids. */
  readonly #known = new Map<string, LocalTrace>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(tracer: Tracer, manager: () => ManagerCore | null, settings: KeeperSettings) {
    this.#tracer = tracer;
    this.#manager = manager;
    this.#settings = settings;
  }

  configure(settings: KeeperSettings): void {
    if (settings.timeoutMillis !== this.#settings.timeoutMillis) this.stop();
    this.#settings = settings;
    this.#isConfigured = false;
  }

  traceStarted(trace: LocalTrace): void {
    if (this.#known.get(trace.hex) === trace) return;
    this.#timer ??= this.#startTimer();
    this.#early.add(trace);
    if (this.#early.size > MAX_EARLY) this.#early.delete(this.#early.values().next().value as LocalTrace);
    this.register();
  }

  traceCompleted(trace: LocalTrace): void {
    if (this.#settings.isRetaining) return;
    this.#early.delete(trace);
    if (this.#known.delete(trace.hex)) this.#quietly(() => this.#manager()?.popTrace(trace.hex, "", this.#now()));
  }

  keptTrace(traceIdHex: string): LocalTrace | null {
    if (this.#settings.isRetaining) this.tick();
    return this.#known.get(traceIdHex) ?? null;
  }

  forget(traceIdHex: string): void {
    this.#known.delete(traceIdHex);
  }

  /** Tells the manager of traces it does not know; their records must come after. */
  register(): void {
    if (this.#early.size === 0) return;
    const isDone = this.#quietly(() => {
      const manager = this.#manager();
      if (manager === null) return;
      this.#configureManager(manager);
      for (const trace of this.#early) {
        this.#early.delete(trace);
        // What else is known of it is told when it is read: it changes until then.
        const info = {
          trace_id: trace.traceId,
          request_time: new Date(this.#now()).toISOString(),
          state: "IN_PROGRESS",
          trace_location: LOCATION,
        };
        this.#drop(manager.registerTrace(trace.hex, JSON.stringify(info), this.#now()));
        this.#known.set(trace.hex, trace);
      }
    });
    if (!isDone) this.#early.clear();
  }

  /** Ends what is due and forgets what is too old. */
  tick(): void {
    this.register();
    this.#quietly(() => {
      const report = this.#manager()?.tick(this.#now());
      if (report === undefined) return;
      this.#drop(report.expired);
      for (const { otelTraceIds, message } of report.timedOut) for (const hex of otelTraceIds) this.#halt(hex, message);
    });
    if (this.#tracer.openTraces.size === 0 && this.#known.size === 0) this.stop();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #configureManager(manager: ManagerCore): void {
    if (this.#isConfigured) return;
    this.#isConfigured = true;
    const { timeoutMillis, ttlSeconds, maxTraces } = this.#settings;
    const timeoutSeconds = timeoutMillis === undefined ? null : Math.max(1, Math.ceil(timeoutMillis / 1000));
    manager.configure({
      timeoutSeconds,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      ...(maxTraces === undefined ? {} : { maxTraces }),
    });
  }

  /** The spans of such a trace are no longer readable; their records left by the destinations' own queues. */
  #drop(dropped: readonly DroppedTrace[]): void {
    for (const { otelTraceIds, traceId, reason, spans } of dropped) {
      for (const hex of otelTraceIds) this.#known.delete(hex);
      this.#tracer.logger.debug(`trace ${traceId} with ${String(spans)} spans is no longer kept: ${reason}`);
    }
  }

  #halt(hex: string, message: string): void {
    const trace = findTrace(this.#tracer, hex);
    if (trace === null) return;
    const endTimeNs = BigInt(Math.floor(this.#now())) * 1_000_000n;
    for (let span = trace.lastOpen; span !== null;) {
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
    const timer: unknown = setInterval(
      () => {
        this.tick();
      },
      this.#settings.timeoutMillis === undefined ? AGE_CHECK_MILLIS : TIMEOUT_CHECK_MILLIS,
    );
    (timer as { unref?: () => void }).unref?.();
    return timer as ReturnType<typeof setInterval>;
  }

  #now(): number {
    return this.#tracer.clock.wallMillis();
  }

  #quietly(call: () => unknown): boolean {
    try {
      call();
      return true;
    } catch (error) {
      this.#tracer.warnOnce("keeper", `traces are not kept: ${safeText(error)}`);
      return false;
    }
  }
}

function timeoutError(message: string): Error {
  const error = new Error(message);
  error.name = "MlflowTracingException";
  return error;
}
