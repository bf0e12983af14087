// The reference's tests of batches of spans, at the level of the batcher and its queue: `logSpans` is
// what an exporter would hand in. Timings of the reference are kept on a clock that the test moves.
import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Span } from "../../../js/index.js";
import type { AsyncExportQueue } from "../../../js/mlflow/async_export_queue.js";
import { SpanBatcher } from "../../../js/mlflow/span_batcher.js";
import { loadModule, makeQueue, makeSetting, makeSpan, withVariables, type Setting } from "../mlflow/queue_harness.js";

interface Call {
  location: string;
  spans: readonly Span[];
}

let setting: Setting;
let calls: Call[];

beforeAll(loadModule);
beforeEach(() => {
  setting = makeSetting();
  calls = [];
});

interface Exporting {
  queue: AsyncExportQueue;
  batcher: SpanBatcher;
  /** What an exporter's flush is. */
  flush: () => Promise<void>;
}

/** Made as an exporter makes them, the queue first. */
function makeExporting(variables: Record<string, string> = {}): Exporting {
  const restore = withVariables(variables);
  const { time, logger, exit } = setting;
  const queue = makeQueue(setting);
  const logSpans = (location: string, spans: readonly Span[]): Promise<unknown> =>
    Promise.resolve(calls.push({ location, spans }));
  const batcher = new SpanBatcher(queue, logSpans, { logger, clock: time, timers: time, exitHooks: exit });
  restore();
  const flush = async (): Promise<void> => {
    await batcher.shutdown();
    const flushed = queue.flush({ terminate: true });
    await time.settle();
    await flushed;
  };
  return { queue, batcher, flush };
}

test("AT-12 export spans, batch of the maximum size: nothing before the fifth span, then one call with five", async () => {
  const { queue, batcher } = makeExporting({
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_SPAN_BATCH_SIZE: "5",
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_INTERVAL_MILLIS: "10000",
  });
  for (let id = 1; id <= 4; id++) batcher.addSpan("catalog.schema.spans", makeSpan(id));
  await setting.time.settle();
  expect(calls).toEqual([]);

  batcher.addSpan("catalog.schema.spans", makeSpan(5));
  await setting.time.advance(1000);
  await queue.flush();

  expect(calls).toHaveLength(1);
  expect(calls[0]?.location).toBe("catalog.schema.spans");
  expect(calls[0]?.spans).toHaveLength(5);
  for (const span of calls[0]?.spans ?? []) expect(span).toBeInstanceOf(Span);
});

test("AT-13 export spans, flush on interval: one span leaves after the interval, once", async () => {
  const { batcher } = makeExporting({
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_SPAN_BATCH_SIZE: "10",
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_INTERVAL_MILLIS: "1000",
  });
  batcher.addSpan("catalog.schema.spans", makeSpan(1));
  await setting.time.advance(999);
  expect(calls).toEqual([]);

  await setting.time.advance(501);

  expect(calls).toHaveLength(1);
  expect(calls[0]?.location).toBe("catalog.schema.spans");
  expect(calls[0]?.spans).toHaveLength(1);
});

test("AT-14 export spans, shutdown: what waits leaves in one call", async () => {
  const { batcher, flush } = makeExporting();
  for (let id = 1; id <= 3; id++) batcher.addSpan("catalog.schema.spans", makeSpan(id));
  await flush();
  expect(calls).toHaveLength(1);
  expect(calls[0]?.location).toBe("catalog.schema.spans");
  expect(calls[0]?.spans).toHaveLength(3);
});

test("AT-15 export spans, concurrently: five times five spans with equal ids are batches of 10, 10 and 5", async () => {
  const { batcher, flush } = makeExporting();
  const addFive = async (): Promise<void> => {
    for (let id = 0; id < 5; id++) {
      batcher.addSpan("catalog.schema.spans", makeSpan(id));
      await Promise.resolve();
    }
  };
  await Promise.all(Array.from({ length: 5 }, addFive));
  await flush();

  expect(calls.map(({ spans }) => spans.length)).toEqual([10, 10, 5]);
  expect(new Set(calls.map(({ location }) => location))).toEqual(new Set(["catalog.schema.spans"]));
  const ids = calls.flatMap(({ spans }) => spans.map(({ spanId }) => Number.parseInt(spanId, 16)));
  for (let id = 0; id < 5; id++) expect(ids.filter((each) => each === id)).toHaveLength(5);
});

test("AT-16 export spans, split by location: one call for each table, in order", async () => {
  const { batcher, flush } = makeExporting();
  for (let id = 1; id <= 2; id++) batcher.addSpan("catalog.schema.table_1", makeSpan(id));
  for (let id = 3; id <= 5; id++) batcher.addSpan("catalog.schema.table_2", makeSpan(id));
  await flush();
  expect(calls.map(({ location, spans }) => [location, spans.length])).toEqual([
    ["catalog.schema.table_1", 2],
    ["catalog.schema.table_2", 3],
  ]);
});

test("AT-17 exit handlers: two are registered, the queue's first, so that the batcher drains before it", async () => {
  const { exit, time } = setting;
  const order: string[] = [];
  const { queue, batcher } = makeExporting();
  expect(exit.registrations).toBe(2);
  const [ofQueue, ofBatcher] = exit.hooks;

  batcher.addSpan("catalog.schema.spans", makeSpan(1));
  exit.hooks[0] = async () => {
    order.push("queue");
    await ofQueue?.();
  };
  exit.hooks[1] = async () => {
    order.push("batcher");
    expect(queue.isActive()).toBe(false);
    await ofBatcher?.();
    expect(queue.isActive()).toBe(true);
  };
  const ended = exit.run();
  await time.settle();
  await ended;

  expect(order).toEqual(["batcher", "queue"]);
  expect(calls).toHaveLength(1);
  expect(queue.isActive()).toBe(false);
});
