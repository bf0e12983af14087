// What leaves for MLflow, and when: through init(), on a store of the test's.
import { describe, expect, test } from "@jest/globals";
import {
  extractTraceContext,
  flushTraces,
  init,
  MlflowExporter,
  startSpan,
  stats,
  TraceManager,
  withEvaluationContext,
  withSpan,
  type LiveSpan,
  type TraceInfo,
} from "../../../js/index.js";
import type { CodecCore } from "../../../js/load/codec_core.js";
import { tracer } from "../../../js/tracing/realm.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { error, MockStore } from "./mock_store.js";
import { account, logger, prepare, root, use } from "./trace_harness.js";

let store: MockStore;
prepare();

describe("what is sent", () => {
  test("V3-01 V3-03 V3-12 spans go by OTLP to their experiment, then the info; nothing is uploaded twice", async () => {
    store = await use({ experimentId: "7" });
    withSpan({ name: "root" }, () => {
      withSpan({ name: "child" }, () => undefined);
    });
    await flushTraces();
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(store.logged.map(({ location, spans }) => [location, spans.map(({ name }) => name)])).toEqual([
      ["7", ["root", "child"]],
    ]);
    expect(store.started[0]?.experimentId).toBe("7");
    expect(Object.keys(stats().destinations).every((name) => name.startsWith("mlflow"))).toBe(true);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("the first request of a synchronous exporter starts inside end()", async () => {
    store = await use();
    const span = root();
    expect(store.calls).toEqual([]);
    span.end();
    expect(store.calls).toEqual(["logSpans"]);
    await flushTraces();
  });

  test("V3-09 an evaluation is never exported asynchronously, and its trace is found by its id", async () => {
    store = await use({ async: true });
    withEvaluationContext({ requestId: "eval-1" }, () => {
      root().end();
    });
    expect(store.calls).toEqual(["logSpans"]);
    await flushTraces();
    expect(tracer().later?.traceIdOfEvaluation("eval-1")).toBe(store.started[0]?.traceId);
  });

  test.each([
    ["501", error("not here", { httpStatus: 501 })],
    ["NOT_IMPLEMENTED", error("no", { errorCode: "NOT_IMPLEMENTED" })],
    ["the message of a file store", error("REST OTLP span logging is not supported by FileStore", { httpStatus: 500 })],
  ])("V3-10 after %s spans are not logged again, silently, and go as an artifact", async (_name, refusal) => {
    store = await use();
    store.onStart = (info) => info;
    store.onLog = () => {
      throw refusal;
    };
    root().end();
    await flushTraces();
    root().end();
    await flushTraces();
    expect(store.calls).toEqual(["logSpans", "startTrace", "uploadTraceData", "startTrace", "uploadTraceData"]);
    expect(logger.lines).toEqual([]);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("V3-10 any other failure of the spans leaves the flag, and the trace is sent", async () => {
    store = await use();
    store.onStart = (info) => info;
    store.onLog = () => {
      throw error("busy", { httpStatus: 503 });
    };
    root().end();
    await flushTraces();
    root().end();
    await flushTraces();
    expect(store.logged).toHaveLength(2);
    expect(store.uploaded).toHaveLength(2);
    expect(logger.lines).toEqual([]);
  });

  test("V3-13 the export does not wait for prompts, flush does", async () => {
    store = await use();
    let release = (): void => undefined;
    store.onLink = () => new Promise<void>((resolve) => (release = resolve));
    const span = root();
    TraceManager.getInstance().registerPrompt(span.traceId, { name: "p", version: 1 });
    span.end();
    let isFlushed = false;
    const flushed = flushTraces().then((result) => {
      isFlushed = true;
      return result;
    });
    while (store.linked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect([account(), isFlushed]).toEqual([{ produced: 1, delivered: 1 }, false]);
    release();
    expect(await flushed).toMatchObject({ status: "flushed" });
    expect(store.linked[0]?.prompts).toEqual([{ name: "p", version: "1" }]);
  });

  test("ST-04 a trace whose size cannot be told is sent without it", async () => {
    store = await use();
    const handover = (codec() as CodecCore).handover;
    const { sizeStatsOfRecords } = handover.raw;
    (handover.raw as Record<string, unknown>)["sizeStatsOfRecords"] = () => {
      throw new RangeError("Maximum call stack size exceeded");
    };
    root().end();
    await flushTraces();
    (handover.raw as Record<string, unknown>)["sizeStatsOfRecords"] = sizeStatsOfRecords;
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(store.started[0]?.traceMetadata["mlflow.trace.sizeBytes"]).toBeUndefined();
    expect(account()).toEqual({ produced: 1, delivered: 1 });
    expect(logger.lines).toEqual([]);
  });

  test("two exporters get the same trace", async () => {
    const [first, second] = [new MockStore("databricks"), new MockStore("databricks")];
    await init({ exporter: [first, second].map((client) => new MlflowExporter({ client, async: false, logger })), logger });
    root().end();
    await flushTraces();
    expect([first.calls, second.calls]).toEqual([
      ["startTrace", "uploadTraceData"],
      ["startTrace", "uploadTraceData"],
    ]);
    expect(second.started[0]?.traceId).toBe(first.started[0]?.traceId);
  });
});

describe("traces that are not whole", () => {
  test("a late span goes by OTLP alone", async () => {
    store = await use();
    const span = root();
    span.end();
    await flushTraces();
    store.clear();
    (span.startSpan({ name: "late" }) as LiveSpan).end();
    await flushTraces();
    expect(store.calls).toEqual(["logSpans"]);
    expect(store.loggedNames).toEqual(["late"]);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("where the server takes no spans a late one is lost as late", async () => {
    store = await use();
    store.onStart = (info) => info;
    store.onLog = () => {
      throw error("no", { httpStatus: 501 });
    };
    const span = root();
    span.end();
    await flushTraces();
    (span.startSpan({ name: "late" }) as LiveSpan).end();
    await flushTraces();
    expect(account()).toEqual({ produced: 2, delivered: 1, late: 1 });
  });

  test("a flush sends a trace whose root has ended, and what comes later as spans", async () => {
    store = await use();
    const span = root();
    const child = span.startSpan({ name: "child" }) as LiveSpan;
    span.end();
    expect(store.calls).toEqual([]);
    await flushTraces();
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(JSON.parse(store.started[0]?.traceMetadata["mlflow.trace.sizeStats"] as string)).toMatchObject({ num_spans: 1 });
    child.end();
    await flushTraces();
    expect(store.calls).toEqual(["logSpans", "startTrace", "logSpans"]);
    expect(store.loggedNames).toEqual(["root", "child"]);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("a trace whose root is open is untouched until the server is known to take spans; then what ended leaves", async () => {
    store = await use();
    const span = root();
    (span.startSpan({ name: "first" }) as LiveSpan).end();
    await flushTraces();
    expect(store.calls).toEqual([]);
    root("other").end();
    await flushTraces();
    await flushTraces();
    expect(store.loggedNames.sort()).toEqual(["first", "other"]);
    expect(store.started).toHaveLength(1);
    (span.startSpan({ name: "second" }) as LiveSpan).end();
    span.end();
    await flushTraces();
    expect(store.loggedNames.sort()).toEqual(["first", "other", "root", "second"]);
    const told = store.started[1] as TraceInfo;
    expect(JSON.parse(told.traceMetadata["mlflow.trace.sizeStats"] as string)).toMatchObject({ num_spans: 3 });
    expect(account()).toEqual({ produced: 4, delivered: 4 });
  });

  test("the part of a trace whose root is in another process goes by OTLP alone", async () => {
    store = await use();
    const parent = extractTraceContext({ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
    (startSpan({ name: "server", parent }) as LiveSpan).end();
    await flushTraces();
    expect(store.calls).toEqual(["logSpans"]);
    expect(account()).toEqual({ produced: 1, delivered: 1 });
  });
});
