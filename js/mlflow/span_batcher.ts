// Spans on their way to a table, gathered into batches by number and time.
//
// When a batch is full or due, and who shares it, is decided in the core
// (src/exporting/span_batcher.h); here are the spans, the timer and the queue that the batches go
// to, one task for each location. A full batch is taken before the running code returns to the
// event loop (in a microtask), so spans that are added together are taken together.

import { systemTimers, type Timers } from "../export/timers.js";
import type { LossReason } from "../load/core.js";
import { ModulePart } from "../load/module_part.js";
import { SpanBatcherCore } from "../load/queue_core.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import type { Logger } from "../tracing/runtime.js";
import type { Span } from "../tracing/span.js";
import { safeText } from "../tracing/values.js";
import type { AsyncExportQueue } from "./async_export_queue.js";
import { processExitHooks, type ExitHooks } from "./exit_hooks.js";
import { MAX_INTERVAL_MILLIS, MAX_SPAN_BATCH_SIZE, settingOf } from "./queue_settings.js";
import { messageOf, quietLogger } from "./quiet_logger.js";
import { Task } from "./task.js";

export interface SpanBatcherOptions {
  /** Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_SPAN_BATCH_SIZE, else 10. 0 and 1: no batching. */
  maxBatchSize?: number | undefined;
  /** Default: MLFLOW_ASYNC_TRACE_LOGGING_MAX_INTERVAL_MILLIS, else 5000. */
  intervalMillis?: number | undefined;
  logger?: Logger | undefined;
  clock?: Clock | undefined;
  timers?: Timers | undefined;
  exitHooks?: ExitHooks | undefined;
  /** Spans that will never be handed to `logSpans`. */
  onDropped?: ((spanCount: number, reason: LossReason, spans: readonly Span[]) => void) | undefined;
}

export type LogSpans = (location: string, spans: readonly Span[]) => Promise<unknown>;

const FAILED = "Failed to export batch of spans.";
/** Spans that are kept before there is a module. */
const MAX_EARLY_SPANS = 1000;

interface WaitingSpan {
  readonly location: string;
  readonly span: Span;
}

export class SpanBatcher {
  readonly #queue: AsyncExportQueue;
  readonly #logSpans: LogSpans;
  readonly #maxBatchSize: number;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #exitHooks: ExitHooks;
  readonly #onDropped: SpanBatcherOptions["onDropped"];
  readonly #part: ModulePart<SpanBatcherCore>;
  /** By the number the core knows them by. */
  readonly #spans = new Map<number, WaitingSpan>();
  #lastNumber = 0;
  #isTakeDue = false;
  #cancelTimer: (() => void) | null = null;
  #shutdown: Promise<void> | null = null;
  #dropped = 0;
  #removeHook: (() => void) | null = null;

