// The export queue against the built module: the recorded cases of its kind, then what it promises
// beyond them. Time and the event loop are the test's.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { getCurrentActiveSpan, NoOpSpan, startSpan, withSpan } from "../../../js/index.js";
import { queueAndBatcherCount } from "../../../js/load/queue_core.js";
import type { CodecCore } from "../../../js/load/codec_core.js";
import { Task } from "../../../js/mlflow/task.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { goldenFile } from "../tracing/recorded.js";
import { loadModule, LogLines, makeQueue, makeSetting, Tasks, withVariables, type Setting } from "./queue_harness.js";

interface QueueCase {
  name: string;
  kind: "queue" | "batcher" | "exit";
  input?: { max_queue_size?: number; max_workers?: number; tasks: number; held?: number };
  expected: Record<string, unknown>;
}

const cases = (goldenFile("async_queue.json") as { cases: QueueCase[] }).cases.filter(({ kind }) => kind === "queue");
let passed = 0;
let setting: Setting;

beforeAll(loadModule);
beforeEach(() => {
  setting = makeSetting();
});
afterAll(() => {
  process.stdout.write(
    `golden async_queue, kind queue: passed ${String(passed)} of ${String(cases.length)}, no deviation\n` +
      "  tasks that fail: the text of a wrong call is the language's own\n" +
      "  put after flush(terminate=True): the task runs in a fresh activation, which the recorded one has not\n",
  );
});

function expected<T>(found: QueueCase): T {
  return found.expected as T;
}

const PROGRAMS: Record<string, (found: QueueCase) => Promise<void>> = {
  "order with one worker": async (found) => {
    const { ran, active_after_flush } = expected<{ ran: number[]; active_after_flush: boolean }>(found);
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxWorkers: found.input?.max_workers });
    for (let i = 0; i < (found.input?.tasks ?? 0); i++) queue.put(tasks.make(i));
    const flushed = queue.flush();
    await setting.time.settle();
    await flushed;
    const isActive = queue.isActive();
    queue.put(tasks.make(99));
    await setting.time.settle();
    expect({ ran: tasks.started, active_after_flush: isActive }).toEqual({ ran, active_after_flush });
  },
  "put after flush()": async (found) => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.activate();
    await queue.flush();
    queue.put(tasks.make(99));
    const flushed = queue.flush({ terminate: true });
    await setting.time.settle();
    await flushed;
    expect({ ran: tasks.started, active: queue.isActive() }).toEqual(found.expected);
  },
  "put after flush(terminate=True)": async (found) => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.activate();
    await queue.flush({ terminate: true });
    queue.put(tasks.make(1));
    expect(queue.isActive()).toBe(true);
    await setting.time.settle();
    const hasRun = tasks.started.length === 1;
    await queue.flush({ terminate: true });
    // One thread is all there is.
    expect({ ran: hasRun, in_the_calling_thread: true, active: queue.isActive() }).toEqual(found.expected);
  },
  "flush when inactive": async (found) => {
    const queue = makeQueue(setting);
    await queue.flush();
    await queue.flush({ terminate: true });
    expect({ active: queue.isActive(), logs: setting.logger.lines }).toEqual(found.expected);
  },
  "tasks that fail": async (found) => {
    const { logs } = expected<{ logs: { message: string }[] }>(found);
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxWorkers: 1 });
    const fail = (): never => {
      throw new Error("bös");
    };
    queue.put(new Task(fail, [], "Failed to log trace."));
    queue.put(new Task(fail, []));
    queue.put(new Task(() => Promise.reject(new Error("")), [], "Failed to log spans to the trace server."));
    queue.put(new Task((one: { two: { three: number } }) => one.two.three, [{}], "Wrong arguments."));
    queue.put(tasks.make(1));
    await setting.time.settle();
    const warnings = setting.logger.at("warn");
    expect(warnings.slice(0, 3)).toEqual(logs.slice(0, 3).map(({ message }) => message));
    expect(warnings[3]).toMatch(/^Wrong arguments\. Error: .+\.$/);
    expect(warnings).toHaveLength(logs.length);
    expect(tasks.started).toEqual([1]);
  },
  "the warning comes at most every 30 seconds": async (found) => {
    const { drops, message } = expected<{ drops: { seconds: number; warned: boolean }[]; message: string }>(found);
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxQueueSize: 1, maxWorkers: 1 });
    queue.put(tasks.make(0, true));
    queue.put(tasks.make(1));
    const seen = [];
    for (const { seconds } of drops) {
      await setting.time.advance(seconds * 1000 - setting.time.monotonicMillis());
      const before = setting.logger.at("warn").length;
      queue.put(tasks.make(2));
      seen.push({ seconds, warned: setting.logger.at("warn").length > before });
    }
    expect(seen).toEqual(drops);
    expect(new Set(setting.logger.at("warn"))).toEqual(new Set([message]));
    expect(queue.droppedCount).toBe(drops.length);
  },
  "exit callback": async (found) => {
    const { logs_when_inactive, logs, ran, active } = expected<{
      logs_when_inactive: unknown[];
      logs: { message: string }[];
      ran: number[];
      active: boolean;
    }>(found);
    const idle = makeQueue(setting);
    await setting.exit.run();
    expect(setting.logger.lines).toEqual(logs_when_inactive);
    expect(idle.isActive()).toBe(false);

    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.put(tasks.make(1));
    const ended = setting.exit.run();
    await setting.time.settle();
    await ended;
    expect(setting.logger.lines).toEqual(logs.map(({ message }) => ({ level: "info", message })));
    expect({ ran: tasks.started, active: queue.isActive() }).toEqual({ ran, active });
  },
};

