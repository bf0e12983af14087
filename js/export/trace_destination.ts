// A destination that sends whole traces (MLflow): each complete trace leaves as one batch, at once.
//
// Where the exporter is synchronous its request starts inside the end() that completes the trace;
// else the batch is handed over in a task of its own, a few milliseconds of batches at a time. How
// many are under way, and what is repeated, is the exporter's business: a batch is handed over once.
// Its bytes stay in the queue's budget until it is settled. Nothing here throws.

import type { Core, LossReason, QueueLimits } from "../load/core.js";
import { TraceQueue } from "../load/trace_queue.js";
import type { LocalTrace } from "../tracing/local_trace.js";
import { attemptExport, settlesWithin } from "./attempt.js";
import { CounterKeeper, type DestinationCounters } from "./destination_counters.js";
import { DEFAULT_BATCH, type AnyDestination, type BatchOptions, type DestinationOptions } from "./destination_options.js";
import { ExportError } from "./export_error.js";
import type { Outcome } from "./exporter.js";
import { resultSince, type FlushResult } from "./flush_result.js";
import { HeldRoots } from "./held_roots.js";
import { LogOnce, shownText } from "./log_once.js";
import { LossLog } from "./loss_log.js";
import { rejectedOf } from "./settler.js";
import { TraceBatch, type Departure, type TraceExporter } from "./trace_exporter.js";
import { Watchers } from "./watchers.js";

const DEFAULT_FLUSH_MILLIS = 30_000;
const DEFAULT_SHUTDOWN_MILLIS = 5_000;
/** What one task may take before the event loop gets its turn. */
const TASK_MILLIS = 2;
/** With spans that are still open; of older ones late spans wait for the last of them, or for the shutdown. */
const MAX_LEFT_EARLY = 10_000;
/** The exporter bounds each of its requests, and its queue what waits; this is for one that forgets. */
const LONGEST_EXPORT_MILLIS = 24 * 3_600_000;

interface Parcel extends Departure {
  readonly number: number;
}

interface UnderWay {
  readonly number: number;
  readonly batch: number;
  readonly spanCount: number;
}

export interface TraceDestinationOptions extends DestinationOptions {
  exporter: TraceExporter;
}

export class TraceDestination implements AnyDestination {
  readonly isForTraces = true;
  readonly id: number;
  readonly name: string;
  readonly exporter: TraceExporter;
  readonly #options: TraceDestinationOptions;
  readonly #log: LogOnce;
  readonly #counters: CounterKeeper;
  readonly #losses = new LossLog();
  readonly #heldRoots: HeldRoots;
  #batch: BatchOptions;
  #queue: TraceQueue | null = null;
  /** The module is the smaller one, which has no such queues: spans are counted as lost. */
  #isUseless = false;

  /** Spans the recorder has told of. */
  #noted = 0;
  /** Traces that leave next, in order, by id. */
  readonly #leaving = new Map<string, Parcel>();
  #lastNumber = 0;
  readonly #underWay = new Set<UnderWay>();
  /** Traces that left before all of their spans had ended. */
  readonly #leftEarly = new Set<string>();
  #isPumpDue = false;
  #cancelTimer: (() => void) | null = null;
  #isReady = false;
  #isDead = false;
  #isShut = false;
  #onHiddenSpan: (() => void) | null = null;
  readonly #watchers: Watchers;
  #shutdown: Promise<FlushResult> | null = null;