  constructor(queue: AsyncExportQueue, logSpans: LogSpans, options: SpanBatcherOptions = {}) {
    const logger = quietLogger(options.logger);
    const maxBatchSize = settingOf(MAX_SPAN_BATCH_SIZE, options.maxBatchSize, logger);
    const intervalMillis = settingOf(MAX_INTERVAL_MILLIS, options.intervalMillis, logger);
    this.#queue = queue;
    this.#logSpans = logSpans;
    this.#maxBatchSize = maxBatchSize;
    this.#logger = logger;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#exitHooks = options.exitHooks ?? processExitHooks;
    this.#onDropped = options.onDropped;
    this.#part = new ModulePart({
      make: (handover) => new SpanBatcherCore(handover, maxBatchSize, intervalMillis),
      onLost: (reason) => {
        this.#lost(reason);
      },
    });
    this.#registerHook();
    logger.debug(`spans go out in batches of at most ${String(maxBatchSize)}, after ${String(intervalMillis)} ms at the latest`);
  }

  /** Never throws. After shutdown() the span is dropped and counted, unless batches hold one span. */
  addSpan(location: string, span: Span): void {
    if (this.#shutdown !== null) return this.#addLate(location, span);
    this.#registerHook();
    this.#arm();
    if (this.#part.isEarly && this.#part.earlyCalls >= MAX_EARLY_SPANS) return this.#drop([span], "queue_full");
    const waiting = { location: safeText(location), span };
    this.#part.use(
      (core) => {
        this.#add(core, waiting);
      },
      (reason) => {
        this.#drop([span], reason);
      },
    );
  }

  /** What waits goes to the queue now; the batcher stays usable. Never rejects. */
  async flush(): Promise<void> {
    if (this.#shutdown !== null) return await this.#shutdown;
    await this.#useAll((core) => {
      this.#take(core, true);
    });
  }

  /** As flush(), and spans that come later are dropped. Never rejects; twice is fine. */
  async shutdown(): Promise<void> {
    await (this.#shutdown ??= this.#stop());
  }

  /** Spans that came too late, for which the queue had no room, or that went with the module. */
  get droppedCount(): number {
    return this.#dropped;
  }

  // --- spans --------------------------------------------------------------------------------

  #add(core: SpanBatcherCore, waiting: WaitingSpan): void {
    const number = (this.#lastNumber = (this.#lastNumber + 1) >>> 0);
    const advice = core.add(waiting.location, number, this.#clock.monotonicMillis());
    if (advice === "send_alone") return this.#send(waiting.location, [waiting.span]);
    if (advice === "dropped") return this.#drop([waiting.span], "shutdown");
    this.#spans.set(number, waiting);
    if (advice === "take_now") this.#take(core, false);
    else if (advice === "take_soon") this.#takeSoon();
    else if (this.#cancelTimer === null) this.#setTimer(core);
  }

  #addLate(location: string, span: Span): void {
    if (this.#maxBatchSize <= 1) this.#send(safeText(location), [span]);
    else this.#drop([span], "shutdown");
  }

  #takeSoon(): void {
    if (this.#isTakeDue) return;
    this.#isTakeDue = true;
    queueMicrotask(() => {
      this.#isTakeDue = false;
      if (this.#spans.size === 0) return;
      this.#part.use(
        (core) => {
          this.#take(core, false);
        },
        () => undefined,
      );
    });
  }

  #take(core: SpanBatcherCore, all: boolean): void {
    this.#sendGroups(core.take(all, this.#clock.monotonicMillis()));
    this.#setTimer(core);
  }

  #sendGroups(groups: readonly number[][]): void {
    for (const numbers of groups) {
      const spans: Span[] = [];
      let location = "";
      for (const number of numbers) {
        const waiting = this.#spans.get(number);
        if (waiting === undefined) continue;
        this.#spans.delete(number);
        location = waiting.location;
        spans.push(waiting.span);
      }
      if (spans.length > 0) this.#send(location, spans);
    }
  }

  #send(location: string, spans: readonly Span[]): void {
    const onDropped = (reason: LossReason): void => {
      this.#drop(spans, reason);
    };
    try {
      this.#queue.put(new Task(this.#logSpans, [location, spans], FAILED, onDropped));
    } catch {
      // not a queue of ours: those never throw
      onDropped("gave_up");
    }
  }

  /** The interval begins anew with each take, and with the first span after it. */
  #setTimer(core: SpanBatcherCore): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const millis = core.millisUntilDue(this.#clock.monotonicMillis());
    if (millis === null) return;
    this.#cancelTimer = this.#timers.schedule(() => {
      this.#cancelTimer = null;
      this.#part.use(
        (present) => {
          this.#take(present, true);
        },
        () => undefined,
      );
    }, millis);
  }

  #drop(spans: readonly Span[], reason: LossReason): void {
    this.#dropped += spans.length;
    try {
      this.#onDropped?.(spans.length, reason, spans);
    } catch (error) {
      this.#logger.debug(`who is told of dropped spans failed: ${messageOf(error)}`);
    }
  }

  // --- end ----------------------------------------------------------------------------------

  async #stop(): Promise<void> {
    this.#removeHook?.();
    this.#removeHook = null;
    await this.#useAll((core) => {
      this.#sendGroups(core.stop());
      this.#free();
    });
    this.#free();
  }

  #free(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#part.release((core) => {
      core.free();
    });
  }

  /** Runs `call` where anything waits; resolves when that is done, or a module does not come. */
  async #useAll(call: (core: SpanBatcherCore) => void): Promise<void> {
    if (this.#spans.size === 0 && this.#part.earlyCalls === 0) return;
    // Calls that are kept are bounded; a flush that is not leaves the spans to their interval.
    if (this.#part.earlyCalls < 2 * MAX_EARLY_SPANS) this.#part.use(call, () => undefined);
    await this.#part.ready(this.#timers);
  }

  #lost(reason: LossReason): void {
    const spans = [...this.#spans.values()].map(({ span }) => span);
    this.#spans.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (spans.length > 0) this.#drop(spans, reason);
  }

  #registerHook(): void {
    try {
      this.#removeHook ??= this.#exitHooks.register(async () => {
        // The process may yet go on: other hooks still deliver spans. So nothing is shut down here, and
        // a span that comes later registers anew.
        this.#removeHook = null;
        if (!this.#part.isEarly) await this.flush();
      });
    } catch {
      // then the end of the process is not watched
    }
  }

  #arm(): void {
    try {
      this.#exitHooks.arm?.();
    } catch {
      // as above
    }
  }
}
