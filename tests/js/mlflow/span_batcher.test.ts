// The span batcher against the built module: the recorded cases of its kind, then what it promises
// beyond them.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Span } from "../../../js/index.js";
import type { CodecCore } from "../../../js/load/codec_core.js";
import { queueAndBatcherCount } from "../../../js/load/queue_core.js";
import { AsyncExportQueue } from "../../../js/mlflow/async_export_queue.js";
import { SpanBatcher, type SpanBatcherOptions } from "../../../js/mlflow/span_batcher.js";
import type { Task } from "../../../js/mlflow/task.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { goldenFile } from "../tracing/recorded.js";
import { loadModule, makeQueue, makeSetting, makeSpan, withVariables, type Setting } from "./queue_harness.js";

interface Batch {
  location: string;
  spans: number[];
}
type Step = { batches_so_far: Batch[] } & (
  { step: "add"; spans: [location: string, number: number][] } | { step: "settle"; ms: number } | { step: "flush" | "shutdown" }
);
interface BatcherCase {
  name: string;
  kind: "queue" | "batcher" | "exit";
  input: { max_span_batch_size: string | null; max_interval_millis: string | null };
  steps: Step[];
  error_messages: string[];
  expected: { registered: string[]; run_last_in_first_out: string[] };
}

/** What differs by intent. */
const DEVIATIONS: Record<string, string> = {
  "default size and interval":
    "batches of 10, as the reference has them and its tests expect (25 spans: 10, 10, 5); 3.17.2 has 5",
};

const { cases } = goldenFile("async_queue.json") as { cases: BatcherCase[] };
const recorded = cases.filter(({ kind }) => kind !== "queue");
let passed = 0;
let setting: Setting;

beforeAll(loadModule);
beforeEach(() => {
  setting = makeSetting();
});
afterAll(() => {
  const deviations = Object.entries(DEVIATIONS).map(([name, why]) => `  ${name}: ${why}`);
  process.stdout.write(
    `golden async_queue, kinds batcher and exit: passed ${String(passed)} of ${String(recorded.length)}\n${deviations.join("\n")}\n`,
  );
});

/** Runs each task in put(), as the recorder's stand-in did. */
class InstantQueue extends AsyncExportQueue {
  readonly #setting: Setting;

