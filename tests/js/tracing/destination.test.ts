// Where traces belong, by setDestination(), a context or the options of a root.
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  getLastActiveTraceId,
  init,
  reset,
  setDestination,
  startSpan,
  trace,
  tracingContext,
  TraceManager,
  withSpan,
  type LiveSpan,
  type TraceDestination,
} from "../../../js/index.js";
import { frames } from "../../../js/tracing/context.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start({ experimentId: "1", retainTraces: true }));
beforeEach(() => {
  logger.lines.length = 0;
});
afterEach(() => {
  reset();
});

const UC: TraceDestination = { catalogName: "main", schemaName: "traces" };
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function experimentOf(options: object = {}): Promise<unknown> {
  startSpan({ name: "root", parent: null, ...options }).end();
  return (await ended())[0]?.getAttribute("mlflow.experimentId");
}

test("TracesBelongToTheExperimentThatIsSet", async () => {
  expect(await experimentOf()).toBe("1");
  setDestination({ experimentId: "42" });
  expect(await experimentOf()).toBe("42");
  setDestination({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "43" } });
  expect(await experimentOf()).toBe("43");
  setDestination(null);
  expect(await experimentOf()).toBe("1");
});

test.each<[string, TraceDestination, string, object]>([
  ["a schema", UC, "main.traces", { type: "UC_SCHEMA", uc_schema: { catalog_name: "main", schema_name: "traces" } }],
  [
    "tables with a prefix",
    { ...UC, tablePrefix: "app" },
    "main.traces.app",
    { type: "UC_TABLE_PREFIX", uc_table_prefix: { catalog_name: "main", schema_name: "traces", table_prefix: "app" } },
  ],
  [
    "MLflow's dictionary",
    { type: "UC_SCHEMA", uc_schema: { catalog_name: "c", schema_name: "s" } },
    "c.s",
    { type: "UC_SCHEMA", uc_schema: { catalog_name: "c", schema_name: "s" } },
  ],
])("ALocationIsAPartOfTheTraceId: %s", async (_, destination, location, traceLocation) => {
  setDestination(destination);
  const root = startSpan({ name: "root", parent: null }) as LiveSpan;
  const child = root.startSpan({ name: "child" });
  child.end();
  root.end();

  expect(root.traceId).toBe(`trace:/${location}/${root.context.traceId}`);
  expect((await ended()).map(({ traceId }) => traceId)).toEqual([root.traceId, root.traceId]);
  const info = TraceManager.getInstance().popTrace(root.context.traceId)?.trace.info;
  expect(info?.traceLocation).toMatchObject(traceLocation);
  expect([info?.traceId, info?.experimentId]).toEqual([root.traceId, null]);
});

test("TheOptionOfARootWins", async () => {
  setDestination(UC);
  const root = startSpan({ name: "root", parent: null, destination: { experimentId: "7" } });
  expect(root.traceId).toMatch(/^tr-/);
  root.end();
  const traced = trace(() => getLastActiveTraceId(), { name: "traced", destination: { experimentId: "8" } });
  traced();
  expect((await ended()).map((span) => span.getAttribute("mlflow.experimentId"))).toEqual(["7", "8"]);
});

test("TheOptionOfAChildIsIgnoredWithAWarning", async () => {
  withSpan({ name: "root", parent: null }, (root) => {
    const child = startSpan({ name: "child", destination: UC });
    expect(child.traceId).toBe(root.traceId);
    child.end();
  });
  expect(logger.lines).toEqual([expect.stringContaining("that of a child is ignored")]);
  await ended();
});

test("ALocalDestinationHoldsInItsContextAlone", async () => {
  setDestination({ experimentId: "2" });
  const work = async (experimentId: string | null): Promise<void> => {
    // A context of its own, as a server has one for each request.
    await tracingContext({}, async () => {
      if (experimentId !== null) setDestination({ experimentId }, { contextLocal: true });
      await pause();
      startSpan({ name: experimentId ?? "none", parent: null }).end();
      await withSpan({ name: `${String(experimentId)} again` }, pause);
    });
  };
  await Promise.all([work("10"), work("11"), work(null)]);
  startSpan({ name: "outside", parent: null }).end();

  const seen = Object.fromEntries((await ended()).map((span) => [span.name, span.getAttribute("mlflow.experimentId")]));
  expect(seen).toEqual({
    "10": "10",
    "10 again": "10",
    "11": "11",
    "11 again": "11",
    none: "2",
    "null again": "2",
    outside: "2",
  });
});

