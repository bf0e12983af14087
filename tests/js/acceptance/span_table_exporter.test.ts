// AT-09 … AT-17 through SpanTableExporter, on a store of the test's and a clock that it moves.
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  flushTraces,
  generateTraceIdV4,
  init,
  setDestination,
  Span,
  SpanBatch,
  SpanTableExporter,
  stats,
  TraceInfo,
  TraceManager,
  withSpan,
  type SpanTableExporterOptions,
} from "../../../js/index.js";
import { FakeTime } from "../export/fake_time.js";
import { TestLogger } from "../tracing/harness.js";
import { error, MockStore } from "./mock_store.js";

const TABLE = "catalog.schema.spans";
const TRACE_ID_HEX = "00000000000000000000000000003039";
const logger = new TestLogger();
let time: FakeTime;
let store: MockStore;

function exporterOf(options: SpanTableExporterOptions = {}): SpanTableExporter {
  return new SpanTableExporter({ client: store, logger, location: TABLE, ...options });
}

/** Ended spans of other libraries, numbered; not roots. */
function spansOf(...ids: number[]): Span[] {
  return ids.map((id) =>
    Span.fromOtlp({
      traceId: TRACE_ID_HEX,
      spanId: (id + 0x10).toString(16).padStart(16, "0"),
      parentSpanId: "00000000000000ff",
      name: `span ${String(id)}`,
      startTimeUnixNano: "1",
      endTimeUnixNano: "2",
    }),
  );
}

function batchOf(...ids: number[]): SpanBatch {
  return SpanBatch.of(spansOf(...ids));
}

beforeAll(async () => {
  await init({ exporter: "none", logger });
});
beforeEach(() => {
  logger.lines.length = 0;
  time = new FakeTime();
  store = new MockStore("databricks");
});

describe.each([
  ["async", true],
  ["sync", false],
] as const)("%s", (name, isAsync) => {
  test(`AT-09 test_export_spans_to_uc_table: one call a span where nothing is gathered, with v4 ids (${name})`, async () => {
    const exporter = exporterOf({ async: isAsync, maxBatchSize: 1 });
    const traceId = generateTraceIdV4(12345n, "catalog.schema");
    const info = new TraceInfo({
      traceId,
      traceLocation: { type: "UC_SCHEMA", uc_schema: { catalog_name: "catalog", schema_name: "schema" } },
      requestTime: 1,
    });
    TraceManager.getInstance().registerTrace(12345n, info);
    const [span] = spansOf(1) as [Span];
    const exported = exporter.export(SpanBatch.of([span]));
    await exporter.flush();
    expect(await exported).toMatchObject({ status: "success" });
    expect(store.logged).toHaveLength(1);
    expect(store.logged[0]?.location).toBe(TABLE);
    const [sent] = store.logged[0]?.spans as [Span];
    expect(sent).toBeInstanceOf(Span);
    expect(sent.toDict()).toEqual(span.toDict());
    TraceManager.getInstance().popTrace(12345n);
  });

  test(`AT-10 test_log_trace_no_upload_data_for_uc_schema: the info is sent, nothing is uploaded (${name})`, async () => {
    const { traceId } = await wholeTrace(isAsync, "catalog.schema");
    expect(traceId).toMatch(/^trace:\/catalog\.schema\/[0-9a-f]{32}$/);
    expect(store.started).toMatchObject([
      { traceId, traceLocation: { type: "UC_SCHEMA", uc_schema: { catalog_name: "catalog", schema_name: "schema" } } },
    ]);
    expect(store.uploaded).toEqual([]);
    // The table is the one of the id, whatever the option says.
    expect(new Set(store.logged.map(({ location }) => location))).toEqual(new Set(["catalog.schema"]));
    expect(store.loggedNames.sort()).toEqual(["child", "root"]);
  });

  test(`AT-11 test_log_trace_no_log_spans_if_no_uc_schema: without a table only the info is sent (${name})`, async () => {
    const { traceId } = await wholeTrace(isAsync, null);
    expect(store.started.map((info) => info.traceId)).toEqual([traceId]);
    expect([store.logged, store.uploaded]).toEqual([[], []]);
    const counters = Object.values(stats().destinations).at(-1);
    expect(counters).toMatchObject({ produced: 2, delivered: 0, pending: 0, dropped: { rejected: 2 } });
  });
});

/** A root and its child, through init(). */
async function wholeTrace(isAsync: boolean, location: string | null): Promise<{ traceId: string }> {
  const exporter = new SpanTableExporter({ client: store, logger, async: isAsync });
  await init({ exporter, logger });
  if (location !== null) {
    const [catalogName, schemaName] = location.split(".") as [string, string];
    setDestination({ catalogName, schemaName });
  }
  let traceId = "";
  withSpan({ name: "root" }, (root) => {
    traceId = root.traceId;
    withSpan({ name: "child" }, () => undefined);
  });
  setDestination(null);
  await flushTraces();
  await init({ exporter: "none" });
  return { traceId };
}

test("AT-12 test_export_spans_batch_max_size through SpanTableExporter: the fifth span makes the batch", async () => {
  const exporter = exporterOf({ maxBatchSize: 5, intervalMillis: 10_000, clock: time, timers: time });
  const first = exporter.export(batchOf(1, 2, 3, 4));
  await time.settle();
  expect(store.logged).toEqual([]);

  const second = exporter.export(batchOf(5));
  await time.settle();
  expect(store.logged).toHaveLength(1);
  const { location, spans } = store.logged[0] as (typeof store.logged)[0];
  expect(location).toBe(TABLE);
  expect(spans.map(({ name }) => name)).toEqual(["span 1", "span 2", "span 3", "span 4", "span 5"]);
  expect(spans.every((span) => span instanceof Span)).toBe(true);
  expect([await first, await second]).toEqual([{ status: "success" }, { status: "success" }]);
});

