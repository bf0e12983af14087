// An MLflow exporter through init() and a client, on a server that a test makes misbehave.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import { flushTraces, init, MlflowExporter, stats, TracingClient, withSpan } from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { FakeClock } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { answer, closeScriptServers, ScriptServer, type Reply } from "../mlflow/script_server.js";
import { logger } from "./trace_harness.js";

export const clock = new FakeClock();
export let server: ScriptServer;

/** To be called by a test file. */
export function prepareFaults(): void {
  beforeAll(async () => {
    tracer().clock = clock;
    await init({ exporter: "none", logger });
    server = await ScriptServer.start();
  });
  beforeEach(() => {
    logger.lines.length = 0;
    server.asked.length = 0;
  });
  afterEach(() => {
    for (const { produced, delivered, pending, dropped } of Object.values(stats().destinations))
      expect(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(produced);
  });
  afterAll(async () => {
    (tracer().observer as TraceKeeper | null)?.stop();
    await closeScriptServers();
  });
}

/** A server that takes everything, but for what `reply` answers itself. */
export function healthyBut(reply: (path: string) => Reply | null): Reply {
  return (response, asked, count) => {
    const own = reply(asked.path);
    if (own !== null) return own(response, asked, count);
    if (asked.path !== "/api/3.0/mlflow/traces") return answer("")(response, asked, count);
    const { trace } = JSON.parse(asked.body.toString()) as { trace: { trace_info: { tags?: Record<string, string> } } };
    trace.trace_info.tags = { ...trace.trace_info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" };
    return answer({ trace })(response, asked, count);
  };
}

/** Traces go to `url` from now on; a request is tried twice, without a wait. */
export async function use(url = server.url): Promise<void> {
  const client = new TracingClient({
    trackingUri: url,
    logger,
    retry: { maxRetries: 1, backoffFactor: 0, backoffJitter: 0 },
    timeoutMillis: 300,
  });
  await init({ exporter: new MlflowExporter({ client, logger, async: true }), logger });
}

/** Three traces; what the traced code sees is its own. */
export async function threeTraces(): Promise<void> {
  for (let i = 0; i < 3; i++) expect(withSpan({ name: "work" }, () => i)).toBe(i);
  await flushTraces();
}

export const hangs: Reply = () => undefined;
export const breaks: Reply = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
  response.write('{"trace": {');
  response.destroy();
};
