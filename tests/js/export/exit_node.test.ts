import { EventEmitter } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { installExitHooks, type ExitHost } from "../../../js/export/exit_node.js";
import { TestLogger } from "./harness.js";

class FakeProcess extends EventEmitter {
  readonly pid = 42;
  readonly killed: string[] = [];
  kill(_pid: number, signal: string): void {
    this.killed.push(signal);
  }
}

interface Setting {
  host: FakeProcess;
  logger: TestLogger;
  flushes: number[];
  pending: { spans: number };
  remove: () => void;
}

function install(flush: (pending: { spans: number }) => Promise<void> = async (pending) => void (pending.spans = 0)): Setting {
  const host = new FakeProcess();
  const logger = new TestLogger();
  const flushes: number[] = [];
  const pending = { spans: 3 };
  const remove = installExitHooks({
    host: host as unknown as ExitHost,
    logger,
    pendingSpans: () => pending.spans,
    flush: ({ timeoutMillis }) => {
      flushes.push(timeoutMillis);
      return flush(pending);
    },
  });
  return { host, logger, flushes, pending, remove };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the natural end of the process", () => {
  test("what is pending is flushed, bounded", async () => {
    const { host, flushes } = install();
    host.emit("beforeExit", 0);
    expect(flushes).toEqual([5_000]);
    await turn();
  });

  test("nothing pending, nothing done", () => {
    const { host, flushes, pending } = install();
    pending.spans = 0;
    host.emit("beforeExit", 0);
    expect(flushes).toEqual([]);
  });

  test("what could not be sent once does not keep the process for ever", async () => {
    const { host, flushes, logger } = install(async () => undefined);

    for (let i = 0; i < 3; i++) {
      host.emit("beforeExit", 0);
      await turn();
    }
    host.emit("exit", 0);

    expect(flushes).toHaveLength(1);
    expect(logger.lines).toEqual(["the process ended with 3 spans not sent"]);
  });

  test("an uncaught exception is only watched", () => {
    const { host, logger } = install();

    host.emit("uncaughtExceptionMonitor", new Error("theirs"));
    host.emit("exit", 1);

    expect(host.listenerCount("uncaughtException")).toBe(0);
    expect(host.listenerCount("unhandledRejection")).toBe(0);
    expect(logger.lines).toEqual(["the process ended after an uncaught exception with 3 spans not sent"]);
  });
});

describe.each(["SIGTERM", "SIGINT"])("%s", (signal) => {
  test("flushes for two seconds at most, then the signal is raised again with our handlers gone", async () => {
    const { host, flushes, logger } = install();

    host.emit(signal);
    expect(host.killed).toEqual([]);
    await turn();

    expect(flushes).toEqual([2_000]);
    expect(host.killed).toEqual([signal]);
    expect(host.listenerCount(signal)).toBe(0);
    host.emit("exit", null);
    expect(logger.lines).toEqual([]);
  });

  test("where the host listens too, ending is its business", async () => {
    const { host, flushes } = install();
    host.on(signal, () => undefined);

    host.emit(signal);
    await turn();

    expect(flushes).toEqual([2_000]);
    expect(host.killed).toEqual([]);
  });

  test("a second signal does not wait", () => {
    const { host } = install(() => new Promise(() => undefined));
    host.emit(signal);
    host.emit(signal);
    expect(host.killed).toEqual([signal]);
  });

  test("a flush that fails does not keep the process", async () => {
    const { host, logger } = install(() => Promise.reject(new Error("broken")));
    host.emit(signal);
    await turn();
    expect(host.killed).toEqual([signal]);
    host.emit("exit", null);
    expect(logger.lines).toEqual(["the process ended with 3 spans not sent"]);
  });
});

test("removing leaves no listener", () => {
  const { host, remove } = install();
  expect(host.eventNames().length).toBeGreaterThan(0);
  remove();
  remove();
  expect(host.eventNames()).toEqual([]);
});