test("AT-13 test_export_spans_batch_flush_on_interval through SpanTableExporter: one span leaves when the interval is over", async () => {
  const exporter = exporterOf({ maxBatchSize: 10, intervalMillis: 1000, clock: time, timers: time });
  void exporter.export(batchOf(1));
  await time.advance(999);
  expect(store.logged).toEqual([]);
  await time.advance(501);
  expect(store.logged.map(({ location, spans }) => [location, spans.length])).toEqual([[TABLE, 1]]);
});

test("AT-14 test_export_spans_batch_shutdown through SpanTableExporter: a flush sends what waits, and later spans still go", async () => {
  const exporter = exporterOf();
  void exporter.export(batchOf(1, 2, 3));
  await exporter.flush();
  expect(store.logged.map(({ location, spans }) => [location, spans.length])).toEqual([[TABLE, 3]]);

  void exporter.export(batchOf(4));
  await exporter.flush();
  expect(store.logged).toHaveLength(2);

  await exporter.shutdown();
  expect(await exporter.export(batchOf(5))).toMatchObject({ status: "failure", error: { lossReason: "shutdown" } });
  expect(store.logged).toHaveLength(2);
});

test("AT-14 a synchronous exporter has nothing to flush, and does not fail", async () => {
  const exporter = exporterOf({ async: false });
  await exporter.export(batchOf(1, 2, 3));
  await exporter.flush();
  expect(store.logged.map(({ spans }) => spans.length)).toEqual([3]);
});

test("AT-15 test_export_spans_batch_thread_safety through SpanTableExporter: five times five spans are batches of 10, 10 and 5", async () => {
  const exporter = exporterOf({ maxBatchSize: 10 });
  const workers = Array.from({ length: 5 }, async () => {
    await null;
    // The same ids in each worker: nothing is taken for a repetition.
    void exporter.export(batchOf(0, 1, 2, 3, 4));
  });
  await Promise.all(workers);
  await exporter.flush();
  expect(store.logged.map(({ location, spans }) => [location, spans.length])).toEqual([
    [TABLE, 10],
    [TABLE, 10],
    [TABLE, 5],
  ]);
});

test("AT-16 test_export_spans_batch_split_spans_by_location through SpanTableExporter: a call for each table, in order", async () => {
  let location = "catalog.schema.table_1";
  const exporter = exporterOf({ location: () => location });
  void exporter.export(batchOf(1, 2));
  // Asked when a span is handed over, not when it is sent.
  location = "catalog.schema.table_2";
  void exporter.export(batchOf(3, 4, 5));
  location = "catalog.schema.table_3";
  await exporter.flush();
  expect(store.logged.map(({ location: table, spans }) => [table, spans.length])).toEqual([
    ["catalog.schema.table_1", 2],
    ["catalog.schema.table_2", 3],
  ]);
});

test("AT-17 test_at_exit_callback_registered_in_correct_order through SpanTableExporter: the queue's hook first, the batcher's second", async () => {
  const hooks: (() => Promise<void> | void)[] = [];
  const exitHooks = {
    register: (hook: () => Promise<void> | void) => {
      hooks.push(hook);
      return () => void hooks.splice(hooks.indexOf(hook), 1);
    },
  };
  const exporter = exporterOf({ exitHooks });
  expect(hooks).toHaveLength(2);

  void exporter.export(batchOf(1, 2, 3));
  await time.settle();
  const [queueHook, batcherHook] = [...hooks] as [() => Promise<void>, () => Promise<void>];
  await batcherHook();
  await queueHook();
  expect(store.logged.map(({ spans }) => spans.length)).toEqual([3]);
  expect(exporterOf({ exitHooks, async: false }).asyncQueue).toBeNull();
});

test("ATableThatRefusesIsAWarningOnceAndItsSpansAreCounted", async () => {
  store.onLog = () => {
    throw error("no such table", { httpStatus: 404 });
  };
  const exporter = exporterOf({ maxBatchSize: 1 });
  const outcomes = [exporter.export(batchOf(1)), exporter.export(batchOf(2))];
  await exporter.flush();
  expect((await Promise.all(outcomes)).map((outcome) => outcome.status === "failure" && outcome.error)).toMatchObject([
    { lossReason: "http_4xx", httpStatus: 404 },
    { lossReason: "http_4xx", httpStatus: 404 },
  ]);
  expect(logger.lines).toEqual([expect.stringContaining("no such table")]);
});

test("SpansForWhichTheQueueHasNoRoomAreCounted", async () => {
  const exporter = exporterOf({ maxBatchSize: 1, maxQueueSize: 1, maxWorkers: 1 });
  const outcomes = await Promise.all([...[1, 2, 3, 4].map((id) => exporter.export(batchOf(id))), exporter.flush()]);
  const lost = outcomes.filter((outcome) => outcome?.status === "failure");
  expect(lost.length).toBeGreaterThan(0);
  for (const outcome of lost) expect(outcome).toMatchObject({ error: { lossReason: "queue_full" } });
  expect(store.loggedNames).toHaveLength(4 - lost.length);
});
