// AT-01 … AT-08: MlflowExporter through init(), on a store of the test's.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { LiveSpan } from "../../../js/index.js";
import {
  flushTraces,
  getLastActiveTraceId,
  init,
  MlflowExporter,
  SpanBatch,
  startSpan,
  stats,
  Trace,
  trace,
  TraceInfo,
  TraceManager,
  updateCurrentTrace,
  withSpan,
} from "../../../js/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { TestLogger } from "../tracing/harness.js";
import { MockStore } from "./mock_store.js";

const EXPERIMENT = "dummy-experiment-id";
const logger = new TestLogger();
const BOTH = [
  ["async", true],
  ["sync", false],
] as const;

const predict = trace(
  (x: string): string => {
    withSpan({ name: "child" }, (child) => {
      child.setInputs("dummy");
      child.addEvent({ name: "child_event", attributes: { attr1: "val1" } });
    });
    updateCurrentTrace({ tags: { foo: "bar" } });
    return `${x}!`;
  },
  { name: "predict" },
);

/** Traces go to a store of their own from now on. */
async function use(isAsync: boolean, options: Partial<ConstructorParameters<typeof MlflowExporter>[0]> = {}): Promise<MockStore> {
  const store = new MockStore("databricks");
  await init({
    exporter: new MlflowExporter({ client: store, async: isAsync, logger, ...options }),
    experimentId: EXPERIMENT,
    logger,
  });
  return store;
}

function sumsUp(): void {
  for (const { produced, delivered, pending, dropped } of Object.values(stats().destinations))
    expect(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(produced);
}

beforeAll(() => {
  tracer().logger = logger;
});
beforeEach(() => {
  logger.lines.length = 0;
});
afterEach(sumsUp);

describe.each(BOTH)("%s", (_name, isAsync) => {
  test(`AT-01 test_export: one trace is started once and uploaded once, with size statistics that fit (${_name})`, async () => {
    const store = await use(isAsync);
    expect(predict("hello")).toBe("hello!");
    if (!isAsync) expect(store.calls).toEqual(["startTrace"]);
    await flushTraces();

    expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
    const [info] = store.started as [TraceInfo];
    const [upload] = store.uploaded as [(typeof store.uploaded)[0]];
    expect(upload.info.traceId).toBe(info.traceId);
    const { "mlflow.trace.sizeStats": statsText, "mlflow.trace.sizeBytes": bytesText, ...metadata } = info.traceMetadata;
    const sizes = JSON.parse(statsText as string) as Record<string, number>;
    const before = new Trace(new TraceInfo({ ...info, traceMetadata: metadata }), [...upload.spans]);
    expect(Number(bytesText)).toBe(new TextEncoder().encode(before.toJson()).byteLength);
    expect(sizes["total_size_bytes"]).toBe(Number(bytesText));
    expect(sizes["num_spans"]).toBe(2);
    const [p25, p50, p75, max] = ["p25", "p50", "p75", "max"].map((key) => sizes[key] as number) as [
      number,
      number,
      number,
      number,
    ];
    expect([p25, p50, p75, max].every(Number.isInteger)).toBe(true);
    expect(p25 <= p50 && p50 <= p75 && p75 <= max && max > 0).toBe(true);

    expect(info.experimentId).toBe(EXPERIMENT);
    expect(info.tags["foo"]).toBe("bar");
    expect(upload.spans.map(({ name, inputs }) => [name, inputs])).toEqual([
      ["predict", { x: "hello" }],
      ["child", "dummy"],
    ]);
    expect(upload.spans[1]?.events[0]).toMatchObject({ name: "child_event", attributes: { attr1: "val1" } });
    expect(getLastActiveTraceId()).toBe(info.traceId);
  });

  test(`AT-03 test_export_catch_failure: the cause is in a warning and the function's result is its own (${_name})`, async () => {
    const store = await use(isAsync);
    store.onStart = () => {
      throw new Error("Failed to start trace");
    };
    expect(predict("hello")).toBe("hello!");
    await flushTraces();
    expect(logger.lines.filter((line) => line.includes("Failed to start trace"))).toHaveLength(1);
    expect(store.uploaded).toEqual([]);
  });

  test(`AT-05 test_prompt_linking_in_mlflow_v3_exporter: both prompts, once, in order (${_name})`, async () => {
    const store = new MockStore("databricks");
    const exporter = new MlflowExporter({ client: store, async: isAsync, logger });
    const { batch, info, manager } = registered();
    manager.registerPrompt(info.traceId, { name: "test_prompt_1", version: 1, template: "Hello, {{name}}!" });
    manager.registerPrompt(info.traceId, { name: "test_prompt_2", version: 2, template: "Goodbye, {{name}}!" });
    await exporter.export(batch);
    await exporter.flush();

    expect(JSON.parse(info.tags["mlflow.linkedPrompts"] as string)).toEqual([
      { name: "test_prompt_1", version: "1" },
      { name: "test_prompt_2", version: "2" },
    ]);
    expect(store.linked).toHaveLength(1);
    expect(store.linked[0]?.prompts.map(({ name }) => name)).toEqual(["test_prompt_1", "test_prompt_2"]);
    expect(store.linked[0]?.traceId).toBe(info.traceId);
    expect([store.started.length, store.uploaded.length]).toEqual([1, 1]);
    expect(getLastActiveTraceId()).toBe(info.traceId);
  });

  test(`AT-06 test_prompt_linking_with_empty_prompts_mlflow_v3: no call (${_name})`, async () => {
    const store = new MockStore("databricks");
    const exporter = new MlflowExporter({ client: store, async: isAsync, logger });
    await exporter.export(registered().batch);
    await exporter.flush();
    expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
  });
});

test("AT-02 test_async_logging_disabled_in_databricks_notebook: the default, and what is said explicitly", () => {
  const isAsync = (options: ConstructorParameters<typeof MlflowExporter>[0]): boolean =>
    new MlflowExporter({ logger, ...options }).isAsync;
  expect(isAsync({ trackingUri: "databricks", isInDatabricksNotebook: true })).toBe(false);
  expect(isAsync({ trackingUri: "databricks", isInDatabricksNotebook: false })).toBe(true);
  expect(isAsync({ trackingUri: "http://127.0.0.1:1" })).toBe(false);
  process.env["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "True";
  try {
    expect(isAsync({ trackingUri: "databricks", isInDatabricksNotebook: true })).toBe(true);
    expect(isAsync({ trackingUri: "http://127.0.0.1:1" })).toBe(true);
    process.env["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false";
    expect(isAsync({ trackingUri: "databricks", isInDatabricksNotebook: false })).toBe(false);
  } finally {
    delete process.env["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"];
  }
  expect(new MlflowExporter({ async: false, logger }).asyncQueue).toBeNull();
});

test("AT-04 test_async_bulk_export: a hundred traces of ten workers, each sent once, nobody waits", async () => {
  const store = await use(true, { maxQueueSize: 1000 });
  let isOpen = false;
  const waiting: (() => void)[] = [];
  store.onStart = async (info) => {
    if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    return info;
  };
  const workers = Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 10; i++) {
      expect(predict("hello")).toBe("hello!");
      await null;
    }
  });
  await Promise.all(workers);
  // Everything was handed in though no request has been answered.
  expect(store.uploaded).toEqual([]);
  const flushed = flushTraces();
  isOpen = true;
  const release = setInterval(() => {
    for (const resolve of waiting.splice(0)) resolve();
  }, 1);
  expect(await flushed).toMatchObject({ status: "flushed", delivered: 200, dropped: 0, pending: 0 });
  clearInterval(release);
  expect([store.started.length, store.uploaded.length]).toEqual([100, 100]);
  expect(new Set(store.started.map(({ traceId }) => traceId)).size).toBe(100);
});

