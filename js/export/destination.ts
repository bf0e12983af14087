// One exporter and the queue of the core that feeds it: when a batch leaves, how it is repeated,
// halved, settled and counted.
//
// The recorder calls noteRecord() for each ended span, so that does next to nothing. Everything else
// happens in tasks of its own: at most one batch is started in a task, so that the event loop is
// never held for longer than it takes to encode one.
//
// A receiver in trouble holds up the whole destination: one batch at a time is tried, the oldest
// first, until one is taken. Nothing here throws.

import type { Core, QueueLimits } from "../load/core.js";
import type { ExportPolicies } from "../load/export_core.js";
import { attemptExport, settlesWithin } from "./attempt.js";
import { CoreBatch } from "./core_batch.js";
import { CounterKeeper, type DestinationCounters } from "./destination_counters.js";
import { DEFAULT_BATCH, type AnyDestination, type BatchOptions, type DestinationOptions } from "./destination_options.js";
import type { Outcome, SpanExporter } from "./exporter.js";
import { resultSince, type FlushResult } from "./flush_result.js";
import { HeldRoots } from "./held_roots.js";
import { LogOnce, shownText } from "./log_once.js";
import { LossLog } from "./loss_log.js";
import { newFamily, Outbox, type OutgoingBatch } from "./outbox.js";
import type { SentNow } from "./otlp_http_sender.js";
import { rejectedOf, Settler } from "./settler.js";
import type { Timers } from "./timers.js";
import { Watchers } from "./watchers.js";

const DEFAULT_FLUSH_MILLIS = 30_000;
const DEFAULT_SHUTDOWN_MILLIS = 5_000;
/** What one task may take before the event loop gets its turn. */
const TASK_MILLIS = 2;
/** Of records, taken at once while a page goes away; compressed, 500 spans are about 26 kB. */
const HIDE_BYTES = 256 << 10;

export class Destination implements AnyDestination {
  readonly isForTraces = false;
  readonly id: number;
  readonly name: string;
  readonly exporter: SpanExporter;
  readonly #options: DestinationOptions;
  readonly #log: LogOnce;
  readonly #outbox = new Outbox();
  readonly #counters: CounterKeeper;
  readonly #losses = new LossLog();
  readonly #settler: Settler;
  #batch: BatchOptions;

  /** Spans the recorder has told of, ever; those in #waiting not added yet. */
  #notedBefore = 0;
  /** Spans told of since the queue was last looked at. */
  #waiting = 0;
  /** Reached by #waiting: the queue is worth a look. */
  #wakeAt = 1;
  #isPumpDue = false;
  /** Monotonic: until then further batches may start in the task under way. */
  #taskEndsAt = 0;
  #cancelTimer: (() => void) | null = null;
  #cancelPause: (() => void) | null = null;

  /** Spans taken from the queue, ever. */
  #taken = 0;
  /** Spans before this index leave without waiting for a full batch. */
  #mustLeave = 0;
  #isReady = false;
  #isDead = false;
  #isShut = false;
  #isHidden = false;
  #onHiddenSpan: (() => void) | null = null;
  readonly #watchers: Watchers;
  readonly #heldRoots: HeldRoots;
  #exporterFlush: Promise<boolean> | null = null;
  #shutdown: Promise<FlushResult> | null = null;

