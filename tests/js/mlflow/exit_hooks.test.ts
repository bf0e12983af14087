// What runs when a process ends, in which order, and how often.
import { describe, expect, test } from "@jest/globals";
import { ExitRegistry } from "../../../js/mlflow/exit_hooks.js";

class FakeProcess {
  readonly listeners = new Set<() => void>();
  watches = 0;

  watch = (listener: () => void): (() => void) => {
    this.watches++;
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  /** The loop has run dry; promises still get their turn. */
  async end(): Promise<void> {
    for (const listener of [...this.listeners]) listener();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function make() {
  const host = new FakeProcess();
  return { host, registry: new ExitRegistry(host.watch), ran: [] as string[] };
}

describe("exit hooks", () => {
  test("run the last registered first, each once", async () => {
    const { host, registry, ran } = make();
    registry.register(() => void ran.push("queue"));
    registry.register(async () => {
      await Promise.resolve();
      ran.push("batcher");
    });
    registry.arm();
    await host.end();
    await host.end();
    expect(ran).toEqual(["batcher", "queue"]);
  });

  test("listen to nothing before there is something to do, and to one event after", async () => {
    const { host, registry } = make();
    registry.register(() => undefined);
    expect(host.watches).toBe(0);
    registry.arm();
    registry.arm();
    expect(host.watches).toBe(1);
    await host.end();
    expect(host.listeners.size).toBe(0);
    registry.arm();
    expect(host.watches).toBe(2);
  });

  test("do not run again when the event comes while they run", async () => {
    const { host, registry, ran } = make();
    let release = (): void => undefined;
    registry.register(async () => {
      ran.push("start");
      await new Promise<void>((resolve) => (release = resolve));
      ran.push("end");
    });
    registry.arm();
    await host.end();
    await host.end();
    release();
    await host.end();
    expect(ran).toEqual(["start", "end"]);
    expect(host.listeners.size).toBe(0);
  });

  test("that register while others run are run too, and cannot go on for ever", async () => {
    const { host, registry, ran } = make();
    const again = (): void => {
      ran.push("again");
      registry.register(again);
    };
    registry.register(again);
    registry.arm();
    await registry.run();
    expect(ran).toHaveLength(100);
    expect(host.listeners.size).toBe(0);
  });

  test("that throw or reject do not keep the others from running", async () => {
    const { registry, ran } = make();
    registry.register(() => void ran.push("first"));
    registry.register(() => Promise.reject(new Error("no")));
    registry.register(() => {
      throw new Error("no");
    });
    await registry.run();
    expect(ran).toEqual(["first"]);
  });

  test("are removed by what registering gave, and twice is fine", async () => {
    const { registry, ran } = make();
    const hook = (): void => void ran.push("same");
    const remove = registry.register(hook);
    registry.register(hook);
    remove();
    remove();
    await registry.run();
    expect(ran).toEqual(["same"]);
  });
});
