// Hosts that do not behave: handlers, callbacks and loggers that fail, and far too many tasks. Nothing
// of it reaches the caller, and everything is accounted for.
import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { init } from "../../../js/index.js";
import { Task } from "../../../js/mlflow/task.js";
import type { Logger } from "../../../js/tracing/runtime.js";
import { FakeExit, loadModule, makeQueue, makeSetting, Tasks, type Setting } from "./queue_harness.js";

let setting: Setting;

beforeAll(loadModule);
beforeEach(() => {
  setting = makeSetting();
});

const thrown: [string, () => unknown][] = [
  ["an error", () => new Error("x")],
  ["null", () => null],
  ["nothing", () => undefined],
  ["a symbol", () => Symbol("s")],
  ["an object without text", () => Object.create(null) as object],
  ["an object whose getters throw", () => ({ get message(): string { throw new Error("getter"); }, get stack(): string { throw new Error("getter"); } })], // prettier-ignore
  ["a message of 100,000 lines", () => new Error("line\n".repeat(100_000))],
];

test.each(thrown)("a handler that throws or rejects with %s is one warning of one line", async (_what, make) => {
  const tasks = new Tasks();
  const queue = makeQueue(setting, { maxWorkers: 1 });
  queue.put(
    new Task(
      () => {
        throw make();
      },
      [],
      "Failed.",
    ),
  );
  queue.put(new Task(() => Promise.reject(make()), [], "Failed."));
  queue.put(tasks.make(1));
  const flushed = queue.flush({ terminate: true });
  await setting.time.settle();
  await flushed;

  expect(tasks.started).toEqual([1]);
  const warnings = setting.logger.at("warn");
  expect(warnings).toHaveLength(2);
  for (const line of warnings) expect(line).toMatch(/^Failed\. Error: .{0,201}\.$/);
});

test("a handler that never settles holds one worker, and the others go on", async () => {
  const tasks = new Tasks();
  const queue = makeQueue(setting, { maxWorkers: 2, maxQueueSize: 50 });
  queue.put(new Task(() => new Promise(() => undefined)));
  for (let i = 0; i < 20; i++) queue.put(tasks.make(i));
  await setting.time.settle();
  expect(tasks.started).toHaveLength(20);
});

test("where every worker is held for ever the queue stays bounded and tells of its drops", async () => {
  const dropped: string[] = [];
  const queue = makeQueue(setting, { maxWorkers: 2, maxQueueSize: 3 });
  for (let i = 0; i < 20; i++)
    queue.put(
      new Task(
        () => new Promise(() => undefined),
        [],
        "",
        (reason) => void dropped.push(reason),
      ),
    );
  await setting.time.settle();
  expect(dropped).toEqual(Array.from({ length: 15 }, () => "queue_full"));
  expect(queue.droppedCount).toBe(15);
  expect(setting.logger.at("warn")).toHaveLength(1);
});

test("a thenable that settles twice, or throws when asked, ends its task once", async () => {
  const tasks = new Tasks();
  const queue = makeQueue(setting, { maxWorkers: 1 });
  const twice = { then: (resolve: () => void) => (resolve(), resolve()) }; // prettier-ignore
  const broken = {
    get then(): never {
      throw new Error("then");
    },
  };
  queue.put(new Task(() => twice));
  queue.put(new Task(() => broken, [], "Failed."));
  queue.put(tasks.make(1));
  await setting.time.settle();
  expect(tasks.started).toEqual([1]);
  expect(setting.logger.at("warn")).toEqual(["Failed. Error: then."]);
});

test("put() from inside a handler runs later, and a flush does not wait for it", async () => {
  const queue = makeQueue(setting, { maxWorkers: 1 });
  const started: number[] = [];
  const chain = (depth: number): Task =>
    new Task(() => {
      started.push(depth);
      if (depth < 5) queue.put(chain(depth + 1));
    });
  queue.put(chain(1));
  let isOver = false;
  void queue.flush().then(() => {
    isOver = true;
    started.push(-1);
  });
  await setting.time.settle();
  expect(isOver).toBe(true);
  expect(started.indexOf(-1)).toBeLessThan(started.indexOf(3));
  expect(started.filter((depth) => depth > 0)).toEqual([1, 2, 3, 4, 5]);
});

