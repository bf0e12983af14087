// Spans that are open when their root ends: when the trace leaves, what is sent of it, and how the
// spans that end later are counted. Timers wait for the test.
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
  flushTraces,
  init,
  MlflowExporter,
  NoOpSpan,
  shutdown,
  startSpan,
  stats,
  updateCurrentTrace,
  withSpan,
  type LiveSpan,
  type TraceInfo,
} from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import { error, type MockStore } from "./mock_store.js";
import { account, clock, logger, prepare, root, use } from "./trace_harness.js";

const BOTH = [
  ["a synchronous exporter", false],
  ["an asynchronous exporter", true],
] as const;
let store: MockStore;
prepare();

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "clearImmediate", "queueMicrotask", "performance", "Date"] });
});
afterEach(async () => {
  jest.useRealTimers();
  await flushTraces();
});

async function advance(millis: number): Promise<void> {
  clock.advance(millis);
  jest.advanceTimersByTime(millis);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function child(of: LiveSpan, name = "child"): LiveSpan {
  return of.startSpan({ name }) as LiveSpan;
}

/** The server keeps no spans: they go as an artifact. */
async function useArtifacts(): Promise<MockStore> {
  const mock = await use();
  mock.onStart = (info) => info;
  mock.onLog = () => {
    throw error("no", { httpStatus: 501 });
  };
  root("first").end();
  await advance(0);
  mock.clear();
  return mock;
}

function numSpans(info: TraceInfo | undefined): unknown {
  return (JSON.parse(info?.traceMetadata["mlflow.trace.sizeStats"] ?? "{}") as { num_spans?: number }).num_spans;
}

describe.each(BOTH)("%s", (_name, isAsync) => {
  beforeEach(async () => {
    store = await use({ async: isAsync });
  });

  test("waits for a child that outlives its root, and sends the trace once, whole, when it ends", async () => {
    const span = root();
    const late = child(span);
    span.end();
    await advance(29_999);
    expect(store.calls).toEqual([]);
    expect(account()).toEqual({ produced: 1, pending: 1 });
    late.setOutputs("done");
    late.end();
    await advance(0);
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(store.loggedNames).toEqual(["root", "child"]);
    expect(numSpans(store.started[0])).toBe(2);
    await advance(60_000);
    expect(store.calls).toHaveLength(2);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("sends what has ended 30 seconds after the root; the numbers of the trace fit it", async () => {
    const span = root();
    child(span, "ended").end();
    const open = child(span, "open");
    span.end();
    await advance(30_000);
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(store.loggedNames).toEqual(["root", "ended"]);
    expect(numSpans(store.started[0])).toBe(2);
    expect(store.started[0]?.state).toBe("OK");
    expect(open.hasEnded).toBe(false);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
    open.end();
  });

  test("sends the others after it by OTLP alone, each after the delay of a batch", async () => {
    const span = root();
    const [one, two] = [child(span, "one"), child(span, "two")];
    span.end();
    await advance(30_000);
    store.clear();
    one.end();
    expect(store.calls).toEqual([]);
    await advance(5000);
    expect(store.loggedNames).toEqual(["one"]);
    await advance(600_000);
    two.end();
    await advance(5000);
    expect(store.calls).toEqual(["logSpans", "logSpans"]);
    expect(store.loggedNames).toEqual(["one", "two"]);
    expect(store.logged.every(({ spans }) => spans.every(({ parentId }) => parentId === span.spanId))).toBe(true);
    expect(account()).toEqual({ produced: 3, delivered: 3 });
  });

  test("a child of a trace that has left is an ordinary span with its parent", async () => {
    const span = root();
    const open = child(span);
    span.end();
    await advance(30_000);
    const late = child(open, "late");
    expect(late).not.toBeInstanceOf(NoOpSpan);
    late.end();
    open.end();
    await advance(5000);
    expect(store.loggedNames.sort()).toEqual(["child", "late", "root"]);
    expect(store.logged.at(-1)?.spans.find(({ name }) => name === "late")?.parentId).toBe(open.spanId);
    expect(store.started).toHaveLength(1);
    expect(account()).toEqual({ produced: 3, delivered: 3 });
  });

  test("tags that are set between the root's end and the last child's go with the trace", async () => {
    const span = root();
    const late = child(span);
    span.end();
    await late.withSpan({ name: "inner" }, async () => {
      await Promise.resolve();
      updateCurrentTrace({ tags: { stage: "late" } });
    });
    late.end();
    await advance(0);
    expect(store.started[0]?.tags["stage"]).toBe("late");
    expect(numSpans(store.started[0])).toBe(3);
  });

  test("a flush does not wait the 30 seconds; the timer sends nothing a second time", async () => {
    const span = root();
    const open = child(span);
    span.end();
    const flushed = flushTraces();
    await advance(0);
    expect(await flushed).toMatchObject({ status: "flushed", delivered: 1 });
    await advance(60_000);
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    open.end();
    await advance(5000);
    expect(store.loggedNames).toEqual(["root", "child"]);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
  });

  test("a thousand such traces leave at their time and none of their spans is lost", async () => {
    await init({ exporter: new MlflowExporter({ client: store, logger, async: isAsync, maxQueueSize: 2000 }), logger });
    const open = Array.from({ length: 1000 }, () => {
      const span = root();
      const late = child(span);
      span.end();
      return late;
    });
    await advance(30_000);
    for (let i = 0; i < 500 && store.started.length < 1000; i++) await advance(0);
    expect(store.started).toHaveLength(1000);
    for (const late of open) late.end();
    await advance(5000);
    const flushed = flushTraces();
    await advance(0);
    jest.useRealTimers();
    await flushed;
    expect(account()).toEqual({ produced: 2000, delivered: 2000 });
  });
});

describe("a server that keeps no spans", () => {
  test("gets the open ones with the artifact, marked; what they become is lost as late", async () => {
    store = await useArtifacts();
    const span = root();
    const open = child(span);
    open.setInputs({ q: 1 });
    span.end();
    await advance(30_000);
    expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
    const uploaded = store.uploaded[0]?.spans ?? [];
    expect(uploaded.map(({ name, endTimeNs, status }) => [name, endTimeNs === null, status.statusCode])).toEqual([
      ["root", false, "OK"],
      ["child", true, "UNSET"],
    ]);
    expect(uploaded[1]?.getAttribute("spandrel.unfinished")).toBe(true);
    expect(uploaded[1]?.inputs).toEqual({ q: 1 });
    open.end();
    await advance(5000);
    expect(store.calls).toHaveLength(2);
    expect(account()).toEqual({ produced: 3, delivered: 2, late: 1 });
  });

  test("gets a trace whose child ends in time as one artifact", async () => {
    store = await useArtifacts();
    const span = root();
    const late = child(span);
    span.end();
    await advance(20_000);
    late.end();
    await advance(60_000);
    expect(store.calls).toEqual(["startTrace", "uploadTraceData"]);
    expect(store.uploaded[0]?.spans.map(({ name }) => name)).toEqual(["root", "child"]);
    expect(account()).toEqual({ produced: 3, delivered: 3 });
  });
});

describe("an end that comes before the 30 seconds are over", () => {
  test("a timeout ends the child; the trace leaves whole and its state is the root's", async () => {
    store = await use();
    await init({ traceTimeoutMillis: 5000 });
    const span = root();
    const open = child(span);
    span.end();
    await advance(6000);
    expect(open.hasEnded).toBe(true);
    expect(store.loggedNames).toEqual(["root", "child"]);
    expect(store.started.map(({ state }) => state)).toEqual(["OK"]);
    expect(store.logged[0]?.spans.map(({ status }) => status.statusCode)).toEqual(["OK", "ERROR"]);
    expect(open.startSpan({ name: "too late" })).toBeInstanceOf(NoOpSpan);
    expect(account()).toEqual({ produced: 2, delivered: 2 });
    (tracer().observer as TraceKeeper).stop();
  });

  test("a shutdown sends the trace with the open child, marked and not counted as produced", async () => {
    store = await use();
    const before = stats().notProduced.unfinished;
    const span = root();
    const open = child(span);
    span.end();
    const over = shutdown();
    await advance(0);
    await over;
    const sent = store.logged.flatMap(({ spans }) => spans);
    expect(sent.map(({ name, endTimeNs }) => [name, endTimeNs === null]).sort()).toEqual([
      ["child", true],
      ["root", false],
    ]);
    expect(sent.find(({ name }) => name === "child")?.getAttribute("spandrel.unfinished")).toBe(true);
    expect(store.started).toHaveLength(1);
    expect(stats().notProduced.unfinished).toBe(before + 1);
    open.setOutputs("nobody hears");
    open.end();
    expect(account()["pending"]).toBeUndefined();
    expect(withSpan({ name: "later" }, () => 7)).toBe(7);
    expect(startSpan({ name: "later" })).toBeInstanceOf(NoOpSpan);
  });
});