async function overflow(found: QueueCase): Promise<void> {
  const { max_queue_size, max_workers, tasks: count, held = 0 } = found.input as Required<QueueCase>["input"];
  const restore = withVariables({
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE: String(max_queue_size),
    MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS: String(max_workers),
  });
  const tasks = new Tasks();
  const queue = makeQueue(setting);
  restore();
  const isInactive = !queue.isActive();
  for (let i = 0; i < held; i++) queue.put(tasks.make(i, true));
  await setting.time.settle();
  const whileHeld = [...tasks.started];
  for (let i = held; i < count; i++) queue.put(tasks.make(i));
  tasks.releaseAll();
  const flushed = queue.flush({ terminate: true });
  await setting.time.settle();
  await flushed;

  const logs = expected<{ logs: { level: string; message: string }[] }>(found).logs;
  expect({
    inactive_before_first_put: isInactive,
    running_while_held: whileHeld,
    ran: tasks.started,
    dropped: tasks.dropped,
    logs: setting.logger.at("warn").map((message) => ({ level: "WARNING", message })),
    active_after_flush: queue.isActive(),
  }).toEqual({ ...found.expected, logs });
  expect(queue.droppedCount).toBe(tasks.dropped.length);
}

test.each(cases.map((found) => [found.name, found] as const))("recorded: %s", async (name, found) => {
  await (PROGRAMS[name] ?? overflow)(found);
  passed++;
});

describe("flush", () => {
  test("resolves only when the accepted tasks have finished", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxWorkers: 2 });
    for (let i = 0; i < 3; i++) queue.put(tasks.make(i, true));
    let isOver = false;
    const flushed = queue.flush().then(() => (isOver = true));
    await setting.time.settle();
    expect(tasks.started).toEqual([0, 1]);
    tasks.release(0);
    tasks.release(1);
    await setting.time.settle();
    expect(tasks.started).toEqual([0, 1, 2]);
    expect(isOver).toBe(false);

    tasks.release(2);
    await setting.time.settle();

    expect(isOver).toBe(true);
    await flushed;
    expect(queue.isActive()).toBe(true);
  });

  test("flushes that meet share one promise, and terminate if one of them does", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.put(tasks.make(1, true));
    const first = queue.flush();
    expect(queue.flush({ terminate: true })).toBe(first);
    expect(queue.flush()).toBe(first);
    await setting.time.settle();
    tasks.releaseAll();
    await first;
    expect(queue.isActive()).toBe(false);
    expect(queue.flush()).not.toBe(first);
  });

  test("what is put meanwhile runs after it", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.put(tasks.make(1, true));
    await setting.time.settle();
    const flushed = queue.flush({ terminate: true });
    queue.put(tasks.make(2));
    await setting.time.settle();
    expect(tasks.started).toEqual([1]);

    tasks.releaseAll();
    await flushed;
    expect(queue.isActive()).toBe(true);
    await setting.time.settle();

    expect(tasks.started).toEqual([1, 2]);
  });

  test("of a terminated queue activates afresh with the next task, again and again", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    for (let round = 0; round < 5; round++) {
      queue.put(tasks.make(round));
      const flushed = queue.flush({ terminate: true });
      await setting.time.settle();
      await flushed;
      expect(queue.isActive()).toBe(false);
    }
    expect(tasks.started).toEqual([0, 1, 2, 3, 4]);
  });

  test("an idle queue is flushed at once", async () => {
    const queue = makeQueue(setting);
    queue.activate();
    await queue.flush();
    expect(queue.isActive()).toBe(true);
    await queue.flush({ terminate: true });
    expect(queue.isActive()).toBe(false);
  });
});

