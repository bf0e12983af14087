// What is lost on the way to MLflow, and how it is counted: through init(), on a store of the test's.
import { describe, expect, test } from "@jest/globals";
import {
  flushTraces,
  InferenceTableExporter,
  init,
  popInferenceTrace,
  shutdown,
  startSpan,
  TraceManager,
  updateCurrentTrace,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import { error, MockStore } from "./mock_store.js";
import { account, clock, logger, prepare, root, use } from "./trace_harness.js";

let store: MockStore;
prepare();

describe("what is lost is counted", () => {
  test.each([
    ["http_4xx", error("no such experiment", { httpStatus: 400 })],
    ["gave_up", error("overloaded", { httpStatus: 503 })],
    ["gave_up", error("no connection", { errorCode: "TEMPORARILY_UNAVAILABLE" })],
    ["rejected", new Error("nonsense")],
  ])("as %s, with one message for many traces", async (reason, refusal) => {
    store = await use();
    store.onStart = () => {
      throw refusal;
    };
    for (let i = 0; i < 5; i++) root().end();
    expect(await flushTraces()).toMatchObject({ status: "failed", dropped: 5 });
    expect(account()).toEqual({ produced: 5, [reason]: 5 });
    expect(logger.lines).toEqual([expect.stringContaining(refusal.message)]);
  });

  test("V3-11 a failed log-in is told at level error", async () => {
    const errors: string[] = [];
    store = await use({
      logger: { ...logger, debug: logger.debug, info: logger.info, warn: logger.warn, error: (m) => void errors.push(m) },
    });
    store.onStart = () => {
      throw error("who are you", { httpStatus: 401 });
    };
    root().end();
    await flushTraces();
    expect(errors).toEqual([expect.stringContaining("who are you")]);
  });

  test("traces beyond the export queue, the newest first", async () => {
    store = await use({ async: true, maxQueueSize: 3, maxWorkers: 1 });
    for (let i = 0; i < 20; i++) root(`root ${String(i)}`).end();
    const { delivered, dropped } = await flushTraces();
    expect(delivered + dropped).toBe(20);
    expect(account()).toEqual({ produced: 20, delivered, queue_full: dropped });
    expect(dropped).toBeGreaterThan(0);
    expect(store.loggedNames[0]).toBe("root 0");
  });

  test("two thousand traces in one task are all delivered where the queue has room", async () => {
    store = await use({ async: true, maxQueueSize: 10_000 });
    for (let i = 0; i < 2000; i++) root().end();
    expect(await flushTraces()).toMatchObject({ status: "flushed", delivered: 2000, dropped: 0 });
    expect(new Set(store.started.map(({ traceId }) => traceId)).size).toBe(2000);
  });

  test("open traces that newer ones push out, and those that are too old", async () => {
    store = await use();
    const spans = Array.from({ length: 1002 }, () => root());
    expect(account()).toEqual({});
    for (const span of spans) span.end();
    await flushTraces();
    expect(account()).toEqual({ produced: 1002, delivered: 1000, trace_evicted: 2 });

    store = await use();
    const old = root();
    (old.startSpan({ name: "child" }) as LiveSpan).end();
    clock.advance(3_600_001);
    (tracer().observer as TraceKeeper).tick();
    expect(account()).toEqual({ produced: 1, trace_expired: 1 });
    old.end();
    await flushTraces();
    expect(account()).toEqual({ produced: 2, trace_expired: 2 });
    expect(store.calls).toEqual([]);
  });

  test("a client that never answers holds nobody up", async () => {
    store = await use({ exportTimeoutMillis: 1 });
    store.onLog = () => new Promise<void>(() => undefined);
    root().end();
    expect(await flushTraces()).toMatchObject({ status: "failed" });
    expect(account()).toEqual({ produced: 1, unknown_outcome: 1 });
  });

  test("an input beyond the queue's bytes is lost with one message; the rest of the program is traced", async () => {
    store = await use();
    for (let i = 0; i < 2; i++) {
      const input = "x".repeat(40 << 20);
      expect(withSpan({ name: "large", inputs: { input } }, () => withSpan({ name: "child" }, () => input.length))).toBe(
        40 << 20,
      );
    }
    root("small").end();
    await flushTraces();
    expect(account()).toEqual({ produced: 5, delivered: 3, too_large: 2 });
    expect(logger.lines).toEqual([expect.stringMatching(/lost: larger than the queue may be \(batch\.queueBytes\)/)]);
    expect(store.loggedNames.sort()).toEqual(["child", "child", "small"]);
  });

  test("spans beyond the queue's bytes while the server is slow are lost with one message", async () => {
    store = await use();
    await init({ batch: { queueBytes: 20_000 } });
    store.onLog = () => new Promise<void>((resolve) => void setImmediate(resolve));
    for (let i = 0; i < 300; i++) root(`root ${String(i)} ${"x".repeat(200)}`).end();
    await flushTraces();
    const { produced, delivered = 0, queue_full: lost = 0, ...rest } = account();
    expect([produced, delivered + lost, rest]).toEqual([300, 300, {}]);
    expect(lost).toBeGreaterThan(0);
    expect(logger.lines.filter((line) => line.includes("the queue is full"))).toHaveLength(1);
    await init({ batch: { queueBytes: 32 << 20 } });
  });

  test("an input of 30 MB is delivered", async () => {
    store = await use();
    (startSpan({ name: "large", parent: null, inputs: "x".repeat(30 << 20) }) as LiveSpan).end();
    await flushTraces();
    expect(account()).toEqual({ produced: 1, delivered: 1 });
    expect(store.started[0]?.requestPreview).toHaveLength(1000);
  });
});

describe("InferenceTableExporter", () => {
  test("IT-03 a finished trace is fetched once, by the id of its request", async () => {
    await init({ exporter: new InferenceTableExporter({ logger }), logger });
    withSpan({ name: "predict" }, () => {
      updateCurrentTrace({ clientRequestId: "request-1" });
      withSpan({ name: "child" }, () => undefined);
    });
    const dict = popInferenceTrace("request-1") as { info: { client_request_id: string }; data: { spans: { name: string }[] } };
    expect(dict.info.client_request_id).toBe("request-1");
    expect(dict.data.spans.map(({ name }) => name)).toEqual(["predict", "child"]);
    expect(() => JSON.stringify(dict)).not.toThrow();
    expect([popInferenceTrace("request-1"), popInferenceTrace("other"), popInferenceTrace(null as never)]).toEqual([
      null,
      null,
      null,
    ]);
    await flushTraces();
    expect(account()).toEqual({ produced: 2, delivered: 2 });

    root().end();
    await flushTraces();
    expect(account()).toEqual({ produced: 3, delivered: 2, rejected: 1 });
  });

  test("IT-01 old traces and too many are gone", async () => {
    const { TraceBuffer } = await import("../../../js/mlflow/inference_buffer.js");
    const buffer = new TraceBuffer(2, 60, () => clock);
    for (const id of ["a", "b", "c"]) buffer.set(id, { id });
    expect([buffer.pop("a"), buffer.pop("b")]).toEqual([null, { id: "b" }]);
    clock.advance(60_000);
    expect([buffer.pop("c"), buffer.size]).toEqual([null, 0]);
  });

  test("IT-04 IT-06 with an experiment the trace goes to MLflow too, prompts included", async () => {
    store = new MockStore("databricks");
    await init({ exporter: new InferenceTableExporter({ client: store, experimentId: "5", logger }), logger });
    withSpan({ name: "predict" }, (span) => {
      TraceManager.getInstance().registerPrompt((span as LiveSpan).traceId, { name: "p", version: 1 });
      updateCurrentTrace({ clientRequestId: "request-2" });
    });
    await flushTraces();
    expect(store.calls).toEqual(["startTrace", "uploadTraceData", "linkPromptVersionsToTrace"]);
    expect(store.started[0]?.experimentId).toBe("5");
    expect(popInferenceTrace("request-2")).not.toBeNull();
  });
});

test("a shutdown in the middle sends what is open, marked, and counts the rest", async () => {
  store = await use();
  const span = root();
  (span.startSpan({ name: "ended" }) as LiveSpan).end();
  await shutdown();
  expect(store.calls).toEqual(["logSpans", "startTrace"]);
  const sent = store.logged.flatMap(({ spans }) => spans);
  expect(sent.map(({ name, endTimeNs }) => [name, endTimeNs === null]).sort()).toEqual([
    ["ended", false],
    ["root", true],
  ]);
  expect(sent.find(({ name }) => name === "root")?.getAttribute("spandrel.unfinished")).toBe(true);
  expect(account()["pending"]).toBeUndefined();
});
