// The export queue and the batcher before there is a module, and after its end.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { init, type Span } from "../../../js/index.js";
import type { CodecCore } from "../../../js/load/codec_core.js";
import type { Handover } from "../../../js/load/handover.js";
import { announceModule, MODULE_WAIT_MILLIS } from "../../../js/load/module_part.js";
import { SpanBatcher } from "../../../js/mlflow/span_batcher.js";
import { Task } from "../../../js/mlflow/task.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { TraceError } from "../../../js/trace_error.js";
import { LogLines, makeQueue, makeSetting, makeSpan, Tasks, type Setting } from "./queue_harness.js";

let setting: Setting;
let handover: Handover;
/** Before init(): what is made here waits for it. */
const early = makeEarly();

function makeEarly() {
  const place = makeSetting();
  const tasks = new Tasks();
  const queue = makeQueue(place, { maxQueueSize: 5, maxWorkers: 1 });
  const late = makeQueue(place);
  return { place, tasks, queue, late };
}

function makeBatcher(queue = makeQueue(setting)): { batcher: SpanBatcher; sizes: number[] } {
  const sizes: number[] = [];
  const logSpans = (_location: string, spans: readonly Span[]): Promise<unknown> => Promise.resolve(sizes.push(spans.length));
  const { time, logger, exit } = setting;
  return { batcher: new SpanBatcher(queue, logSpans, { logger, clock: time, timers: time, exitHooks: exit }), sizes };
}

beforeEach(() => {
  setting = makeSetting();
});

describe("before the module is there", () => {
  // Declared first: init() is called at the end of this block.
  const seen: Record<string, unknown> = {};

  beforeAll(async () => {
    const { place, tasks, queue, late } = early;
    seen.isInactive = !queue.isActive();
    for (let i = 0; i < 8; i++) queue.put(tasks.make(i));
    seen.isActive = queue.isActive();
    seen.dropped = [...tasks.dropped];
    await place.time.settle();
    seen.startedWithout = tasks.started.length;

    // A flush without a module gives up after a while, and nothing is lost by it.
    let isOver = false;
    const flushed = queue.flush().then(() => (isOver = true));
    await place.time.advance(MODULE_WAIT_MILLIS - 1);
    seen.isOverEarly = isOver;
    await place.time.advance(1);
    await flushed;
    seen.warnings = place.logger.at("warn");

    // A process that ends has no module to wait for.
    seen.pendingTimers = place.time.pendingTimers;
    await place.exit.run();

    let isLateOver = false;
    late.put(tasks.make(100));
    const lateFlush = late.flush({ terminate: true }).then(() => (isLateOver = true));
    late.put(tasks.make(101));
    await place.time.settle();
    seen.isLateOver = isLateOver;

    const idle = makeQueue(place);
    idle.activate();
    await idle.flush({ terminate: true });
    seen.idleIsActive = idle.isActive();

    await init({ exporter: "none", logger: new LogLines() });
    handover = (codec() as CodecCore).handover;
    await place.time.settle();
    await lateFlush;
  });

  test("the first put activates, and nothing runs", () => {
    expect(seen).toMatchObject({ isInactive: true, isActive: true, startedWithout: 0 });
  });
  test("as many tasks are kept as the queue is long, with one warning of the rest", () => {
    expect(seen.dropped).toEqual([5, 6, 7]);
    expect((seen.warnings as string[])[0]).toContain("Trace export queue is full");
  });
  test("a flush waits for the module for a while, then says so and leaves the tasks", () => {
    expect(seen.isOverEarly).toBe(false);
    expect(seen.warnings).toHaveLength(2);
    expect((seen.warnings as string[])[1]).toContain("init()");
    expect(seen.pendingTimers).toBe(0);
  });
  test("an empty queue is flushed at once", () => {
    expect(seen.idleIsActive).toBe(false);
  });
  test("what was kept runs in order when the module is there, and flushes come to their end", () => {
    expect(early.tasks.started.filter((number) => number < 100)).toEqual([0, 1, 2, 3, 4]);
    expect(early.tasks.started.filter((number) => number >= 100)).toEqual([100, 101]);
    expect(seen.isLateOver).toBe(false);
    expect(early.late.isActive()).toBe(true);
  });
});