describe("tasks", () => {
  test("start in tasks of the event loop of their own, never inside put()", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    queue.put(tasks.make(1));
    await Promise.resolve();
    expect(tasks.started).toEqual([]);
    await setting.time.settle();
    expect(tasks.started).toEqual([1]);
  });

  test("AQ-10 start within the call where the page goes away, as many as there are workers", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxWorkers: 2 });
    for (const number of [1, 2, 3]) queue.put(tasks.make(number));
    queue.startNow();
    expect(tasks.started).toEqual([1, 2]);
    queue.startNow();
    expect(tasks.started).toEqual([1, 2]);
    await setting.time.settle();
    expect(tasks.started).toEqual([1, 2, 3]);
  });

  test("AQ-12 are those of a queue with a name", () => {
    expect(makeQueue(setting).name).toBe("MLflowTraceLoggingConsumer");
    expect(makeQueue(setting, { name: "mine" }).name).toBe("mine");
  });

  test("make no spans and do not see the span that was active at put()", async () => {
    const queue = makeQueue(setting);
    const seen: unknown[] = [];
    withSpan(
      () => {
        queue.put(
          new Task(async () => {
            seen.push(getCurrentActiveSpan());
            await Promise.resolve();
            seen.push(startSpan({ name: "request" }));
          }),
        );
      },
      { name: "user" },
    );
    await setting.time.settle();
    expect(seen[0]).toBeNull();
    expect(seen[1]).toBeInstanceOf(NoOpSpan);
  });

  test("hand their arguments to the handler", async () => {
    const queue = makeQueue(setting);
    const seen: unknown[][] = [];
    queue.put(new Task((...args: unknown[]) => seen.push(args), [1, "two", null]));
    await setting.time.settle();
    expect(seen).toEqual([[1, "two", null]]);
  });

  test("leave the stack of what they throw for debugging alone", async () => {
    const error = new Error("no\nline");
    await new Task(
      () => {
        throw error;
      },
      [],
      "Failed.",
    ).handle(setting.logger);
    expect(setting.logger.lines).toEqual([
      { level: "warn", message: "Failed. Error: no line." },
      { level: "debug", message: error.stack },
    ]);
  });
});

describe("settings", () => {
  test("what code says comes before the variables, and what cannot be used is reported and ignored", async () => {
    const restore = withVariables({
      MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE: "none",
      MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS: "1",
    });
    const tasks = new Tasks();
    const queue = makeQueue(setting, { maxWorkers: 2, maxQueueSize: -1 });
    restore();
    for (let i = 0; i < 3; i++) queue.put(tasks.make(i, true));
    await setting.time.settle();
    expect(tasks.started).toEqual([0, 1]);
    expect(setting.logger.at("warn")).toEqual([
      "an option of the export queue is ignored: it is not a whole number from 1",
      "MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE is ignored: it is not a whole number from 1",
    ]);
    tasks.releaseAll();
  });

  test("by default a thousand tasks wait while ten run", async () => {
    const tasks = new Tasks();
    const queue = makeQueue(setting);
    for (let i = 0; i < 1020; i++) queue.put(tasks.make(i, true));
    await setting.time.settle();
    expect(tasks.started).toHaveLength(10);
    expect(tasks.dropped).toEqual([1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019]);
  });
});

test("several queues live at once, and what a terminated one had in the core is freed", async () => {
  const { handover } = codec() as CodecCore;
  const before = queueAndBatcherCount(handover);
  const tasks = new Tasks();
  const queues = Array.from({ length: 50 }, () => makeQueue(setting));
  expect(queueAndBatcherCount(handover)).toBe(before);
  queues.forEach((queue, i) => queue.put(tasks.make(i)));
  expect(queueAndBatcherCount(handover)).toBe(before + 50);
  const flushed = Promise.all(queues.map((queue) => queue.flush({ terminate: true })));
  await setting.time.settle();
  await flushed;
  expect(tasks.started).toHaveLength(50);
  expect(queueAndBatcherCount(handover)).toBe(before);
});

test("a queue that was replaced in the core still warns once in more than 30 seconds", async () => {
  const queue = makeQueue(setting, { maxQueueSize: 1, maxWorkers: 1 });
  const overfill = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) queue.put(new Tasks().make(i));
    const flushed = queue.flush({ terminate: true });
    await setting.time.settle();
    await flushed;
  };
  await overfill();
  await setting.time.advance(29_000);
  await overfill();
  expect(setting.logger.at("warn")).toHaveLength(1);
  await setting.time.advance(1_001);
  await overfill();
  expect(setting.logger.at("warn")).toHaveLength(2);
  expect(queue.droppedCount).toBe(3);
});

test("without a logger of its own the queue uses the one of init()", async () => {
  const { init } = await import("../../../js/index.js");
  const logger = new LogLines();
  await init({ logger });
  const queue = makeQueue(setting, { logger: undefined });
  queue.put(new Task(() => Promise.reject(new Error("x")), [], "Failed."));
  await setting.time.settle();
  expect(logger.at("warn")).toEqual(["Failed. Error: x."]);
});
