import { totalOf, type DestinationCounters } from "./destination_counters.js";

export interface FlushResult {
  /** `flushed`: all delivered. `timeout`: something is still pending. `failed`: something was lost. */
  status: "flushed" | "timeout" | "failed";
  /** Spans since the call began. */
  delivered: number;
  dropped: number;
  /** Spans that are still on their way. */
  pending: number;
}

/** Several destinations as one: the worst status, the sums. */
export function combineResults(results: readonly FlushResult[]): FlushResult {
  const sum: FlushResult = { status: "flushed", delivered: 0, dropped: 0, pending: 0 };
  for (const { status, delivered, dropped, pending } of results) {
    if (status === "timeout" || sum.status === "flushed") sum.status = status;
    sum.delivered += delivered;
    sum.dropped += dropped;
    sum.pending += pending;
  }
  return sum;
}

/** What has come of a flush of one destination. `isComplete`: nothing that was there is still there. */
export function resultSince(
  before: DestinationCounters,
  after: DestinationCounters,
  inTime: boolean,
  isComplete: boolean,
): FlushResult {
  const delivered = after.delivered - before.delivered;
  const dropped = totalOf(after.dropped) - totalOf(before.dropped);
  const status = !inTime ? "timeout" : isComplete && dropped === 0 ? "flushed" : "failed";
  return { status, delivered, dropped, pending: after.pending };
}