describe("a batcher before the module is there", () => {
  beforeEach(() => {
    announceModule(undefined);
  });
  afterEach(() => {
    announceModule(handover);
  });

  test("keeps a thousand spans and batches them when it is", async () => {
    const spans = Array.from({ length: 1001 }, (_, i) => makeSpan(i));
    const { batcher, sizes } = makeBatcher();
    for (const span of spans) batcher.addSpan("a", span);
    expect(batcher.droppedCount).toBe(1);
    announceModule(handover);
    await setting.time.settle();
    expect(sizes).toEqual(Array.from({ length: 100 }, () => 10));
  });

  test("is shut down with what it has when it is", async () => {
    const span = makeSpan(1);
    const { batcher, sizes } = makeBatcher();
    batcher.addSpan("a", span);
    const flushes = Array.from({ length: 5000 }, () => batcher.flush());
    const shut = batcher.shutdown();
    batcher.addSpan("a", span);
    announceModule(handover);
    await Promise.all([shut, ...flushes]);
    await setting.time.settle();
    expect(sizes).toEqual([1]);
    expect(batcher.droppedCount).toBe(1);
  });

  test("an unused one is shut down at once", async () => {
    await makeBatcher().batcher.shutdown();
    expect(setting.time.pendingTimers).toBe(0);
  });
});

describe("a module without these parts", () => {
  beforeEach(() => {
    const need = (): never => {
      throw new TraceError("NOT_IMPLEMENTED", "the smaller module was loaded");
    };
    announceModule({ need, isDead: false } as unknown as Handover);
  });
  afterEach(() => {
    announceModule(handover);
  });

  test("drops tasks under a reason, with one message", async () => {
    const reasons: string[] = [];
    const queue = makeQueue(setting);
    for (let i = 0; i < 3; i++)
      queue.put(
        new Task(
          () => undefined,
          [],
          "",
          (reason) => void reasons.push(reason),
        ),
      );
    await queue.flush({ terminate: true });
    expect(reasons).toEqual(["not_ready", "not_ready", "not_ready"]);
    expect(queue.isActive()).toBe(false);
    expect(setting.logger.at("warn")).toEqual([
      "the export queue has lost its module, its tasks are dropped: the smaller module was loaded",
    ]);
  });
});

// The last ones: the module does not come back.
describe("when the module dies", () => {
  const tasks = new Tasks();
  let place: Setting;
  let queue: ReturnType<typeof makeQueue>;
  let batcher: SpanBatcher;
  let flushed: Promise<void>;
  const lost: string[] = [];

  beforeAll(async () => {
    place = makeSetting();
    setting = place;
    queue = makeQueue(place, { maxWorkers: 1 });
    ({ batcher } = makeBatcher(queue));
    const span = makeSpan(1);
    queue.put(tasks.make(1, true));
    queue.put(tasks.make(2));
    queue.put(
      new Task(
        () => undefined,
        [],
        "",
        (reason) => void lost.push(reason),
      ),
    );
    batcher.addSpan("a", span);
    await place.time.settle();
    flushed = queue.flush();
    handover.die(new Error("trap"));
    batcher.addSpan("a", span);
  });

  test("what waits is dropped and told so, what runs comes to its end, and a flush with it", async () => {
    let isOver = false;
    void flushed.then(() => (isOver = true));
    await place.time.settle();
    expect(isOver).toBe(false);
    tasks.releaseAll();
    await flushed;
    expect(tasks.started).toEqual([1]);
    expect(tasks.dropped).toEqual([2]);
    expect(lost).toEqual(["module_dead"]);
    expect(queue.droppedCount).toBe(2);
  });

  test("later tasks and spans are dropped and counted, nothing throws", async () => {
    queue.put(tasks.make(3));
    await queue.flush({ terminate: true });
    expect(tasks.dropped).toEqual([2, 3]);
    expect(queue.isActive()).toBe(false);
    expect(batcher.droppedCount).toBe(2);
    await place.time.advance(10_000);
    await batcher.shutdown();
    await place.exit.run();
    // init() has told of it; the queue does so once more for debugging alone.
    expect(place.logger.at("warn")).toEqual([]);
    expect(place.logger.at("debug")).toContainEqual(expect.stringContaining("the export queue has lost its module"));
  });
});
