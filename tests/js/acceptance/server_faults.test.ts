// exporter: "mlflow" against a server that misbehaves: the traced code is unaffected, each kind of
// trouble is one clear message, and every span is counted.
import { expect, test } from "@jest/globals";
import { flushTraces, init, startSpan, stats, withSpan, type LiveSpan } from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import { answer, ScriptServer, type Reply } from "../mlflow/script_server.js";
import { breaks, clock, hangs, healthyBut, prepareFaults, server, threeTraces, use } from "./fault_harness.js";
import { account, logger, root } from "./trace_harness.js";

prepareFaults();

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

test("V3-24 spans are compressed where init() says so", async () => {
  server.reply = healthyBut(() => null);
  await init({ exporter: "mlflow", trackingUri: server.url, compression: "gzip", logger });
  root().end();
  expect(await flushTraces()).toMatchObject({ status: "flushed", delivered: 1 });
  const spans = server.asked.find(({ path }) => path === "/v1/traces");
  expect(spans?.headers["content-encoding"]).toBe("gzip");
  expect([...(spans?.body.subarray(0, 2) ?? [])]).toEqual([0x1f, 0x8b]);
  await init({ compression: "none" });
});

test("a tracking URI that is no server's is the caller's mistake", () => {
  expect(() => init({ exporter: "mlflow", trackingUri: "sqlite:///m.db" })).toThrow(/trackingUri/);
});

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
  // That it is tried again is told once, before.
  const others = logger.lines.filter((line) => !told.includes(line));
  expect(others.filter((line) => !line.includes("it is tried again"))).toEqual([]);
  expect(others.length).toBeLessThanOrEqual(1);
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
  expect(logger.lines).toEqual([
    expect.stringMatching(/got no answer \(ECONNREFUSED\); it is tried again/),
    expect.stringMatching(/Failed to send trace to MLflow backend: .*no connection \(ECONNREFUSED\)/),
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