test("AT-07 test_prompt_linking_error_handling_mlflow_v3: a failed link is a warning, the trace is sent", async () => {
  const store = new MockStore("databricks");
  store.onLink = () => {
    throw new Error("Prompt linking failed");
  };
  const exporter = new MlflowExporter({ client: store, async: false, logger });
  const { batch, info, manager } = registered();
  manager.registerPrompt(info.traceId, { name: "test_prompt", version: 1 });
  expect(await exporter.export(batch)).toMatchObject({ status: "success" });
  await exporter.flush();
  expect([store.linked.length, store.started.length, store.uploaded.length]).toEqual([1, 1, 1]);
  expect(logger.lines.filter((line) => line.includes("Prompt linking failed"))).toHaveLength(1);
});

test("AT-08 test_no_log_spans_to_artifacts_if_stored_in_tracking_store: what the server answers decides", async () => {
  const store = await use(false);
  store.onStart = (info) => new TraceInfo({ ...info, tags: { ...info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" } });
  const exporter = new MlflowExporter({ client: store, async: false, logger });
  const { batch } = registered();
  await exporter.export(batch);
  expect(store.calls).toEqual(["startTrace"]);

  // The tag of the caller's own info says nothing.
  store.onStart = (info) => new TraceInfo({ ...info, tags: {} });
  const { batch: second } = registered({ "mlflow.trace.spansLocation": "TRACKING_STORE" });
  await exporter.export(second);
  expect(store.calls).toEqual(["startTrace", "startTrace", "uploadTraceData"]);
});

/** A trace that is registered by hand, with its ended root as a batch. */
function registered(tags: Record<string, string> = {}): { batch: SpanBatch; info: TraceInfo; manager: TraceManager } {
  const manager = TraceManager.getInstance();
  const hidden = tracer().hub;
  // For nobody: the exporter under test is called by hand.
  tracer().hub = { ...hidden, destinations: 0, wholeTraceDestinations: 0 };
  const observer = tracer().observer;
  tracer().observer = null;
  const span = startSpan({ name: "root", parent: null }) as LiveSpan;
  const info = new TraceInfo({
    traceId: span.traceId,
    traceLocation: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: EXPERIMENT } },
    requestTime: 1,
    tags,
  });
  manager.registerTrace(span.context.traceId, info);
  manager.registerSpan(span);
  span.end();
  const batch = SpanBatch.of([span.toImmutableSpan()]);
  tracer().hub = hidden;
  tracer().observer = observer;
  return { batch, info, manager };
}
