// `retainTraces: true`: ended traces of the fluent API stay readable.
import { beforeAll, expect, test } from "@jest/globals";
import { init, startSpan, TraceManager, updateCurrentTrace, withSpan, LiveSpan } from "../../../js/index.js";
import { Handover } from "../../../js/load/handover.js";
import { ManagerCore } from "../../../js/load/manager_core.js";
import { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import { logger } from "./harness.js";
import { FakeClock } from "../../../js/testing/index.js";
import { readEnvironment } from "../../../js/export/otlp_config.js";

const HOUR_MILLIS = 3_600_000;
const clock = new FakeClock();
const manager = (): TraceManager => TraceManager.getInstance();

beforeAll(async () => {
  tracer().clock = clock;
  await init({ exporter: "none", retainTraces: true, experimentId: "7", logger });
});

test("AnEndedTraceIsReadUntilItIsPopped", () => {
  let traceId = "";
  withSpan({ name: "root", inputs: { q: 1 } }, (root) => {
    traceId = root.traceId;
    updateCurrentTrace({
      tags: { t: "v" },
      metadata: { m: 1 },
      sessionId: "s",
      user: "u",
      clientRequestId: "c",
      responsePreview: "short",
    });
    withSpan({ name: "child" }, () => {
      const seen = manager().getTrace(traceId);
      expect(seen?.data.spans.map(({ name, endTimeNs }) => [name, endTimeNs])).toEqual([
        ["root", null],
        ["child", null],
      ]);
      expect(seen?.info.state).toBe("IN_PROGRESS");
      clock.advance(12);
    });
    return "done";
  });

  for (const trace of [manager().getTrace(traceId), manager().popTrace(traceId)?.trace]) {
    expect(trace?.data.spans.map(({ name }) => name)).toEqual(["root", "child"]);
    expect(trace?.info).toMatchObject({
      traceId,
      experimentId: "7",
      state: "OK",
      requestPreview: '{"q": 1}',
      responsePreview: "short",
      clientRequestId: "c",
      executionDuration: 12,
      requestTime: 1_700_000_000_000,
      tags: { t: "v", "mlflow.traceName": "root" },
      traceMetadata: {
        m: "1",
        "mlflow.trace.session": "s",
        "mlflow.trace.user": "u",
        "mlflow.trace_schema.version": "3",
        "mlflow.traceOutputs": '"done"',
      },
    });
  }
  expect([manager().getTrace(traceId), manager().popTrace(traceId)]).toEqual([null, null]);
});

test("OneTraceIsPoppedAndTheOthersStay", () => {
  const spans = ["a", "b"].map((name) => startSpan({ name, parent: null }) as LiveSpan);
  for (const span of spans) span.end();
  const [a, b] = spans as [LiveSpan, LiveSpan];
  expect(manager().getRootSpanId(a.traceId)).toBe(a.spanId);
  expect(
    manager()
      .popTrace(a.context.traceId)
      ?.trace.data.spans.map(({ name }) => name),
  ).toEqual(["a"]);
  expect(
    manager()
      .popTrace(b.context.traceId)
      ?.trace.data.spans.map(({ name }) => name),
  ).toEqual(["b"]);
});

test("PromptsOfATraceUnderWay", () => {
  const root = startSpan({ name: "root", parent: null }) as LiveSpan;
  manager().registerPrompt(root.traceId, { name: "p", version: 1 });
  root.end();
  const popped = manager().popTrace(root.context.traceId);
  expect(popped?.prompts).toHaveLength(1);
  expect(popped?.trace.info.tags["mlflow.linkedPrompts"]).toBe('[{"name": "p", "version": "1"}]');
});

test("OldTracesAndTooManyAreGone", () => {
  const old = startSpan({ name: "old", parent: null }) as LiveSpan;
  old.end();
  clock.advance(HOUR_MILLIS + 1);
  expect(manager().getTrace(old.traceId)).toBeNull();

  const many = Array.from({ length: 1001 }, () => {
    const span = startSpan({ name: "x", parent: null }) as LiveSpan;
    span.end();
    return span;
  });
  expect(manager().getTrace((many[0] as LiveSpan).traceId)).toBeNull();
  expect(manager().getTrace((many[1] as LiveSpan).traceId)?.data.spans).toHaveLength(1);
});

test("VariablesOfMlflow", () => {
  const warnings: string[] = [];
  const read = (environment: Record<string, string>) => readEnvironment(environment, (message) => void warnings.push(message));
  const all = read({
    MLFLOW_TRACE_TIMEOUT_SECONDS: "5",
    MLFLOW_TRACE_TIMEOUT_CHECK_INTERVAL_SECONDS: "2",
    MLFLOW_TRACE_BUFFER_TTL_SECONDS: "60",
    MLFLOW_TRACE_BUFFER_MAX_SIZE: "10",
    MLFLOW_TRACE_SAMPLING_RATIO: "0.5",
  });
  expect(all.traces).toEqual({ timeoutSeconds: 5, checkSeconds: 2, ttlSeconds: 60, maxTraces: 10, samplingRatio: 0.5 });
  expect([
    all.isDisabled,
    read({ MLFLOW_TRACING_ENABLED: "false" }).isDisabled,
    read({ MLFLOW_TRACING_ENABLED: "true" }).isDisabled,
  ]).toEqual([false, true, false]);
  expect(read({ MLFLOW_TRACE_TIMEOUT_SECONDS: "0" }).traces).toEqual({});
  expect(warnings).toEqual([]);
  expect(read({ MLFLOW_TRACE_TIMEOUT_SECONDS: "1.5", MLFLOW_TRACE_SAMPLING_RATIO: "2" }).traces).toEqual({});
  expect(warnings).toHaveLength(2);
});

test("AModuleWithoutAManagerIsNamedAndSpansGoOn", async () => {
  const small = new Handover({} as never, () => {
    throw new Error("the module ended");
  });
  expect(() => new ManagerCore(small)).toThrow(/init\(\{ module: "full" \}\)/);
  expect(small.isDead).toBe(false);

  const before = tracer().observer;
  const settings = { isRetaining: true, timeoutMillis: undefined, ttlSeconds: undefined, maxTraces: undefined };
  const keeper = new TraceKeeper(tracer(), () => new ManagerCore(small), settings);
  tracer().observer = keeper;
  const span = startSpan({ name: "x", parent: null });
  expect(span).toBeInstanceOf(LiveSpan);
  span.end();
  expect(keeper.keptTrace((span as LiveSpan).context.traceId)).toBeNull();
  expect(logger.lines.filter((line) => line.includes("traces are not kept"))).toHaveLength(1);
  keeper.stop();
  tracer().observer = before;
});
