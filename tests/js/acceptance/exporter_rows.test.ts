// Rows of MLflow's exporters that no other test names: notebooks, evaluations, variables that change meanwhile.
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  flushTraces,
  getDisplayHandler,
  InferenceTableExporter,
  init,
  MlflowExporter,
  popInferenceTrace,
  updateCurrentTrace,
  withEvaluationContext,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import { FakeTime } from "../export/fake_time.js";
import { answer, closeScriptServers, ScriptServer } from "../mlflow/script_server.js";
import { MockStore } from "./mock_store.js";
import { account, logger, prepare, root, use } from "./trace_harness.js";

let store: MockStore;
prepare();

async function nextTask(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setImmediate(resolve));
}

describe("V3-08 in a notebook", () => {
  afterEach(() => {
    getDisplayHandler().setSink(null);
  });

  test("exported traces are shown, those of an evaluation are not", async () => {
    const shown: string[] = [];
    getDisplayHandler().setSink((bundle) => void shown.push(String(bundle["text/plain"])));
    store = await use();
    const span = root();
    span.end();
    withEvaluationContext({ requestId: "eval-9" }, () => {
      root("evaluated").end();
    });
    await flushTraces();
    await nextTask();
    expect(store.started).toHaveLength(2);
    expect(shown).toHaveLength(1);
    expect(shown[0]).toContain(span.traceId);
  });

  test("a sink that throws keeps no trace from the server", async () => {
    getDisplayHandler().setSink(() => {
      throw new Error("no cell");
    });
    store = await use();
    root().end();
    await flushTraces();
    await nextTask();
    expect(account()).toEqual({ produced: 1, delivered: 1 });
    expect(logger.lines).toEqual([]);
  });
});

test("V3-02 Databricks takes no spans by OTLP from this exporter; they go with their trace, and that is told for debugging", async () => {
  const debug: string[] = [];
  store = new MockStore("databricks");
  await init({
    exporter: new MlflowExporter({
      client: store,
      async: false,
      logger: { ...logger, info: logger.info, warn: logger.warn, error: logger.error, debug: (line) => void debug.push(line) },
    }),
    logger,
  });
  const span = root();
  (span.startSpan({ name: "child" }) as LiveSpan).end();
  span.end();
  await flushTraces();
  expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
  expect(debug.filter((line) => line.includes("Databricks"))).toHaveLength(1);
  expect(account()).toEqual({ produced: 2, delivered: 2 });
});

test("PV-03 previews are longer where the exporter's own server is a Databricks workspace, and only there", async () => {
  const lengthAt = async (uri: string): Promise<number | undefined> => {
    store = new MockStore(uri);
    await init({ exporter: new MlflowExporter({ client: store, async: false, logger }), logger });
    const span = root();
    span.setInputs("x".repeat(20_000));
    span.end();
    await flushTraces();
    return store.started[0]?.requestPreview?.length;
  };
  expect([await lengthAt("databricks"), await lengthAt("http://server"), await lengthAt("databricks://profile")]).toEqual([
    10_000, 1000, 10_000,
  ]);
});

describe("IT-04 MLFLOW_EXPERIMENT_ID of an inference table's exporter", () => {
  const NAME = "MLFLOW_EXPERIMENT_ID";
  afterEach(() => {
    Reflect.deleteProperty(process.env, NAME);
  });

  async function predict(requestId: string): Promise<void> {
    withSpan({ name: "predict" }, () => {
      updateCurrentTrace({ clientRequestId: requestId });
    });
    await flushTraces();
  }

  test("set when it is made and when a trace ends: the trace goes to MLflow too", async () => {
    process.env[NAME] = "12";
    store = new MockStore("databricks");
    await init({ exporter: new InferenceTableExporter({ client: store, logger }), logger });
    await predict("both");
    expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
    expect(store.started[0]?.experimentId).toBe("12");
    expect(popInferenceTrace("both")).not.toBeNull();
  });

  test("taken away meanwhile: the trace is kept for who asks, and goes nowhere", async () => {
    process.env[NAME] = "12";
    store = new MockStore("databricks");
    await init({ exporter: new InferenceTableExporter({ client: store, logger }), logger });
    Reflect.deleteProperty(process.env, NAME);
    await predict("gone");
    expect(store.calls).toEqual([]);
    expect(popInferenceTrace("gone")).not.toBeNull();
    expect(account()).toEqual({ produced: 1, delivered: 1 });
  });

  test("set afterwards: there is no queue to send with, and nothing fails", async () => {
    store = new MockStore("databricks");
    await init({ exporter: new InferenceTableExporter({ client: store, logger }), logger });
    process.env[NAME] = "12";
    await predict("late");
    expect(store.calls).toEqual([]);
    expect(popInferenceTrace("late")).not.toBeNull();
    expect(logger.lines).toEqual([]);
  });
});

test("an inference table's trace that MLflow refuses is told of and counted, and kept all the same", async () => {
  store = new MockStore("databricks");
  store.onStart = () => {
    throw Object.assign(new Error("no such experiment"), { httpStatus: 404 });
  };
  await init({ exporter: new InferenceTableExporter({ client: store, experimentId: "5", logger }), logger });
  withSpan({ name: "predict" }, () => {
    updateCurrentTrace({ clientRequestId: "refused" });
  });
  await flushTraces();
  expect(account()).toEqual({ produced: 1, http_4xx: 1 });
  expect(logger.lines).toEqual([expect.stringContaining("Failed to export trace to MLflow backend: no such experiment")]);
  expect(popInferenceTrace("refused")).not.toBeNull();
});

test("AQ-10 an asynchronous exporter whose page goes away starts its requests within the call", async () => {
  store = new MockStore();
  const exporter = new MlflowExporter({ client: store, async: true, logger, timers: new FakeTime() });
  await init({ exporter, logger });
  root().end();
  await nextTask();
  expect(store.calls).toEqual([]);
  exporter.startNow();
  expect(store.calls).toEqual(["logSpans"]);
  await nextTask();
  expect(store.calls.slice(0, 2)).toEqual(["logSpans", "startTrace"]);
});

test("V3-26 a server before 3.3 gets traces by its own endpoints, where the exporter was told so", async () => {
  const v2 = { request_id: "tr-new", experiment_id: "7", timestamp_ms: "5", status: "OK", tags: [] };
  const server = await ScriptServer.start((response, asked, count) => {
    const isOld = asked.path.startsWith("/api/2.0");
    (isOld ? answer({ trace_info: v2 }) : answer("", 404))(response, asked, count);
  });
  await init({ exporter: new MlflowExporter({ trackingUri: server.url, async: false, usesOldEndpoints: true, logger }), logger });
  root().end();
  await flushTraces();
  const paths = server.asked.map(({ path }) => path);
  await closeScriptServers();
  expect(paths).toContain("/api/2.0/mlflow/traces");
  expect(paths).toContain("/api/2.0/mlflow/traces/tr-new");
});