test("flush() from inside a handler is over after that handler", async () => {
  const queue = makeQueue(setting, { maxWorkers: 1 });
  const order: string[] = [];
  queue.put(
    new Task(() => {
      void queue.flush({ terminate: true }).then(() => order.push("flushed"));
      order.push("handler");
    }),
  );
  await setting.time.settle();
  expect(order).toEqual(["handler", "flushed"]);
  expect(queue.isActive()).toBe(false);
});

test("100,000 puts: as many run as there is room for, the rest is dropped, one warning", async () => {
  let ran = 0;
  let told = 0;
  const queue = makeQueue(setting);
  const task = new Task(
    () => void ran++,
    [],
    "",
    () => void told++,
  );
  for (let i = 0; i < 100_000; i++) queue.put(task);
  const flushed = queue.flush({ terminate: true });
  await setting.time.settle();
  await flushed;
  expect({ ran, told, dropped: queue.droppedCount }).toEqual({ ran: 1010, told: 98_990, dropped: 98_990 });
  expect(setting.logger.at("warn")).toHaveLength(1);
});

test("100,000 puts on the real event loop, as the room allows, all run", async () => {
  let ran = 0;
  const queue = makeQueue(setting, { timers: undefined, maxQueueSize: 100_000 });
  for (let i = 0; i < 100_000; i++) queue.put(new Task(() => void ran++));
  await queue.flush({ terminate: true });
  expect(ran).toBe(100_000);
});

test("an onDropped that throws, and one that puts again, stop nothing", () => {
  const queue = makeQueue(setting, { maxQueueSize: 1, maxWorkers: 1 });
  const tasks = new Tasks();
  let again = 0;
  const stubborn: Task = new Task(
    () => undefined,
    [],
    "",
    () => {
      if (++again < 50) queue.put(stubborn);
      throw new Error("onDropped");
    },
  );
  queue.put(tasks.make(1, true));
  queue.put(tasks.make(2));
  expect(() => queue.put(stubborn)).not.toThrow();
  expect(queue.droppedCount).toBe(50);
});

test("what is no task, and options that are none, do not throw", async () => {
  const tasks = new Tasks();
  const queue = makeQueue(setting, { maxWorkers: 1 });
  for (const task of [undefined, null, 1, {}, { handle: 3 }]) queue.put(task as unknown as Task);
  queue.put(tasks.make(1));
  const flushed = queue.flush(null as never);
  await setting.time.settle();
  await flushed;
  expect(tasks.started).toEqual([1]);
});

test("a logger that throws hurts nobody", async () => {
  const fail = (): never => {
    throw new Error("logger");
  };
  const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
  const tasks = new Tasks();
  const queue = makeQueue(setting, { logger, maxQueueSize: 1, maxWorkers: 1 });
  queue.put(new Task(fail));
  for (let i = 0; i < 3; i++) queue.put(tasks.make(i));
  const ended = setting.exit.run();
  await setting.time.settle();
  await ended;
  expect(tasks.started).toEqual([0]);
  expect(queue.droppedCount).toBe(2);
});

test("exit hooks that throw leave the queue as it is", async () => {
  const fail = (): never => {
    throw new Error("hooks");
  };
  const tasks = new Tasks();
  const queue = makeQueue(setting, { exitHooks: { register: fail, arm: fail } });
  queue.put(tasks.make(1));
  await setting.time.settle();
  expect(tasks.started).toEqual([1]);
});

test("exit hooks without arm() are enough", async () => {
  const exit = new FakeExit();
  const tasks = new Tasks();
  const queue = makeQueue(setting, { exitHooks: { register: (hook) => exit.register(hook) } });
  queue.put(tasks.make(1));
  const ended = exit.run();
  await setting.time.settle();
  await ended;
  expect(queue.isActive()).toBe(false);
});

test("a call near the end of the host's stack leaves the queue usable", async () => {
  await init();
  const tasks = new Tasks();
  const queue = makeQueue(setting, { maxQueueSize: 100_000 });
  queue.put(tasks.make(0));
  let depth = 0;
  const dive = (): void => {
    depth++;
    try {
      dive();
    } catch {
      // at the very end, and a little above it
    }
    try {
      if (depth % 7 === 0) queue.put(tasks.make(depth));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  };
  dive();
  queue.put(tasks.make(-1));
  const flushed = queue.flush();
  await setting.time.settle();
  await flushed;
  expect(tasks.started.at(0)).toBe(0);
  expect(tasks.started.at(-1)).toBe(-1);
});
