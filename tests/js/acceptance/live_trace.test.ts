// Tags and assessments that a client is told of while their trace is open in this process go with
// the trace; the server, which does not know it yet, is not asked.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  extractTraceContext,
  flushTraces,
  init,
  MlflowExporter,
  NO_OP_SPAN_TRACE_ID,
  startSpan,
  TraceInfo,
  TraceManager,
  TracingClient,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import { answer, closeScriptServers, jsonOf, ScriptServer } from "../mlflow/script_server.js";
import { account, logger, prepare, root } from "./trace_harness.js";

interface SentInfo {
  trace_id: string;
  tags: Record<string, string>;
  assessments?: Record<string, unknown>[];
}
let server: ScriptServer;
let client: TracingClient;
prepare();

beforeAll(async () => {
  server = await ScriptServer.start();
});
beforeEach(async () => {
  await flushTraces();
  server.reply = (response, asked, count) => {
    if (asked.path !== "/api/3.0/mlflow/traces") return answer(asked.path === "/v1/traces" ? "" : {})(response, asked, count);
    const { trace } = jsonOf(asked) as { trace: { trace_info: { tags?: Record<string, string> } } };
    trace.trace_info.tags = { ...trace.trace_info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" };
    answer({ trace })(response, asked, count);
  };
  client = new TracingClient({ trackingUri: server.url, logger, retry: { maxRetries: 0 } });
  await init({ exporter: new MlflowExporter({ client, logger, async: false }), logger });
  server.asked.length = 0;
});
afterAll(closeScriptServers);

async function sentInfos(): Promise<SentInfo[]> {
  await flushTraces();
  return server.asked
    .filter(({ method, path }) => method === "POST" && path === "/api/3.0/mlflow/traces")
    .map((asked) => (jsonOf(asked) as { trace: { trace_info: SentInfo } }).trace.trace_info);
}

describe("on a trace that is open", () => {
  test("a tag is set, replaced and deleted without a request, and goes with the trace", async () => {
    const span = root();
    await client.setTraceTag(span.traceId, "team", "a");
    await client.setTraceTag(span.traceId, "team", "b");
    await client.setTraceTag(span.traceId, "gone", "x");
    await client.deleteTraceTag(span.traceId, "gone");
    await client.setTraceTag(span.traceId, "mlflow.traceName", "renamed");
    expect(server.asked).toEqual([]);
    expect(TraceManager.getInstance().getTrace(span.traceId)?.info.tags).toMatchObject({ team: "b" });
    span.end();
    const [info] = await sentInfos();
    expect(info?.tags).toEqual({ team: "b", "mlflow.traceName": "renamed" });
    expect(account()).toEqual({ produced: 1, delivered: 1 });
  });

  test("a tag that is not there cannot be deleted", async () => {
    const span = root();
    await expect(client.deleteTraceTag(span.traceId, "none")).rejects.toMatchObject({
      errorCode: "RESOURCE_DOES_NOT_EXIST",
      message: expect.stringContaining("'none'") as unknown,
    });
    span.end();
  });

  test("a value that is no string is set as its text, with a warning; the server's own tags are refused as ever", async () => {
    const span = root();
    await client.setTraceTag(span.traceId, "count", 3 as never);
    await client.setTraceTag(span.traceId, "mlflow.user", "me");
    expect(logger.lines).toEqual([expect.stringContaining("'count'"), expect.stringContaining("'mlflow.user'")]);
    span.end();
    expect((await sentInfos())[0]?.tags).toEqual({ count: "3", "mlflow.traceName": "root" });
  });

  test("feedback and expectations go with the trace, in order; the server gives them their ids", async () => {
    const span = root();
    const feedback = await client.logFeedback({ traceId: span.traceId, name: "helpful", value: true, rationale: "yes" });
    const expectation = await client.logExpectation({ traceId: span.traceId, name: "answer", value: { text: "42" } });
    expect([feedback.assessmentId, feedback.traceId, feedback.valid]).toEqual([null, span.traceId, true]);
    expect(expectation.expectation).toEqual({ value: { text: "42" } });
    expect(server.asked).toEqual([]);
    span.end();
    const [info] = await sentInfos();
    expect(info?.assessments).toMatchObject([
      {
        assessment_name: "helpful",
        trace_id: span.traceId,
        source: { source_type: "CODE", source_id: "default" },
        feedback: { value: true },
        rationale: "yes",
        valid: true,
      },
      {
        assessment_name: "answer",
        source: { source_type: "HUMAN", source_id: "default" },
        expectation: { serialized_value: { serialization_format: "JSON_FORMAT", value: '{"text": "42"}' } },
      },
    ]);
  });

  test("from inside of a traced function, by the id of the active span", async () => {
    await withSpan({ name: "agent" }, async (span) => {
      await client.setTraceTag((span as LiveSpan).traceId, "inside", "1");
      await client.logFeedback({ traceId: (span as LiveSpan).traceId, spanId: (span as LiveSpan).spanId, value: 0.5 });
    });
    const [info] = await sentInfos();
    expect(info?.tags["inside"]).toBe("1");
    expect(info?.assessments).toMatchObject([{ assessment_name: "feedback", feedback: { value: 0.5 } }]);
  });

  test("its info can be read", async () => {
    const span = root("open");
    await client.setTraceTag(span.traceId, "a", "b");
    expect(await client.getTraceInfo(span.traceId)).toMatchObject({
      traceId: span.traceId,
      state: "IN_PROGRESS",
      tags: { a: "b", "mlflow.traceName": "open" },
    });
    expect(server.asked).toEqual([]);
    span.end();
  });

  test("while children outlive its root", async () => {
    const span = root();
    const child = span.startSpan({ name: "child" }) as LiveSpan;
    span.end();
    await client.setTraceTag(span.traceId, "late", "yes");
    child.end();
    expect((await sentInfos())[0]?.tags["late"]).toBe("yes");
  });

  test("between its end and the task in which an asynchronous exporter takes it", async () => {
    await init({ exporter: new MlflowExporter({ client, logger, async: true }), logger });
    const span = root();
    span.end();
    await client.setTraceTag(span.traceId, "just", "in time");
    expect((await sentInfos())[0]?.tags["just"]).toBe("in time");
  });

  test("that was registered with the manager by hand", async () => {
    const manager = TraceManager.getInstance();
    const traceId = `tr-${"7".repeat(32)}`;
    manager.registerTrace("7".repeat(32), new TraceInfo({ traceId, requestTime: 1, tags: { old: "1" } }));
    await client.setTraceTag(traceId, "a", "b");
    await client.deleteTraceTag(traceId, "old");
    await client.logFeedback({ traceId, value: "good" });
    const info = manager.popTrace("7".repeat(32))?.trace.info;
    expect(info?.tags).toEqual({ a: "b" });
    expect(info?.assessments).toMatchObject([{ feedback: { value: "good" } }]);
    expect(server.asked).toEqual([]);
  });
});

describe("on a trace that is under way to the server", () => {
  const isInfo = ({ method, path }: { method: string; path: string }): boolean =>
    method === "POST" && path === "/api/3.0/mlflow/traces";

  test.each([
    ["synchronous", false],
    ["asynchronous", true],
  ])("tags, assessments and reads wait for it: %s", async (_name, isAsync) => {
    await init({ exporter: new MlflowExporter({ client, logger, async: isAsync }), logger });
    const healthy = server.reply;
    const held: (() => void)[] = [];
    server.reply = (response, asked, count) => {
      if (isInfo(asked)) held.push(() => healthy(response, asked, count));
      else healthy(response, asked, count);
    };
    const span = root();
    span.end();
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const calls = [
      client.setTraceTag(span.traceId, "a", "b"),
      client.logFeedback({ traceId: span.traceId, value: 1 }).catch(() => null),
      client.deleteTraceTag(span.traceId, "c"),
      client.getTrace(span.traceId, { silent: true }).catch(() => null),
    ];
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(server.asked.filter(({ path }) => /tags|assessments|traces\/tr-/.test(path))).toEqual([]);
    for (const go of held) go();
    await Promise.all(calls);
    expect(server.asked.filter(({ path }) => /tags|assessments/.test(path))).toHaveLength(3);
    expect(server.asked.findIndex(isInfo)).toBeLessThan(server.asked.findIndex(({ path }) => /tags/.test(path)));
  });

  test("that never arrives: what the server says is the caller's", async () => {
    server.reply = answer({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "no such trace" }, 404);
    const span = root();
    span.end();
    await expect(client.setTraceTag(span.traceId, "a", "b")).rejects.toMatchObject({ errorCode: "RESOURCE_DOES_NOT_EXIST" });
    await flushTraces();
  });

  test("with prompts: the exporter's own calls do not wait for themselves", async () => {
    const healthy = server.reply;
    server.reply = (response, asked, count) => {
      if (asked.method !== "GET") return healthy(response, asked, count);
      const trace_info = { trace_id: span.traceId, request_time: "2026-01-01T00:00:00Z", state: "OK" };
      answer({ trace: { trace_info } })(response, asked, count);
    };
    const span = root();
    TraceManager.getInstance().registerPrompt(span.traceId, { name: "p", version: 1 });
    span.end();
    await flushTraces();
    expect(server.asked.filter(({ path }) => path.endsWith("link-prompts"))).toHaveLength(1);
  });
});

describe("the server is asked", () => {
  const patches = (): string[] =>
    server.asked.filter(({ path }) => /tags|assessments/.test(path)).map(({ method, path }) => `${method} ${path}`);

  test("of a trace that has left", async () => {
    const span = root();
    span.end();
    await flushTraces();
    await client.setTraceTag(span.traceId, "a", "b");
    expect(patches()).toEqual([`PATCH /api/2.0/mlflow/traces/${span.traceId}/tags`]);
  });

  test("of one that left early, though a span of it is open", async () => {
    const span = root();
    const child = span.startSpan({ name: "child" }) as LiveSpan;
    span.end();
    await flushTraces();
    await client.setTraceTag(span.traceId, "a", "b");
    expect(patches()).toHaveLength(1);
    child.end();
  });

  test("of one whose root is in another process", async () => {
    const parent = extractTraceContext({ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
    const span = startSpan({ name: "server", parent }) as LiveSpan;
    await client.setTraceTag(span.traceId, "a", "b");
    expect(patches()).toHaveLength(1);
    span.end();
  });

  test("of an open one that is to be read whole", async () => {
    server.reply = answer({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "no such trace" }, 404);
    const span = root();
    expect(await client.getTrace(span.traceId, { silent: true })).toBeNull();
    await expect(client.getTrace(span.traceId)).rejects.toMatchObject({ errorCode: "RESOURCE_DOES_NOT_EXIST" });
    span.end();
  });

  test("of any it does not know here", async () => {
    await client.setTraceTag(`tr-${"c".repeat(32)}`, "a", "b");
    expect(patches()).toHaveLength(1);
  });

  test("of none where tracing was off", async () => {
    const feedback = await client.logFeedback({ traceId: NO_OP_SPAN_TRACE_ID, value: 1 });
    expect([feedback.assessmentId, patches()]).toEqual([null, []]);
  });
});
