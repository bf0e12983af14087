// Queues of export tasks and batchers of spans in the loaded module (wasm/queue_bindings.cpp).
// Numbers cross; tasks and spans stay here. Every function may throw TraceError.

import type { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

/** In the order of TaskQueue::PutOutcome in src/exporting/task_queue.h. */
const PUT_OUTCOMES = ["accepted", "staged", "dropped", "dropped_loudly"] as const;
export type PutOutcome = (typeof PUT_OUTCOMES)[number];

/** In the order of TaskQueue::State. */
const QUEUE_STATES = ["inactive", "active", "stopping", "terminated"] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/** In the order of SpanBatcher::Advice in src/exporting/span_batcher.h. */
const BATCH_ADVICE = ["wait", "send_alone", "take_soon", "take_now", "dropped"] as const;
export type BatchAdvice = (typeof BATCH_ADVICE)[number];

interface QueueBindings extends RawModule {
  makeTaskQueue(capacity: number, workers: number, lastWarningMillis: number): number;
  freeTaskQueue(queue: number): void;
  taskQueuePut(queue: number, task: number, now: number): number;
  taskQueueActivate(queue: number): void;
  taskQueueNext(queue: number): number;
  taskQueueDone(queue: number, task: number): number;
  taskQueueFlush(queue: number, terminate: boolean): number;
  taskQueueState(queue: number): number;
  makeSpanBatcher(maxBatchSize: number, intervalMillis: number): number;
  freeSpanBatcher(batcher: number): void;
  spanBatcherAdd(batcher: number, locationLength: number, item: number, now: number): number;
  spanBatcherMillisUntilDue(batcher: number, now: number): number;
  spanBatcherTake(batcher: number, all: boolean, now: number): number;
  spanBatcherStop(batcher: number): number;
  queueAndBatcherCount(): number;
}

/** Queues and batchers that were made and not freed. */
export function queueAndBatcherCount(handover: Handover): number {
  handover.need("queueAndBatcherCount");
  return handover.guard((raw) => (raw as QueueBindings).queueAndBatcherCount());
}

/** Times are milliseconds of a monotonic clock; tasks are numbers from 1 to 2³² − 1. */
export class TaskQueueCore {
  readonly #handover: Handover;
  readonly #queue: number;

  /** `lastWarningMillis`: when the queue this one replaces last warned of drops; −1: never. */
  constructor(handover: Handover, capacity: number, workers: number, lastWarningMillis: number) {
    handover.need("makeTaskQueue");
    this.#handover = handover;
    this.#queue = this.#call((raw) => raw.makeTaskQueue(capacity, workers, lastWarningMillis));
  }

  put(task: number, now: number): PutOutcome {
    return PUT_OUTCOMES[this.#call((raw) => raw.taskQueuePut(this.#queue, task, now))] ?? "dropped";
  }

  activate(): void {
    this.#call((raw) => {
      raw.taskQueueActivate(this.#queue);
    });
  }

  /** The task that is to run now; 0: none, or no worker is free. */
  next(): number {
    return this.#call((raw) => raw.taskQueueNext(this.#queue)) >>> 0;
  }

  /** True: a flush is over with this task. */
  done(task: number): boolean {
    return this.#call((raw) => raw.taskQueueDone(this.#queue, task)) === 1;
  }

  /** False: the flush is over already. */
  flush(terminate: boolean): boolean {
    return this.#call((raw) => raw.taskQueueFlush(this.#queue, terminate)) === 1;
  }

  get state(): QueueState {
    return QUEUE_STATES[this.#call((raw) => raw.taskQueueState(this.#queue))] ?? "inactive";
  }

  /** Later calls do nothing. */
  free(): void {
    this.#call((raw) => {
      raw.freeTaskQueue(this.#queue);
    });
  }

  #call<T>(call: (raw: QueueBindings) => T): T {
    return this.#handover.guard((raw) => call(raw as QueueBindings));
  }
}

export class SpanBatcherCore {
  readonly #handover: Handover;
  readonly #batcher: number;

  constructor(handover: Handover, maxBatchSize: number, intervalMillis: number) {
    handover.need("makeSpanBatcher");
    this.#handover = handover;
    this.#batcher = this.#call((raw) => raw.makeSpanBatcher(maxBatchSize, intervalMillis));
  }

  add(location: string, item: number, now: number): BatchAdvice {
    const advice = this.#call((raw) => raw.spanBatcherAdd(this.#batcher, this.#handover.putText(location), item, now));
    return BATCH_ADVICE[advice] ?? "dropped";
  }

  /** Until everything is to be taken; null: nothing waits. */
  millisUntilDue(now: number): number | null {
    const millis = this.#call((raw) => raw.spanBatcherMillisUntilDue(this.#batcher, now));
    return millis < 0 ? null : millis;
  }

  /** The items of full batches, or of all, in groups of one location each. */
  take(all: boolean, now: number): number[][] {
    return this.#groups((raw) => raw.spanBatcherTake(this.#batcher, all, now));
  }

  /** The rest; what is added later is dropped, unless it is sent alone. */
  stop(): number[][] {
    return this.#groups((raw) => raw.spanBatcherStop(this.#batcher));
  }

  free(): void {
    this.#call((raw) => {
      raw.freeSpanBatcher(this.#batcher);
    });
  }

  #groups(call: (raw: QueueBindings) => number): number[][] {
    const bytes = this.#call((raw) => this.#handover.takeBytes(call(raw)));
    const words = new Uint32Array(bytes.buffer);
    const groups: number[][] = [];
    for (let at = 0; at < words.length;) {
      const end = at + 1 + (words[at] ?? 0);
      groups.push([...words.subarray(at + 1, end)]);
      at = end;
    }
    return groups;
  }

  #call<T>(call: (raw: QueueBindings) => T): T {
    return this.#handover.guard((raw) => call(raw as QueueBindings));
  }
}
