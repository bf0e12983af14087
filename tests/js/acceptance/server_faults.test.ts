// exporter: "mlflow" against a server that misbehaves: the traced code is unaffected, each kind of
// trouble is one clear message, and every span is counted.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  flushTraces,
  init,
  MlflowExporter,
  startSpan,
  stats,
  TracingClient,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import { answer, closeScriptServers, ScriptServer, type Reply } from "../mlflow/script_server.js";
import { FakeClock } from "../../../js/testing/index.js";
import { account, logger, root } from "./trace_harness.js";

const clock = new FakeClock();
let server: ScriptServer;

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

/** A server that takes everything, but for what `reply` answers itself. */
function healthyBut(reply: (path: string) => Reply | null): Reply {
  return (response, asked, count) => {
    const own = reply(asked.path);
    if (own !== null) return own(response, asked, count);
    if (asked.path !== "/api/3.0/mlflow/traces") return answer("")(response, asked, count);
    const { trace } = JSON.parse(asked.body.toString()) as { trace: { trace_info: { tags?: Record<string, string> } } };
    trace.trace_info.tags = { ...trace.trace_info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" };
    return answer({ trace })(response, asked, count);
  };
}

async function use(url = server.url): Promise<void> {
  const client = new TracingClient({
    trackingUri: url,
    logger,
    retry: { maxRetries: 1, backoffFactor: 0, backoffJitter: 0 },
    timeoutMillis: 300,
  });
  await init({ exporter: new MlflowExporter({ client, logger, async: true }), logger });
}

/** Three traces; what the traced code sees is its own. */
async function threeTraces(): Promise<void> {
  for (let i = 0; i < 3; i++) expect(withSpan({ name: "work" }, () => i)).toBe(i);
  await flushTraces();
}

test("the built-in exporter sends a trace to the server of the tracking URI and is named mlflow", async () => {
  server.reply = healthyBut(() => null);
  await init({ exporter: "mlflow", trackingUri: server.url, experimentId: "3", logger });
  root().end();
  expect(await flushTraces()).toMatchObject({ status: "flushed", delivered: 1 });
  const posts = server.asked.filter(({ method }) => method === "POST");
  expect(posts.map(({ path }) => path)).toEqual(["/v1/traces", "/api/3.0/mlflow/traces"]);
  expect(posts[0]?.headers["x-mlflow-experiment-id"]).toBe("3");
  expect(stats().destinations["mlflow"]).toMatchObject({ produced: 1, delivered: 1 });
  expect(logger.lines).toEqual([]);
});

test("a tracking URI that is no server's is the caller's mistake", () => {
  expect(() => init({ exporter: "mlflow", trackingUri: "sqlite:///m.db" })).toThrow(/trackingUri/);
});

const hangs: Reply = () => undefined;
const breaks: Reply = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
  response.write('{"trace": {');
  response.destroy();
};
test.each<[string, Reply, string, RegExp]>([
  ["refuses with 400", answer({ error_code: "BAD_REQUEST", message: "no" }, 400), "http_4xx", /400/],
  [
    "knows no such experiment",
    answer({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "No Experiment with id=9 exists" }, 404),
    "http_4xx",
    /No Experiment with id=9/,
  ],
  ["fails with 500", answer("oops", 500), "gave_up", /500/],
  ["answers with a page", answer("<html>log in</html>", 200, { "content-type": "text/html" }), "gave_up", /text\/html/],
  ["breaks off in the middle", breaks, "gave_up", /broke|whole/],
  ["never answers", hangs, "gave_up", /no answer|in time/],
])("a server that %s", async (_name, reply, reason, message) => {
  server.reply = healthyBut((path) => (path === "/api/3.0/mlflow/traces" ? reply : null));
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, [reason]: 3 });
  const told = logger.lines.filter((line) => line.includes("Failed to send trace to MLflow backend"));
  expect(told).toEqual([expect.stringMatching(message)]);
});

test("an experiment that is missing is no server without an endpoint: the next trace's spans go to the server again", async () => {
  const missing = answer({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "No Experiment with id=9 exists" }, 404);
  server.reply = healthyBut(() => missing);
  await use();
  withSpan({ name: "lost" }, () => 0);
  await flushTraces();
  server.reply = healthyBut(() => null);
  server.asked.length = 0;
  withSpan({ name: "kept" }, () => 1);
  await flushTraces();
  expect(account()).toEqual({ produced: 2, delivered: 1, http_4xx: 1 });
  expect(server.asked.filter(({ path }) => path === "/v1/traces")).toHaveLength(1);
});

test("a server that is not there", async () => {
  const gone = await ScriptServer.start();
  const { url } = gone;
  await gone.close();
  await use(url);
  await threeTraces();
  expect(account()).toEqual({ produced: 3, gave_up: 3 });
  expect(logger.lines.filter((line) => line.includes("Failed to send trace"))).toEqual([
    expect.stringContaining("no connection"),
  ]);
});

test("a trace that never ends is halted, marked and sent", async () => {
  server.reply = healthyBut(() => null);
  await use();
  await init({ traceTimeoutMillis: 1000 });
  const span = startSpan({ name: "root", parent: null }) as LiveSpan;
  span.startSpan({ name: "child" });
  clock.advance(3200);
  (tracer().observer as TraceKeeper).tick();
  expect(span.hasEnded).toBe(true);
  await flushTraces();
  expect(account()).toEqual({ produced: 2, delivered: 2 });
  const posted = server.asked.find(({ path }) => path === "/api/3.0/mlflow/traces");
  expect(JSON.parse(posted?.body.toString() ?? "")).toMatchObject({ trace: { trace_info: { state: "ERROR" } } });
});
