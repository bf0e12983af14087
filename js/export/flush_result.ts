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