  constructor(setting: Setting) {
    super({ exitHooks: setting.exit });
    this.#setting = setting;
  }
  override put(task: Task): void {
    void task.handle(this.#setting.logger);
  }
}

interface Batching {
  batcher: SpanBatcher;
  batches: Batch[];
}

function makeBatcher(queue: AsyncExportQueue, options: SpanBatcherOptions = {}): Batching {
  const batches: Batch[] = [];
  const { time, logger, exit } = setting;
  const logSpans = (location: string, spans: readonly Span[]): Promise<unknown> => {
    batches.push({ location, spans: spans.map(({ spanId }) => Number.parseInt(spanId, 16)) });
    return Promise.reject(new Error("no"));
  };
  const batcher = new SpanBatcher(queue, logSpans, { logger, clock: time, timers: time, exitHooks: exit, ...options });
  return { batcher, batches };
}

async function play({ batcher, batches }: Batching, step: Step): Promise<void> {
  switch (step.step) {
    case "add":
      for (const [location, number] of step.spans) batcher.addSpan(location, makeSpan(number));
      break;
    case "settle":
      await setting.time.advance(step.ms);
      break;
    case "flush":
      await batcher.flush();
      break;
    case "shutdown":
      await batcher.shutdown();
  }
  expect(batches).toEqual(step.batches_so_far);
}

async function replay(found: BatcherCase): Promise<void> {
  const restore = withVariables({
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_SPAN_BATCH_SIZE: found.input.max_span_batch_size,
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_INTERVAL_MILLIS: found.input.max_interval_millis,
  });
  const batching = makeBatcher(new InstantQueue(setting));
  restore();
  for (const step of found.steps) await play(batching, step);
  await setting.time.settle();
  const texts = new Set(setting.logger.at("warn"));
  expect(texts).toEqual(new Set(found.error_messages.map((message) => `${message} Error: no.`)));
}

const batching = recorded.filter(({ kind }) => kind === "batcher");
test.each(batching.map((found) => [found.name, found] as const))("recorded: %s", async (name, found) => {
  if (DEVIATIONS[name] === undefined) {
    await replay(found);
    passed++;
  } else {
    await expect(replay(found)).rejects.toThrow();
  }
});

test("recorded: order of exit handlers of the span-table exporter", async () => {
  const found = recorded.find(({ kind }) => kind === "exit") as BatcherCase;
  const ran: string[] = [];
  const queue = new (class extends AsyncExportQueue {
    override flush(): Promise<void> {
      ran.push("AsyncTraceExportQueue");
      return Promise.resolve();
    }
    override isActive = (): boolean => true;
  })({ logger: setting.logger, timers: setting.time, clock: setting.time, exitHooks: setting.exit });
  const ofQueue = [...setting.exit.hooks];
  const { batcher } = makeBatcher(queue);
  const ofBatcher = setting.exit.hooks.filter((hook) => !ofQueue.includes(hook));
  const registered = setting.exit.hooks.map((hook) => (ofQueue.includes(hook) ? "AsyncTraceExportQueue" : "SpanBatcher"));
  batcher.flush = () => {
    ran.push("SpanBatcher");
    return Promise.resolve();
  };
  queue.activate();
  await setting.exit.run();

  expect(ofBatcher).toHaveLength(1);
  expect({ registered, run_last_in_first_out: ran }).toEqual(found.expected);
  passed++;
});

describe("batches", () => {
  test("by default 25 spans become batches of 10, 10 and 5", async () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting));
    for (let i = 0; i < 25; i++) batcher.addSpan("c.s.t", makeSpan(i));
    await batcher.shutdown();
    expect(batches.map(({ spans }) => spans.length)).toEqual([10, 10, 5]);
  });

  test("by default what waits leaves after 5 seconds", async () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting));
    batcher.addSpan("c.s.t", makeSpan(1));
    await setting.time.advance(4_999);
    expect(batches).toEqual([]);
    await setting.time.advance(1);
    expect(batches).toEqual([{ location: "c.s.t", spans: [1] }]);
  });

  test("the interval begins anew with each batch, and no timer runs while nothing waits", async () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting), { maxBatchSize: 2, intervalMillis: 100 });
    expect(setting.time.pendingTimers).toBe(0);
    batcher.addSpan("a", makeSpan(1));
    await setting.time.advance(90);
    batcher.addSpan("a", makeSpan(2));
    batcher.addSpan("a", makeSpan(3));
    await setting.time.advance(90);
    expect(batches).toEqual([{ location: "a", spans: [1, 2] }]);
    await setting.time.advance(10);
    expect(batches[1]).toEqual({ location: "a", spans: [3] });
    expect(setting.time.pendingTimers).toBe(0);
  });

  test("go to the queue in order, one task for each location", async () => {
    const queue = makeQueue(setting, { maxWorkers: 1 });
    const { batcher, batches } = makeBatcher(queue, { maxBatchSize: 3 });
    for (let i = 0; i < 6; i++) batcher.addSpan(i % 2 === 0 ? "even" : "odd", makeSpan(i));
    await setting.time.settle();
    expect(batches).toEqual([
      { location: "even", spans: [0, 2] },
      { location: "odd", spans: [1] },
      { location: "odd", spans: [3, 5] },
      { location: "even", spans: [4] },
    ]);
  });

  test("a burst never keeps more than sixteen full batches back", () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting), { maxBatchSize: 10 });
    for (let i = 0; i < 159; i++) batcher.addSpan("a", makeSpan(i));
    expect(batches).toHaveLength(0);
    batcher.addSpan("a", makeSpan(159));
    expect(batches).toHaveLength(16);
  });

  test("carry locations of any text", async () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting));
    const locations = ["", "表.スキーマ", "a\u0000b", "x".repeat(10_000)];
    locations.forEach((location, i) => batcher.addSpan(location, makeSpan(i)));
    batcher.addSpan(undefined as unknown as string, makeSpan(9));
    await batcher.flush();
    expect(batches.map(({ location }) => location)).toEqual([...locations, "undefined"]);
  });
});

