// The batches of one destination that have left the queue and are not settled: under way, or waiting
// for their next attempt. Remembers in which order they were taken, so that a flush knows when
// everything before it has gone.

export interface OutgoingBatch {
  /** The core's number. */
  readonly id: number;
  readonly spanCount: number;
  /** Spans taken from the queue before this batch. */
  readonly firstIndex: number;
  readonly family: SplitFamily;
  attempts: number;
  /** Monotonic; −1 before the first attempt. */
  firstAttemptAt: number;
}

/**
 * A batch and what it was split into. One bad span is found with 2·log₂(n) requests; a receiver that
 * refuses everything must not be asked 2·n times, so the requests of a family are limited.
 */
export interface SplitFamily {
  requestsLeft: number;
  hasDelivered: boolean;
}

export function newFamily(spanCount: number): SplitFamily {
  return { requestsLeft: 4 * Math.ceil(Math.log2(Math.max(spanCount, 2))) + 4, hasDelivered: false };
}

export class Outbox {
  readonly #underWay = new Set<OutgoingBatch>();
  /** In the order in which they leave. */
  readonly #waiting: OutgoingBatch[] = [];

  get underWayCount(): number {
    return this.#underWay.size;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get underWaySpans(): number {
    let spans = 0;
    for (const batch of this.#underWay) spans += batch.spanCount;
    return spans;
  }

  start(batch: OutgoingBatch): void {
    this.#underWay.add(batch);
  }

  /** False when the batch is not under way any more: its answer came too late. */
  finish(batch: OutgoingBatch): boolean {
    return this.#underWay.delete(batch);
  }

  /** Behind older batches, before younger ones. */
  wait(batch: OutgoingBatch): void {
    const place = this.#waiting.findIndex((other) => other.firstIndex > batch.firstIndex);
    if (place < 0) this.#waiting.push(batch);
    else this.#waiting.splice(place, 0, batch);
  }

  /** Halves leave before anything else. */
  waitFirst(batches: readonly OutgoingBatch[]): void {
    this.#waiting.unshift(...batches);
  }

  nextWaiting(): OutgoingBatch | undefined {
    return this.#waiting.shift();
  }

  /** Nothing that was taken before `index` is left. */
  isClearBefore(index: number): boolean {
    for (const batch of this.#underWay) if (batch.firstIndex < index) return false;
    return this.#waiting.every((batch) => batch.firstIndex >= index);
  }

  clear(): void {
    this.#underWay.clear();
    this.#waiting.length = 0;
  }

  clearWaiting(): void {
    this.#waiting.length = 0;
  }
}
