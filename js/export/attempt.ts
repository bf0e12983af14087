// One call of an exporter that may throw, reject, hang or answer nonsense.

import { ExportError } from "./export_error.js";
import type { Outcome, SpanBatch, SpanExporter } from "./exporter.js";
import type { Timers } from "./timers.js";

export async function attemptExport(
  exporter: SpanExporter,
  batch: SpanBatch,
  timeoutMillis: number,
  timers: Timers,
  suppressTracing: <T>(body: () => T) => T,
): Promise<Outcome> {
  let cancel = (): void => {};
  const timeout = new Promise<Outcome>((resolve) => {
    cancel = timers.schedule(() => {
      resolve(failed("the exporter did not settle in time", "unknown_outcome"));
    }, timeoutMillis);
  });
  try {
    // Our own requests never make spans.
    const exported = suppressTracing(() => exporter.export(batch));
    return checkedOutcome(await Promise.race([exported, timeout]));
  } catch (error) {
    return failed("the exporter threw", "rejected", error);
  } finally {
    cancel();
  }
}

function checkedOutcome(outcome: unknown): Outcome {
  const status = typeof outcome === "object" && outcome !== null && "status" in outcome ? outcome.status : undefined;
  if (status === "success" || status === "retryable" || status === "failure") return outcome as Outcome;
  return failed("the exporter gave no outcome", "rejected");
}

function failed(message: string, lossReason: ExportError["lossReason"], cause?: unknown): Outcome {
  return { status: "failure", error: new ExportError(message, { lossReason, cause }) };
}

/** Runs `body`, which may throw, reject or hang; true when it settled well and in time. */
export async function settlesWithin(body: () => unknown, timeoutMillis: number, timers: Timers): Promise<boolean> {
  let cancel = (): void => {};
  const timeout = new Promise<false>((resolve) => {
    cancel = timers.schedule(resolve.bind(null, false), timeoutMillis, true);
  });
  try {
    return await Promise.race([Promise.resolve(body()).then(() => true), timeout]);
  } catch {
    return false;
  } finally {
    cancel();
  }
}
