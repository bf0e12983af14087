// A server that misbehaves where spans and artifacts go: what was not saved on another way is counted and told of once a
// kind, and the traced code is unaffected.
import { expect, test } from "@jest/globals";
import { flushTraces, init, MlflowExporter, TracingClient, withSpan, type LiveSpan } from "../../../js/index.js";
import { answer, type Reply } from "../mlflow/script_server.js";
import { breaks, hangs, healthyBut, prepareFaults, server, threeTraces, use } from "./fault_harness.js";
import { account, logger, root } from "./trace_harness.js";

prepareFaults();

const ARTIFACTS = "mlflow-artifacts:/3/traces/t/artifacts";

/** The server keeps no spans itself; what `reply` does not answer is well. */
function keepsArtifacts(reply: (path: string) => Reply | null): Reply {
  return (response, asked, count) => {
    const own = reply(asked.path);
    if (own !== null) return own(response, asked, count);
    if (asked.path !== "/api/3.0/mlflow/traces") return answer("")(response, asked, count);
    const { trace } = JSON.parse(asked.body.toString()) as { trace: { trace_info: { tags?: Record<string, string> } } };
    trace.trace_info.tags = { ...trace.trace_info.tags, "mlflow.artifactLocation": ARTIFACTS };
    return answer({ trace })(response, asked, count);
  };
}

const FAULTS: [string, Reply, string, RegExp][] = [
  ["refuses them with 400", answer({ detail: "no" }, 400), "http_4xx", /400/],
  ["finds them too large (413)", answer("too large", 413), "http_4xx", /413/],
  ["fails with 503", answer("busy", 503), "gave_up", /503/],
  ["breaks off in the middle of the answer", breaks, "gave_up", /broke|whole/],
  ["never answers", hangs, "gave_up", /no answer|in time/],
];

test.each(FAULTS)("spans: a server that %s, and says all the same that it keeps them", async (_name, reply, reason, message) => {
  server.reply = healthyBut((path) => (path === "/v1/traces" ? reply : null));
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, [reason]: 3 });
  const told = logger.lines.filter((line) => line.includes("Failed to log spans to the trace server"));
  expect(told).toEqual([expect.stringMatching(message)]);
});

test.each(FAULTS)("spans: a server that %s gets them as an artifact, and nothing is told", async (_name, reply) => {
  server.reply = keepsArtifacts((path) => (path === "/v1/traces" ? reply : null));
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, delivered: 3 });
  expect(server.asked.filter(({ method }) => method === "PUT")).toHaveLength(3);
  expect(logger.lines.filter((line) => line.includes("Failed"))).toEqual([]);
});

test.each(FAULTS)("artifacts: a server that %s", async (_name, reply, reason, message) => {
  server.reply = keepsArtifacts((path) =>
    path === "/v1/traces" ? answer("", 501) : path.includes("mlflow-artifacts") ? reply : null,
  );
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, [reason]: 3 });
  const told = logger.lines.filter((line) => line.includes("Failed to send trace to MLflow backend"));
  expect(told).toEqual([expect.stringMatching(message)]);
});

test("a server that sends its answer in many small pieces is waited for", async () => {
  server.reply = healthyBut((path) =>
    path === "/api/3.0/mlflow/traces"
      ? (response, asked) => {
          const { trace } = JSON.parse(asked.body.toString()) as { trace: { trace_info: { tags?: object } } };
          trace.trace_info.tags = { "mlflow.trace.spansLocation": "TRACKING_STORE" };
          const text = JSON.stringify({ trace });
          response.writeHead(200, { "content-type": "application/json" });
          const pieces = text.match(/[^]{1,20}/g) ?? [];
          const next = (): void => {
            const piece = pieces.shift();
            if (piece === undefined) return void response.end();
            response.write(piece);
            setImmediate(next);
          };
          next();
        }
      : null,
  );
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, delivered: 3 });
  expect(logger.lines).toEqual([]);
});

test("a page where nothing was expected is no failure of the spans", async () => {
  server.reply = healthyBut((path) =>
    path === "/v1/traces" ? answer("<html>hello</html>", 200, { "content-type": "text/html" }) : null,
  );
  await use();
  await threeTraces();
  expect(account()).toEqual({ produced: 3, delivered: 3 });
  expect(logger.lines).toEqual([]);
});

test("late spans that are refused are told of and counted", async () => {
  server.reply = healthyBut(() => null);
  await use();
  const span = root();
  span.end();
  await flushTraces();
  server.reply = healthyBut((path) => (path === "/v1/traces" ? answer({ detail: "no" }, 400) : null));
  for (let i = 0; i < 2; i++) (span.startSpan({ name: "late" }) as LiveSpan).end();
  await flushTraces();
  expect(account()).toEqual({ produced: 3, delivered: 1, http_4xx: 2 });
  expect(logger.lines).toEqual([expect.stringMatching(/Failed to log spans to the trace server: .*400/)]);
});

test.each([
  ["spans of the server", healthyBut, "/v1/traces"],
  ["an artifact", keepsArtifacts, "mlflow-artifacts"],
] as const)("an input of 30 MB goes as %s; the caller's value is its own", async (_name, serve, where) => {
  server.reply = serve((path) => (path === "/v1/traces" && where !== path ? answer("", 501) : null));
  const client = new TracingClient({ trackingUri: server.url, logger });
  await init({ exporter: new MlflowExporter({ client, logger, async: true }), logger });
  const input = "x".repeat(30 << 20);
  expect(withSpan({ name: "large", inputs: { input } }, () => input.length)).toBe(30 << 20);
  await flushTraces();
  expect(account()).toEqual({ produced: 1, delivered: 1 });
  const asked = server.asked.find(({ path }) => path.includes(where));
  expect(asked?.body.length).toBeGreaterThan(30 << 20);
  const info = server.asked.find(({ path, method }) => method === "POST" && path === "/api/3.0/mlflow/traces");
  expect(info?.body.length).toBeLessThan(10_000);
  expect(logger.lines).toEqual([]);
});