  constructor(options: DestinationOptions) {
    this.id = options.id;
    this.name = options.name;
    this.exporter = options.exporter;
    this.#options = options;
    this.#watchers = new Watchers(options.timers);
    this.#batch = { ...DEFAULT_BATCH, ...options.batch };
    this.#log = new LogOnce(options.logger, options.clock);
    this.#counters = new CounterKeeper(options.id, options.unreportedLosses ?? (() => []));
    this.#heldRoots = new HeldRoots(options.timers, (traceIdHex) => {
      this.#releaseTrace(traceIdHex);
    });
    this.#settler = new Settler(options, this.#outbox, this.#log);
  }

  // --- what the recorder and the module tell ------------------------------------------------

  /** For each ended span of this destination. */
  noteRecord(): void {
    if (++this.#waiting >= this.#wakeAt) this.#wake();
  }

  /** The root of a trace has ended, perhaps before some of its spans. */
  noteRootEnded({ hex }: { readonly hex: string }): void {
    if (this.#options.holdsTraces === true) this.#heldRoots.add(hex);
  }

  /** The trace is complete or gone: its timer is not needed. */
  noteTraceComplete({ hex }: { readonly hex: string }): void {
    this.#heldRoots.remove(hex);
  }

  /** Nothing more will come of the trace: what is held of it leaves. */
  noteTraceGone({ hex }: { readonly hex: string }): void {
    this.#heldRoots.remove(hex);
    this.#withCore((core) => {
      core.releaseTrace(this.id, hex);
    });
  }

  get limits(): QueueLimits {
    const { queueBytes, queueSpans } = this.#batch;
    return { maxBytes: queueBytes, maxSpans: queueSpans, holdsTraces: this.#options.holdsTraces === true };
  }

  /** The module is ready and has the queue `id` with our limits. */
  moduleIsReady(): void {
    if (this.#waiting > 0) this.#wake();
    this.#watchers.tell();
  }

  /** The module has stopped: what is not under way is lost. */
  moduleIsDead(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#outbox.clearWaiting();
    this.#stopTimers();
    this.#watchers.tell();
  }

  configure(batch: Partial<BatchOptions>): void {
    this.#batch = { ...this.#batch, ...batch };
    this.#withCore((core) => {
      core.setLimits(this.id, this.limits);
    });
  }

  counters(): DestinationCounters {
    if (this.#core !== null) this.#refreshCounters();
    const noted = this.#notedBefore + this.#waiting;
    if (this.#isDead) return this.#counters.afterDeath(noted, this.#outbox.underWaySpans);
    return this.#isReady ? this.#counters.whileAlive() : this.#counters.beforeReady(noted);
  }

  // --- when a batch leaves ------------------------------------------------------------------

  #wake(): void {
    if (this.#isShut) return this.#loseAsShutDown();
    if (this.#onHiddenSpan !== null) return this.#onHiddenSpan();
    const { maxSpans, delayMillis } = this.#batch;
    if (this.#waiting >= maxSpans) {
      this.#wakeAt = Infinity;
      this.#requestPump();
    } else {
      this.#wakeAt = maxSpans;
    }
    if (this.#taken === 0) this.exporter._spansWait?.();
    this.#cancelTimer ??= this.#options.timers.schedule(() => {
      this.#cancelTimer = null;
      this.#beginTask();
      this.#pump(true);
    }, delayMillis);
  }

  #requestPump(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#options.timers.yieldToLoop(() => {
      this.#isPumpDue = false;
      this.#beginTask();
      this.#pump(false);
    });
  }

  #beginTask(): void {
    this.#taskEndsAt = this.#options.clock.monotonicMillis() + TASK_MILLIS;
  }

  /** One step: starts at most one batch, and asks for the next step if it did. */
  #pump(takesAll: boolean): void {
    const core = this.#core;
    const policies = this.#options.policies();
    if (core === null || policies === null || this.#isShut) return;
    const now = this.#options.clock.monotonicMillis();
    this.#guarded(() => {
      const ready = this.#lookAtQueue(core);
      if (takesAll) this.#mustLeave = this.#taken + ready;
      if (now < this.#settler.pausedUntil) return this.#wakeAfterPause(this.#settler.pausedUntil - now);
      if (this.#outbox.underWayCount >= this.#concurrency) return;
      const batch = this.#outbox.nextWaiting() ?? this.#take(core, ready);
      if (batch === null) return this.#waitForMore(ready);
      this.#start(batch, core, policies, now);
      this.#requestPump();
    });
  }

  /** Commits what is staged; spans that are ready. */
  #lookAtQueue(core: Core): number {
    this.#options.commitStaged();
    this.#notedBefore += this.#waiting;
    this.#waiting = 0;
    this.#wakeAt = 1;
    return core.readySpans(this.id);
  }

  #take(core: Core, ready: number): OutgoingBatch | null {
    const { maxSpans, maxBytes } = this.#batch;
    if (ready === 0 || (ready < maxSpans && this.#taken >= this.#mustLeave)) return null;
    return this.#adopt(core, core.takeBatch(this.id, maxSpans, maxBytes));
  }

  #adopt(core: Core, id: number): OutgoingBatch | null {
    if (id === 0) return null;
    const spanCount = core.batchSpanCount(this.id, id);
    const batch = { id, spanCount, firstIndex: this.#taken, family: newFamily(spanCount), attempts: 0, firstAttemptAt: -1 };
    this.#taken += spanCount;
    return batch;
  }

  /** Fewer spans than a batch are left: they wait for company, or for the timer. */
  #waitForMore(ready: number): void {
    if (ready === 0) {
      this.#cancelTimer?.();
      this.#cancelTimer = null;
      return;
    }
    this.#notedBefore -= ready;
    this.#waiting += ready;
    this.#wake();
  }

  #wakeAfterPause(millis: number): void {
    this.#cancelPause ??= this.#options.timers.schedule(() => {
      this.#cancelPause = null;
      this.#pump(false);
    }, millis);
  }

  get #concurrency(): number {
    const { exporter } = this;
    const wanted = "concurrency" in exporter && typeof exporter.concurrency === "number" ? exporter.concurrency : 1;
    return this.#settler.isTroubled ? 1 : wanted;
  }

  // --- one batch ----------------------------------------------------------------------------

  #start(batch: OutgoingBatch, core: Core, policies: ExportPolicies, now: number): void {
    if (batch.firstAttemptAt < 0) batch.firstAttemptAt = now;
    batch.attempts++;
    batch.family.requestsLeft--;
    const view = new CoreBatch(core, policies, this.id, batch.id, this.#options.spansFromRecords);
    this.#outbox.start(batch);
    const { timers, suppressTracing } = this.#options;
    void attemptExport(this.exporter, view, this.#exportTimeout, timers, suppressTracing).then((outcome) => {
      this.#settle(batch, view, outcome);
    });
  }

  get #exportTimeout(): number {
    const { exporter } = this;
    const asked = this.#options.exportTimeoutMillis ?? DEFAULT_FLUSH_MILLIS;
    const own = "longestExportMillis" in exporter ? Number(exporter.longestExportMillis) : 0;
    return own > asked ? own : asked;
  }

  #settle(batch: OutgoingBatch, view: CoreBatch, outcome: Outcome): void {
    view._close();
    if (!this.#outbox.finish(batch)) return;
    const core = this.#core;
    if (core === null) {
      if (outcome.status === "success") this.#counters.addDelivered(batch.spanCount, rejectedOf(outcome, batch.spanCount));
    } else {
      this.#guarded(() => {
        this.#settler.settle(core, batch, outcome);
        this.#refreshCounters();
      });
    }
    this.#watchers.tell();
    if (this.#isHidden) this.#onHiddenSpan?.();
    // An exporter that settles at once gets its next batch in the same task, while that is short.
    else if (this.#options.clock.monotonicMillis() < this.#taskEndsAt) this.#pump(false);
    else this.#requestPump();
  }

  // --- flush and shutdown -------------------------------------------------------------------

  /**
   * Waits until everything that ended before the call is settled, batches under way included, then
   * for the exporter's own flush. Never rejects.
   */
  async flush({ timeoutMillis = DEFAULT_FLUSH_MILLIS }: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    const before = this.counters();
    const { clock, timers } = this.#options;
    const deadline = clock.monotonicMillis() + timeoutMillis;
    let target = -1;
    const isSettled = (): boolean => {
      if (this.#isDead || this.#isShut) return true;
      const core = this.#core;
      if (core === null) return this.#notedBefore + this.#waiting === 0;
      if (target < 0) target = this.#sendAll(core);
      return this.#taken >= target && this.#outbox.isClearBefore(target);
    };
    const inTime = await this.#watchers.until(isSettled, timeoutMillis);
    const flushed =
      inTime && !this.#isDead && (await this.#flushExporter(Math.max(deadline - clock.monotonicMillis(), 0), timers));
    return resultSince(before, this.counters(), inTime, flushed);
  }

  /** Everything that has ended leaves now; the index before which it stands. */
  #sendAll(core: Core): number {
    for (const traceId of this.#heldRoots.ids()) this.#releaseTrace(traceId);
    let target = this.#taken;
    this.#guarded(() => {
      target += this.#lookAtQueue(core);
    });
    this.#mustLeave = Math.max(this.#mustLeave, target);
    this.#beginTask();
    this.#pump(true);
    return target;
  }

  /** Concurrent flushes share one call of the exporter's flush. */
  #flushExporter(timeoutMillis: number, timers: Timers): Promise<boolean> {
    const { exporter } = this;
    if (typeof exporter.flush !== "function") return Promise.resolve(true);
    this.#exporterFlush ??= settlesWithin(
      () => this.#options.suppressTracing(() => exporter.flush?.()),
      timeoutMillis,
      timers,
    ).finally(() => {
      this.#exporterFlush = null;
    });
    return this.#exporterFlush;
  }

  /** Flushes, once, and gives up what is left when the time is over. Later calls get the same answer. */
  shutdown({ timeoutMillis = DEFAULT_SHUTDOWN_MILLIS }: { timeoutMillis?: number } = {}): Promise<FlushResult> {
    this.#shutdown ??= this.#close(timeoutMillis);
    return this.#shutdown;
  }

  async #close(timeoutMillis: number): Promise<FlushResult> {
    const before = this.counters();
    const { clock, timers, suppressTracing } = this.#options;
    const deadline = clock.monotonicMillis() + timeoutMillis;
    this.#withCore((core) => {
      core.releaseAllTraces(this.id);
    });
    // One more attempt at once: there is no later.
    this.#settler.pausedUntil = 0;
    const { status } = await this.flush({ timeoutMillis });
    this.#isShut = true;
    this.#stopTimers();
    this.#outbox.clear();
    this.#withCore((core) => {
      this.#options.commitStaged();
      core.drain(this.id, "shutdown");
    });
    const { exporter } = this;
    const left = Math.max(deadline - clock.monotonicMillis(), 0);
    if (typeof exporter.shutdown === "function") {
      await settlesWithin(() => suppressTracing(() => exporter.shutdown?.()), left, timers);
    }
    this.#watchers.tell();
    return resultSince(before, this.counters(), status !== "timeout", status === "flushed");
  }

  #loseAsShutDown(): void {
    this.#wakeAt = Infinity;
    this.#options.timers.yieldToLoop(() => {
      this.#withCore((core) => {
        this.#lookAtQueue(core);
        core.drain(this.id, "shutdown");
      });
    });
  }

  // --- page hide ----------------------------------------------------------------------------

  /**
   * The page is hidden: every span that ends from now on is announced at once, and batches leave by
   * sendNow() alone. Null: the page is back.
   */
  setHidden(onSpan: (() => void) | null): void {
    this.#isHidden = onSpan !== null;
    this.#onHiddenSpan = onSpan;
    this.#wakeAt = 1;
    if (onSpan === null) this.#requestPump();
  }

  /** Starts requests for all that waits, as far as there is room for them, before it returns. */
  sendNow(send: (batch: CoreBatch) => SentNow): void {
    const core = this.#core;
    const policies = this.#options.policies();
    if (core === null || policies === null || this.#isShut) return;
    this.#guarded(() => {
      this.#lookAtQueue(core);
      for (;;) {
        const batch = this.#outbox.nextWaiting() ?? this.#adopt(core, core.takeBatch(this.id, this.#batch.maxSpans, HIDE_BYTES));
        if (batch === null) return;
        if (!this.#sendOneNow(batch, core, policies, send)) return;
      }
    });
  }

  #sendOneNow(batch: OutgoingBatch, core: Core, policies: ExportPolicies, send: (batch: CoreBatch) => SentNow): boolean {
    const view = new CoreBatch(core, policies, this.id, batch.id, this.#options.spansFromRecords);
    const sent = sendQuietly(send, view);
    if (sent.kind === "sent") {
      batch.attempts++;
      if (batch.firstAttemptAt < 0) batch.firstAttemptAt = this.#options.clock.monotonicMillis();
      this.#outbox.start(batch);
      void sent.outcome.then((outcome) => {
        this.#settle(batch, view, outcome);
      });
      return true;
    }
    view._close();
    const halves = sent.kind === "halve" ? core.splitBatch(this.id, batch.id) : null;
    if (halves === null) {
      this.#outbox.waitFirst([batch]);
      return false;
    }
    this.#outbox.waitFirst(halves.map((id) => ({ ...batch, id, spanCount: core.batchSpanCount(this.id, id) })));
    return true;
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

  #withCore(call: (core: Core) => void): void {
    const core = this.#core;
    if (core !== null) {
      this.#guarded(() => {
        call(core);
      });
    }
  }

  /** Calls into the module throw only when it is dead; that is found out here. */
  #guarded(call: () => void): void {
    try {
      call();
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

  #releaseTrace(traceIdHex: string): void {
    this.#heldRoots.remove(traceIdHex);
    this.#withCore((core) => {
      this.#options.commitStaged();
      core.releaseTrace(this.id, traceIdHex);
      this.#requestPump();
    });
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.#cancelPause?.();
    this.#cancelTimer = this.#cancelPause = null;
    this.#heldRoots.clear();
  }
}

/** A batch that cannot be encoded now stays for later. */
function sendQuietly(send: (batch: CoreBatch) => SentNow, batch: CoreBatch): SentNow {
  try {
    return send(batch);
  } catch {
    return { kind: "no_room" };
  }
}
