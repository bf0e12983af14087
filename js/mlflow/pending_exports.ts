// Traces on their way to a server. MLflow's SDK sends them before end() returns; here end() never waits, so that who asks
// the server for such a trace a moment later waits instead.

const underWay = new Map<string, Promise<unknown>>();

/** `work` never rejects. */
export function exportStarted(traceId: string, work: Promise<unknown>): void {
  underWay.set(traceId, work);
  void work.then(() => {
    if (underWay.get(traceId) === work) underWay.delete(traceId);
  });
}

/** Resolves when the trace has been delivered or lost; at once where it is not under way. */
export async function exportOf(traceId: string): Promise<void> {
  await underWay.get(traceId);
}