describe("shutdown", () => {
  test("happens once; spans that come later are dropped and counted", async () => {
    const lost: [number, string][] = [];
    const onDropped = (count: number, reason: string): void => void lost.push([count, reason]);
    const { batcher, batches } = makeBatcher(new InstantQueue(setting), { onDropped });
    batcher.addSpan("a", makeSpan(1));
    await Promise.all([batcher.shutdown(), batcher.shutdown()]);
    batcher.addSpan("a", makeSpan(2));
    await batcher.flush();
    await batcher.shutdown();
    expect(batches).toEqual([{ location: "a", spans: [1] }]);
    expect(batcher.droppedCount).toBe(1);
    expect(lost).toEqual([[1, "shutdown"]]);
    expect(setting.time.pendingTimers).toBe(0);
  });

  test("frees what the batcher had in the core, and removes its hook", async () => {
    const { handover } = codec() as CodecCore;
    const before = queueAndBatcherCount(handover);
    const queue = new InstantQueue(setting);
    for (let i = 0; i < 100; i++) {
      const { batcher } = makeBatcher(queue);
      batcher.addSpan("a", makeSpan(i));
      await batcher.shutdown();
      await makeBatcher(queue).batcher.shutdown();
    }
    expect(queueAndBatcherCount(handover)).toBe(before);
    expect(setting.exit.hooks).toHaveLength(1);
  });

  test("at the end of the process spans leave, and the batcher stays usable for what comes yet", async () => {
    const { batcher, batches } = makeBatcher(new InstantQueue(setting));
    batcher.addSpan("a", makeSpan(1));
    await setting.exit.run();
    expect(batches).toHaveLength(1);
    batcher.addSpan("a", makeSpan(2));
    await setting.exit.run();
    expect(batches).toHaveLength(2);
    expect(batcher.droppedCount).toBe(0);
  });
});

describe("losses", () => {
  test("spans for which the queue has no room are counted, each", async () => {
    const lost: [number, string][] = [];
    const queue = makeQueue(setting, { maxQueueSize: 1, maxWorkers: 1 });
    const { batcher } = makeBatcher(queue, {
      maxBatchSize: 2,
      onDropped: (count, reason) => void lost.push([count, reason]),
    });
    for (let i = 0; i < 8; i++) batcher.addSpan("a", makeSpan(i));
    await Promise.resolve();
    expect(lost).toEqual([
      [2, "queue_full"],
      [2, "queue_full"],
    ]);
    expect(batcher.droppedCount).toBe(4);
    expect(queue.droppedCount).toBe(2);
    await setting.time.settle();
  });

  test("a queue or a listener that throws hurts nobody", async () => {
    class Broken extends InstantQueue {
      override put(): void {
        throw new Error("broken");
      }
    }
    const onDropped = (): never => {
      throw new Error("listener");
    };
    const { batcher } = makeBatcher(new Broken(setting), { maxBatchSize: 2, onDropped });
    for (let i = 0; i < 3; i++) batcher.addSpan("a", makeSpan(i));
    await batcher.shutdown();
    expect(batcher.droppedCount).toBe(3);
  });
});

test("options that cannot be used are reported and ignored", async () => {
  const { batcher, batches } = makeBatcher(new InstantQueue(setting), { maxBatchSize: NaN, intervalMillis: -1 });
  for (let i = 0; i < 10; i++) batcher.addSpan("a", makeSpan(i));
  await Promise.resolve();
  expect(batches).toHaveLength(1);
  expect(setting.logger.at("warn").filter((line) => line.includes("is ignored"))).toHaveLength(2);
});
