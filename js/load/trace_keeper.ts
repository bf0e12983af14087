// Traces that the core's manager knows (src/manager/): all of them where ended traces are retained or
// exported as a whole, those under way where they have a timeout. The core decides what has run too long, what is too old
// and what must make room; spans live here, so what ran too long is ended here, children before
// their parents, by the way every span ends.

import { eventOfException } from "../tracing/span_event.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { findTrace } from "../tracing/open_spans.js";
import type { Tracer, TraceObserver } from "../tracing/tracer.js";
import { safeText } from "../tracing/values.js";
import type { LossReason } from "./core.js";
import type { DroppedTrace, ManagerCore } from "./manager_core.js";
import { isModuleLost } from "./module_part.js";

/** A timer fires at once beyond this. */
const MAX_CHECK_MILLIS = 0x7fffffff;
const AGE_CHECK_MILLIS = 30_000;
/** Traces that wait for the module; the oldest make room, as in the manager. */
const MAX_EARLY = 1000;
/** … where exporters wait for each of them. */
const MAX_EARLY_EXPORTED = 100_000;

const LOCATION = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } };

export interface KeeperSettings {
  /** Ended traces stay until they are popped, too old or too many. */
  isRetaining: boolean;
  /** undefined: none. */
  timeoutMillis: number | undefined;
  /** How often it is looked for what has run too long; undefined: each second. */
  checkSeconds?: number | undefined;
  ttlSeconds: number | undefined;
  maxTraces: number | undefined;
  /** Characters of previews; undefined: MLflow's number. */
  previewMaxLength?: number | undefined;
}

/** Exporters that take whole traces out of the manager. */
export interface TraceTakers {
  countOf(trace: LocalTrace): number;
  /** The manager let go of a trace before they took it. */
  lose(trace: LocalTrace, reason: LossReason): void;
}

const NO_TAKERS: TraceTakers = { countOf: () => 0, lose: () => undefined };

export class TraceKeeper implements TraceObserver {
  readonly #tracer: Tracer;
  /** null before the module is ready and after its end. */
  readonly #manager: () => ManagerCore | null;
  readonly #takers: TraceTakers;
  #settings: KeeperSettings;
  #isConfigured = false;
  /** Not registered yet: they started before there was a module. */
  readonly #early = new Set<LocalTrace>();
  /** Registered, by the hex digits of their ids. */
  readonly #known = new Map<string, LocalTrace>();
  /** Exporters that have not taken the trace yet. */
  readonly #takersLeft = new WeakMap<LocalTrace, number>();
  readonly #lost = new WeakMap<LocalTrace, LossReason>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(tracer: Tracer, manager: () => ManagerCore | null, settings: KeeperSettings, takers: TraceTakers = NO_TAKERS) {
    this.#tracer = tracer;
    this.#manager = manager;
    this.#settings = settings;
    this.#takers = takers;
  }

  configure(settings: KeeperSettings): void {
    if (settings.timeoutMillis !== this.#settings.timeoutMillis) this.stop();
    this.#settings = settings;
    this.#isConfigured = false;
  }

  traceStarted(trace: LocalTrace): void {
    // A part of a trace that runs in this process already (its parent came over the network) joins it.
    if (this.#known.has(trace.hex)) return;
    this.#timer ??= this.#startTimer();
    this.#early.add(trace);
    const most = this.#takers.countOf(trace) > 0 ? MAX_EARLY_EXPORTED : MAX_EARLY;
    if (this.#early.size > most) this.#early.delete(this.#early.values().next().value as LocalTrace);
    this.register();
  }

  traceCompleted(trace: LocalTrace): void {
    if (this.#settings.isRetaining) return;
    const isKnown = this.#known.get(trace.hex) === trace;
    if (this.#takers.countOf(trace) > 0) {
      if (isKnown) this.#quietly(() => this.#manager()?.setAside(trace.hex, this.#now()));
      return;
    }
    this.#early.delete(trace);
    if (!isKnown) return;
    this.#known.delete(trace.hex);
    this.#quietly(() => this.#manager()?.popTrace(trace.hex, "", this.#now()));
  }

  isLastToTake(traceIdHex: string): boolean {
    const trace = this.#known.get(traceIdHex);
    if (trace === undefined) return true;
    const left = (this.#takersLeft.get(trace) ?? this.#takers.countOf(trace)) - 1;
    this.#takersLeft.set(trace, left);
    return left <= 0 && !this.#settings.isRetaining;
  }

  /** Why exporters will not get the trace; null: they will. */
  lossOf(trace: LocalTrace): LossReason | null {
    return this.#lost.get(trace) ?? null;
  }

  keptTrace(traceIdHex: string): LocalTrace | null {
    if (this.#settings.isRetaining) this.tick();
    return this.#known.get(traceIdHex) ?? null;
  }

  untoldTrace(traceIdHex: string): LocalTrace | null {
    const trace = this.#known.get(traceIdHex);
    if (trace === undefined || this.#takersLeft.has(trace) || this.#lost.has(trace)) return null;
    // Where nobody takes whole traces its root has told of it.
    return this.#takers.countOf(trace) > 0 || trace.destinations === 0 ? trace : null;
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
        if (this.#known.has(trace.hex)) continue;
        // What else is known of it is told when it is read: it changes until then.
        const info = {
          trace_id: trace.traceId,
          request_time: new Date(this.#now()).toISOString(),
          state: "IN_PROGRESS",
          trace_location: LOCATION,
        };
        this.#drop(manager.registerTrace(trace.hex, JSON.stringify(info), this.#now()));
        this.#known.set(trace.hex, trace);
        if (trace.isComplete) this.traceCompleted(trace);
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
    const { timeoutMillis, ttlSeconds, maxTraces, previewMaxLength } = this.#settings;
    const timeoutSeconds = timeoutMillis === undefined ? null : Math.max(1, Math.ceil(timeoutMillis / 1000));
    manager.configure({
      timeoutSeconds,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      ...(maxTraces === undefined ? {} : { maxTraces }),
      ...(previewMaxLength === undefined ? {} : { previewMaxLength }),
    });
  }

  /**
   * The spans of such a trace are no longer readable. Their records leave by the destinations' own
   * queues; those of exporters that take whole traces are lost.
   */
  #drop(dropped: readonly DroppedTrace[]): void {
    for (const { otelTraceIds, traceId, reason, spans } of dropped) {
      for (const hex of otelTraceIds) {
        const trace = this.#known.get(hex);
        this.#known.delete(hex);
        if (trace === undefined || reason === "replaced" || this.#takersLeft.has(trace)) continue;
        if (this.#takers.countOf(trace) === 0) continue;
        const loss = reason === "expired" ? "trace_expired" : "trace_evicted";
        this.#lost.set(trace, loss);
        this.#takers.lose(trace, loss);
      }
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
      this.#settings.timeoutMillis === undefined ? AGE_CHECK_MILLIS : this.#checkMillis,
    );
    (timer as { unref?: () => void }).unref?.();
    return timer as ReturnType<typeof setInterval>;
  }

  get #checkMillis(): number {
    return Math.min((this.#settings.checkSeconds ?? 1) * 1000, MAX_CHECK_MILLIS);
  }

  #now(): number {
    return this.#tracer.clock.wallMillis();
  }

  #quietly(call: () => unknown): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (!isModuleLost()) this.#tracer.warnOnce("keeper", `traces are not kept: ${safeText(error)}`);
      return false;
    }
  }
}

function timeoutError(message: string): Error {
  const error = new Error(message);
  error.name = "MlflowTracingException";
  return error;
}
