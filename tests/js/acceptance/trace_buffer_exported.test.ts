// MLFLOW_TRACE_BUFFER_MAX_SIZE, MLFLOW_TRACE_BUFFER_TTL_SECONDS and the timers that look at what runs too long, from
// the variables to what a store of the test's is told.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { flushTraces, init, MlflowExporter, startSpan, TraceManager, type LiveSpan } from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { tracer } from "../../../js/tracing/realm.js";
import type { MockStore } from "./mock_store.js";
import { account, clock, logger, prepare, root, use } from "./trace_harness.js";

const VARIABLES = {
  MLFLOW_TRACE_BUFFER_MAX_SIZE: "3",
  MLFLOW_TRACE_BUFFER_TTL_SECONDS: "60",
  MLFLOW_TRACE_TIMEOUT_CHECK_INTERVAL_SECONDS: "5",
};
const before = { ...process.env };
let store: MockStore;

beforeAll(() => {
  Object.assign(process.env, VARIABLES);
});
prepare();
beforeEach(async () => {
  store = await use();
});
afterEach(() => {
  (tracer().observer as TraceKeeper).stop();
});
afterAll(() => {
  for (const name of Object.keys(VARIABLES)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

/** setTimeout and setInterval wait for the test; tasks and promises go on. */
function holdTimers(): void {
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "clearImmediate", "queueMicrotask", "performance", "Date"] });
}

function advance(millis: number): void {
  clock.advance(millis);
  jest.advanceTimersByTime(millis);
}

/** Tasks of the event loop that are due. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("MLFLOW_TRACE_BUFFER_MAX_SIZE", () => {
  test("one open trace too many pushes out the one used longest ago; it is not sent, and counted", async () => {
    const [first, second, third] = [root("first"), root("second"), root("third")];
    expect(TraceManager.getInstance().getTrace(first.traceId)).not.toBeNull();
    const fourth = root("fourth");
    for (const span of [first, second, third, fourth]) span.end();
    await flushTraces();
    expect(store.loggedNames.sort()).toEqual(["first", "fourth", "third"]);
    expect(store.started).toHaveLength(3);
    expect(account()).toEqual({ produced: 4, delivered: 3, trace_evicted: 1 });
    expect(logger.lines).toEqual([]);
  });

  test("what had ended of the trace is counted with it, and so is what ends later", async () => {
    const span = root("evicted");
    (span.startSpan({ name: "child" }) as LiveSpan).end();
    const others = [root(), root(), root()];
    expect(account()).toEqual({ produced: 1, trace_evicted: 1 });
    const late = span.startSpan({ name: "second child" }) as LiveSpan;
    late.end();
    span.end();
    for (const other of others) other.end();
    await flushTraces();
    expect(account()).toEqual({ produced: 6, delivered: 3, trace_evicted: 3 });
    expect(store.loggedNames).toEqual(["root", "root", "root"]);
  });

  test("finished traces that wait for their exporter are not pushed out", async () => {
    await init({ exporter: new MlflowExporter({ client: store, logger, async: true }), logger });
    for (let i = 0; i < 50; i++) root().end();
    await flushTraces();
    expect(account()).toEqual({ produced: 50, delivered: 50 });
  });
});

describe("MLFLOW_TRACE_BUFFER_TTL_SECONDS", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test("an open trace that is too old is dropped in silence and counted, without anybody asking for it", async () => {
    holdTimers();
    const span = root("old");
    (span.startSpan({ name: "child" }) as LiveSpan).end();
    advance(59_000);
    expect(account()).toEqual({ produced: 1, pending: 1 });
    advance(60_000);
    expect(account()).toEqual({ produced: 1, trace_expired: 1 });
    expect(span.hasEnded).toBe(false);
    jest.useRealTimers();
    span.end();
    root("young").end();
    await flushTraces();
    expect(store.loggedNames).toEqual(["young"]);
    expect(account()).toEqual({ produced: 3, delivered: 1, trace_expired: 2 });
    expect(logger.lines).toEqual([]);
  });

  test("a trace that ends in time is sent however long the server was away", async () => {
    holdTimers();
    const span = root("in time");
    advance(50_000);
    span.end();
    advance(100_000);
    jest.useRealTimers();
    await flushTraces();
    expect(account()).toEqual({ produced: 1, delivered: 1 });
  });
});

test("TM-15 MLFLOW_TRACE_TIMEOUT_SECONDS as it stands when an exporter is made", async () => {
  const halted = async (): Promise<string[]> => {
    store = await use();
    const span = root("slow");
    clock.advance(3000);
    (tracer().observer as TraceKeeper).tick();
    span.end();
    await flushTraces();
    return store.started.map(({ state }) => state);
  };
  process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"] = "2";
  expect(await halted()).toEqual(["ERROR"]);
  process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"] = "5";
  expect(await halted()).toEqual(["OK"]);
  Reflect.deleteProperty(process.env, "MLFLOW_TRACE_TIMEOUT_SECONDS");
});

test("TM-17 a timeout that is set while traces are open discards them, with a warning and a count", async () => {
  const open = root("open");
  await init({ traceTimeoutMillis: 60_000 });
  const next = root("next");
  expect(logger.lines).toEqual([expect.stringMatching(/timeout.*discard|discard.*timeout/i)]);
  open.end();
  next.end();
  await flushTraces();
  expect(store.loggedNames).toEqual(["next"]);
  expect(account()).toEqual({ produced: 2, delivered: 1, trace_evicted: 1 });
});

describe("MLFLOW_TRACE_TIMEOUT_CHECK_INTERVAL_SECONDS", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test("says when it is looked at traces with a timeout; what ran too long is halted and sent without a flush", async () => {
    await init({ traceTimeoutMillis: 1000 });
    holdTimers();
    const span = startSpan({ name: "stuck", parent: null }) as LiveSpan;
    advance(4999);
    await settle();
    expect(span.hasEnded).toBe(false);
    advance(1);
    await settle();
    expect(span.hasEnded).toBe(true);
    expect(store.calls).toEqual(["logSpans", "startTrace"]);
    expect(store.started[0]?.state).toBe("ERROR");
    expect(account()).toEqual({ produced: 1, delivered: 1 });
  });

  test("with a timeout the first that began makes room, whatever was read since", async () => {
    const [first, second] = [root("first"), root("second"), root("third")];
    TraceManager.getInstance().getTrace((first as LiveSpan).traceId);
    root("fourth").end();
    first?.end();
    second?.end();
    await flushTraces();
    expect(account()).toEqual({ produced: 3, delivered: 2, trace_evicted: 1 });
    expect(store.loggedNames.sort()).toEqual(["fourth", "second"]);
  });
});