  constructor(options: TraceDestinationOptions) {
    this.id = options.id;
    this.name = options.name;
    this.exporter = options.exporter;
    this.#options = options;
    this.#watchers = new Watchers(options.timers);
    this.#batch = { ...DEFAULT_BATCH, ...options.batch };
    this.#log = new LogOnce(options.logger, options.clock);
    this.#counters = new CounterKeeper(options.id, options.unreportedLosses ?? (() => []));
    this.#heldRoots = new HeldRoots(options.timers, (traceIdHex) => {
      this.#leaveEarly(traceIdHex);
    });
  }

  // --- what the recorder and the module tell ------------------------------------------------

  noteRecord(): void {
    this.#noted++;
    if (this.#isShut || this.#isUseless) return this.#loseLater();
    this.#onHiddenSpan?.();
    if (this.#cancelTimer === null && (this.#leftEarly.size > 0 || this.exporter.takesOpenTraces)) this.#startTimer();
  }

  noteRootEnded(trace: LocalTrace): void {
    this.#heldRoots.add(trace.hex);
  }

  noteTraceComplete(trace: LocalTrace): void {
    this.#heldRoots.remove(trace.hex);
    // Where the root is in another process, so is the one that tells of the trace.
    const isLate = this.#leftEarly.delete(trace.hex);
    this.#leave({ traceIdHex: trace.hex, isComplete: trace.root?.parentId === null && !isLate, isLate });
    if (this.exporter.isSynchronousFor(trace)) this.#sendOne(trace.hex);
    else this.#requestPump();
  }

  noteTraceGone(trace: LocalTrace): void {
    this.noteTraceComplete(trace);
  }

  discardTrace(traceIdHex: string, reason: LossReason): void {
    this.#heldRoots.remove(traceIdHex);
    this.#leaving.delete(traceIdHex);
    this.#leftEarly.delete(traceIdHex);
    this.#withCore(() => {
      this.#options.commitStaged();
      this.#queue?.discardTrace(traceIdHex, reason);
    });
    this.#watchers.tell();
  }

  get limits(): QueueLimits {
    const { queueBytes, queueSpans } = this.#batch;
    return { maxBytes: queueBytes, maxSpans: queueSpans, holdsTraces: true };
  }

  /** The module has the queue `id`, and no record of ours yet. */
  queueIsMade(): void {
    const core = this.#core;
    if (core === null) return;
    try {
      this.#queue = new TraceQueue(core, this.id);
      this.#queue.setLimits(this.limits);
    } catch (error) {
      this.#queue = null;
      this.#isUseless = true;
      this.#leaving.clear();
      this.#loseLater();
      this.#log.warn("module", `${this.name} gets no traces: ${shownText(String(error))}`);
    }
  }

  moduleIsReady(): void {
    this.#requestPump();
    this.#watchers.tell();
  }

  moduleIsDead(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#leaving.clear();
    this.#stopTimers();
    this.#watchers.tell();
  }

  configure(batch: Partial<BatchOptions>): void {
    this.#batch = { ...this.#batch, ...batch };
    this.#withCore(() => this.#queue?.setLimits(this.limits));
  }

  counters(): DestinationCounters {
    const { attachments } = this.exporter;
    const counters = this.#spanCounters();
    return attachments ? { ...counters, attachments } : counters;
  }

  #spanCounters(): DestinationCounters {
    if (this.#core !== null) this.#refreshCounters();
    if (this.#isDead) return this.#counters.afterDeath(this.#noted, this.#underWaySpans);
    return this.#isReady ? this.#counters.whileAlive() : this.#counters.beforeReady(this.#noted);
  }

  // --- what leaves, and when ----------------------------------------------------------------

  #leave(departure: Departure): void {
    const before = this.#leaving.get(departure.traceIdHex);
    if (this.#isShut || this.#isDead || this.#isUseless) return;
    // Late spans of a trace that has not even left go with it.
    const isComplete = departure.isComplete || before?.isComplete === true;
    this.#leaving.set(departure.traceIdHex, { ...departure, isComplete, number: before?.number ?? ++this.#lastNumber });
  }

  /** The root has ended and the others took too long: what is there of the trace is what there is. */
  #leaveEarly(traceIdHex: string): void {
    this.#heldRoots.remove(traceIdHex);
    if (this.#leftEarly.size >= MAX_LEFT_EARLY) this.#leftEarly.delete(this.#leftEarly.values().next().value as string);
    this.#leftEarly.add(traceIdHex);
    this.#leave({ traceIdHex, isComplete: true });
    this.#requestPump();
  }

  /** Spans of open traces, where they may go without them. */
  #startTimer(): void {
    const delay = this.exporter.spanDelayMillis ?? this.#batch.delayMillis;
    const run = (): void => {
      this.#cancelTimer = null;
      this.#sweep();
    };
    if (delay > 0) {
      this.#cancelTimer = this.#options.timers.schedule(run, delay);
      return;
    }
    this.#cancelTimer = () => undefined;
    this.#options.timers.yieldToLoop(run);
  }

  #sweep(): void {
    if (this.#isShut) return;
    this.#withCore(() => {
      this.#options.commitStaged();
      for (const traceIdHex of this.#queue?.heldTraces() ?? [])
        if (!this.#leaving.has(traceIdHex) && this.#mayLeaveOpen(traceIdHex))
          this.#leave({ traceIdHex, isComplete: false, isLate: this.#leftEarly.has(traceIdHex) });
    });
    this.#requestPump();
  }

  #mayLeaveOpen(traceIdHex: string): boolean {
    if (this.#leftEarly.has(traceIdHex)) return true;
    return this.exporter.takesOpenTraces && this.exporter.takesOpenTrace?.(traceIdHex) !== false;
  }

  #requestPump(): void {
    if (this.#isPumpDue || this.#leaving.size === 0) return;
    this.#isPumpDue = true;
    this.#options.timers.yieldToLoop(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#core === null || this.#isShut) return;
    const { clock, commitStaged } = this.#options;
    this.#withCore(() => {
      commitStaged();
    });
    const endsAt = clock.monotonicMillis() + TASK_MILLIS;
    for (const traceIdHex of this.#leaving.keys()) {
      this.#sendOne(traceIdHex);
      if (clock.monotonicMillis() >= endsAt) break;
    }
    this.#requestPump();
    this.#watchers.tell();
  }

  #sendOne(traceIdHex: string): void {
    const parcel = this.#leaving.get(traceIdHex);
    const policies = this.#options.policies();
    if (parcel === undefined || policies === null) return;
    this.#withCore((core) => {
      const queue = this.#queue;
      if (queue === null) return;
      this.#leaving.delete(traceIdHex);
      const batch = queue.takeTrace(traceIdHex);
      const view = new TraceBatch(parcel, core, policies, this.id, batch, this.#options.spansFromRecords);
      if (view.spanCount === 0 && !parcel.isComplete) return core.settleDelivered(this.id, batch);
      const sent = { number: parcel.number, batch, spanCount: view.spanCount };
      this.#underWay.add(sent);
      const { timers, suppressTracing } = this.#options;
      void attemptExport(this.exporter, view, LONGEST_EXPORT_MILLIS, timers, suppressTracing).then((outcome) => {
        this.#settle(sent, view, outcome);
      });
    });
  }

  /** The exporter has told what went wrong; here it is counted. */
  #settle(sent: UnderWay, view: TraceBatch, outcome: Outcome): void {
    view._close();
    if (!this.#underWay.delete(sent)) return;
    if (this.#core === null) {
      if (outcome.status === "success") this.#counters.addDelivered(sent.spanCount, rejectedOf(outcome, sent.spanCount));
    } else {
      this.#withCore((core) => {
        if (outcome.status === "success") core.settleDelivered(this.id, sent.batch, rejectedOf(outcome, sent.spanCount));
        else {
          const reason = reasonOf(outcome);
          core.settleLost(this.id, sent.batch, reason);
          this.#losses.settled(reason, sent.spanCount);
        }
      });
      this.#refreshCounters();
    }
    this.#watchers.tell();
  }

  get #underWaySpans(): number {
    let spans = 0;
    for (const { spanCount } of this.#underWay) spans += spanCount;
    return spans;
  }

  // --- flush and shutdown -------------------------------------------------------------------

  /** Waits for all traces whose root ended before the call. Never rejects. */
  async flush({ timeoutMillis = DEFAULT_FLUSH_MILLIS }: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    const before = this.counters();
    const { clock } = this.#options;
    const deadline = clock.monotonicMillis() + timeoutMillis;
    const left = (): number => Math.max(deadline - clock.monotonicMillis(), 0);
    let target = -1;
    const areHandedOver = (): boolean => {
      if (this.#isDead || this.#isShut) return true;
      if (this.#core === null) return this.#noted === 0;
      if (target < 0) target = this.#sendAll();
      const next = this.#leaving.values().next().value;
      return next === undefined || next.number > target;
    };
    const areSettled = (): boolean => {
      if (this.#isDead || this.#isShut) return true;
      for (const { number } of this.#underWay) if (number <= target) return false;
      return true;
    };
    let inTime = await this.#watchers.until(areHandedOver, timeoutMillis);
    // What the exporter gathers leaves now: the batches are settled by that.
    const flushed = this.#flushExporter(left());
    inTime = inTime && (await this.#watchers.until(areSettled, left()));
    const isComplete = (await flushed) && inTime && !this.#isDead;
    return resultSince(before, this.counters(), inTime, isComplete);
  }

  /** The number of the last trace that leaves. */
  #sendAll(): number {
    for (const traceIdHex of this.#heldRoots.ids()) this.#leaveEarly(traceIdHex);
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#sweep();
    return this.#lastNumber;
  }

  #flushExporter(timeoutMillis: number): Promise<boolean> {
    const { exporter } = this;
    if (typeof exporter.flush !== "function") return Promise.resolve(true);
    const { suppressTracing, timers } = this.#options;
    return settlesWithin(() => suppressTracing(() => exporter.flush?.()), timeoutMillis, timers);
  }

  /** Flushes, once, and gives up what is left when the time is over. */
  shutdown({ timeoutMillis = DEFAULT_SHUTDOWN_MILLIS }: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    this.#shutdown ??= this.#close(timeoutMillis);
    return this.#shutdown;
  }

  async #close(timeoutMillis: number): Promise<FlushResult> {
    const before = this.counters();
    const { clock, timers, suppressTracing } = this.#options;
    const deadline = clock.monotonicMillis() + timeoutMillis;
    const { status } = await this.flush({ timeoutMillis });
    this.#isShut = true;
    this.#stopTimers();
    this.#leaving.clear();
    this.#underWay.clear();
    this.#drain();
    const { exporter } = this;
    if (typeof exporter.shutdown === "function") {
      const left = Math.max(deadline - clock.monotonicMillis(), 0);
      await settlesWithin(() => suppressTracing(() => exporter.shutdown?.()), left, timers);
    }
    this.#watchers.tell();
    return resultSince(before, this.counters(), status !== "timeout", status === "flushed");
  }

  #loseLater(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#options.timers.yieldToLoop(() => {
      this.#isPumpDue = false;
      this.#drain();
    });
  }

  #drain(): void {
    this.#withCore((core) => {
      this.#options.commitStaged();
      core.drain(this.id, this.#isUseless ? "not_ready" : "shutdown");
    });
    this.#watchers.tell();
  }

  // --- page hide ----------------------------------------------------------------------------

  setHidden(onSpan: (() => void) | null): void {
    this.#onHiddenSpan = onSpan;
  }

  /** Requests of MLflow are not made for a page that goes away; they are started at least. */
  sendNow(): void {
    this.#sendAll();
    this.#pump();
    try {
      this.exporter.startNow?.();
    } catch (error) {
      this.#log.warn("internal", `${this.name}: ${shownText(String(error))}`);
    }
  }

  // --- the module ---------------------------------------------------------------------------

  get #core(): Core | null {
    if (this.#isDead) return null;
    const core = this.#options.core();
    if (core === null) return null;
    if (core.isDead) {
      this.moduleIsDead();
      return null;
    }
    this.#isReady = true;
    return core;
  }

  /** Calls into the module throw only when it is dead; that is found out here. */
  #withCore(call: (core: Core) => void): void {
    const core = this.#core;
    if (core === null) return;
    try {
      call(core);
    } catch (error) {
      if (this.#core !== null) this.#log.warn("internal", `${this.name}: ${shownText(String(error))}`);
    }
  }

  #refreshCounters(): void {
    this.#withCore((core) => {
      this.#options.commitStaged();
      this.#counters.refresh(core);
      this.#losses.tell(this.#counters.lastDropped, this.name, this.#log);
    });
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#heldRoots.clear();
  }
}

function reasonOf(outcome: Outcome): LossReason {
  if (outcome.status === "retryable") return "gave_up";
  const error: unknown = outcome.status === "failure" ? outcome.error : null;
  return error instanceof ExportError ? error.lossReason : "rejected";
}
