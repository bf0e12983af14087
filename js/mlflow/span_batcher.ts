// Spans on their way to a table, gathered into batches by number and time.

import { systemTimers, type Timers } from "../export/timers.js";
import type { LossReason } from "../load/core.js";
import type { Clock } from "../tracing/clock.js";
import type { Logger } from "../tracing/runtime.js";
import type { Span } from "../tracing/span.js";
import type { AsyncExportQueue } from "./async_export_queue.js";
import { processExitHooks, type ExitHooks } from "./exit_hooks.js";
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
  onDropped?: ((spanCount: number, reason: LossReason) => void) | undefined;
}

export type LogSpans = (location: string, spans: readonly Span[]) => Promise<unknown>;

export class SpanBatcher {
  readonly #queue: AsyncExportQueue;
  readonly #logSpans: LogSpans;
  readonly #size: number;
  readonly #intervalMillis: number;
  readonly #timers: Timers;
  #waiting: [location: string, span: Span][] = [];
  #cancelTimer: (() => void) | null = null;
  #isStopped = false;
  #dropped = 0;

  constructor(queue: AsyncExportQueue, logSpans: LogSpans, options: SpanBatcherOptions = {}) {
    this.#queue = queue;
    this.#logSpans = logSpans;
    this.#size = options.maxBatchSize ?? 10;
    this.#intervalMillis = options.intervalMillis ?? 5000;
    this.#timers = options.timers ?? systemTimers;
    (options.exitHooks ?? processExitHooks).register(() => this.shutdown());
  }

  /** Never throws. After shutdown() the span is dropped and counted. */
  addSpan(location: string, span: Span): void {
    if (this.#size <= 1) return this.#export(location, [span]);
    if (this.#isStopped) {
      this.#dropped++;
      return;
    }
    this.#waiting.push([location, span]);
    if (this.#waiting.length >= this.#size) this.#consume();
    this.#cancelTimer ??= this.#timers.schedule(() => {
      this.#cancelTimer = null;
      this.#consume();
    }, this.#intervalMillis);
  }

  /** What waits goes to the queue now; the batcher stays usable. */
  flush(): Promise<void> {
    this.#consume();
    return Promise.resolve();
  }

  /** As flush(), and spans that come later are dropped. Never rejects; twice is fine. */
  async shutdown(): Promise<void> {
    await this.flush();
    this.#isStopped = true;
  }

  /** Spans that came too late or for which the queue had no room. */
  get droppedCount(): number {
    return this.#dropped;
  }

  #consume(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    while (this.#waiting.length > 0) {
      const byLocation = new Map<string, Span[]>();
      for (const [location, span] of this.#waiting.splice(0, this.#size)) {
        const spans = byLocation.get(location);
        if (spans === undefined) byLocation.set(location, [span]);
        else spans.push(span);
      }
      for (const [location, spans] of byLocation) this.#export(location, spans);
    }
  }

  #export(location: string, spans: readonly Span[]): void {
    this.#queue.put(new Task(this.#logSpans, [location, spans], "Failed to export batch of spans."));
  }
}