test("TakenBackInItsContextTheOneOfAllTracesHolds", async () => {
  setDestination({ experimentId: "2" });
  const ids = await tracingContext({ destination: { experimentId: "3" } }, async () => [
    await experimentOf(),
    (setDestination(null, { contextLocal: true }), await experimentOf()),
  ]);
  expect(ids).toEqual(["3", "2"]);
});

test("AContextGivesADestinationAndTheInnerOneWins", async () => {
  setDestination({ experimentId: "2" });
  const ids = await tracingContext({ destination: { experimentId: "3" } }, async () => [
    await experimentOf(),
    await tracingContext({ destination: { experimentId: "4" } }, () => experimentOf()),
    await tracingContext({ tags: { a: "b" } }, () => experimentOf()),
    await experimentOf({ destination: { experimentId: "5" } }),
  ]);
  expect(ids).toEqual(["3", "4", "3", "5"]);
});

test("AHostWithoutSuchContextsSaysSo", () => {
  const store = frames();
  const { enter } = store;
  delete store.enter;
  try {
    setDestination(UC, { contextLocal: true });
  } finally {
    if (enter !== undefined) store.enter = enter;
  }
  expect(logger.lines).toEqual([expect.stringContaining("use tracingContext({ destination }, fn)")]);
});

test.each<[string, unknown]>([
  ["a string", "7"],
  ["undefined", undefined],
  ["an empty id", { experimentId: "" }],
  ["a number for an id", { experimentId: 7 }],
  ["half a schema", { catalogName: "main" }],
  ["a dot in a name", { catalogName: "a.b", schemaName: "s" }],
  ["a slash in a name", { catalogName: "a/b", schemaName: "s" }],
  ["an unknown type", { type: "INFERENCE_TABLE", inference_table: {} }],
  [
    "a getter that throws",
    {
      get experimentId(): string {
        throw new Error("no");
      },
    },
  ],
])("WhatNamesNoPlaceIsIgnoredWithAWarning: %s", async (_, destination) => {
  setDestination(destination as TraceDestination);
  tracingContext({ destination: destination as TraceDestination }, () => {
    startSpan({ name: "in a context", parent: null }).end();
  });
  startSpan({ name: "by option", parent: null, destination: destination as TraceDestination }).end();

  expect((await ended()).map((span) => span.getAttribute("mlflow.experimentId"))).toEqual(["1", "1"]);
  expect(logger.lines.length).toBeGreaterThan(0);
  expect(logger.lines.every((line) => line.startsWith("a destination is {"))).toBe(true);
});

test("ResetForgetsTheDestination", async () => {
  setDestination(UC);
  reset();
  const span = startSpan({ name: "after", parent: null });
  expect(span.traceId).toMatch(/^tr-/);
  span.end();
  await ended();
});

test("TheRunOfATraceIsMetadata", async () => {
  const root = startSpan({ name: "root", parent: null, runId: "run-1", experimentId: "9" }) as LiveSpan;
  root.startSpan({ name: "child", runId: "run-2", experimentId: "10" }).end();
  root.end();
  const spans = await ended();
  expect(spans.map((span) => span.getAttribute("mlflow.experimentId"))).toEqual(["9", "9"]);
  const info = TraceManager.getInstance().popTrace(root.context.traceId)?.trace.info;
  expect(info?.traceMetadata).toMatchObject({ "mlflow.sourceRun": "run-1" });
  expect(info?.experimentId).toBe("9");
});

test("APageThatIsStillLoadingPlacesItsTracesAfterwards", async () => {
  const { tracer } = await import("../../../js/tracing/realm.js");
  const { laterCode } = await import("../../../js/tracing/later.js");
  const shared = tracer();
  shared.later = null;
  const span = startSpan({ name: "early", parent: null, runId: "r", destination: { experimentId: "12" } }) as LiveSpan;
  expect(span.getAttribute("mlflow.experimentId")).not.toBe("12");
  shared.takeLater(laterCode);
  span.end();
  expect((await ended())[0]?.getAttribute("mlflow.experimentId")).toBe("12");
  await init();
});
