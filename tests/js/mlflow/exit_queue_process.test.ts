// Whole processes: the export queue and the batcher when a Node process ends by itself.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundledPackage } from "../export/bundled_package.js";

let folder: string;

beforeAll(async () => {
  folder = await bundledPackage("exit-queue-test-");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Lines that the program writes; a process that does not end by itself with code 0 fails the test. */
async function linesOf(name: string, body: string): Promise<string[]> {
  const script = join(folder, `${name}.mjs`);
  writeFileSync(
    script,
    `import { AsyncExportQueue, init, SpanBatcher, Task } from "./index.mjs";
     const say = (line) => process.stdout.write(line + "\\n");
     const listeners = () => String(process.listenerCount("beforeExit"));
     const logger = { debug() {}, info: say, warn: say, error: say };
     await init({ exporter: "none", logger });
     const before = listeners();
     ${body}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 15_000 });
  return stdout.split("\n").filter((line) => line !== "");
}

test("what waits leaves when the process ends, the batcher before the queue, and nothing listens any more", async () => {
  const lines = await linesOf(
    "waiting",
    `const queue = new AsyncExportQueue({ logger });
     const later = () => new Promise((resolve) => setTimeout(resolve, 20));
     const batcher = new SpanBatcher(queue, async (at, spans) => { await later(); say(at + " " + spans.length); }, { logger });
     say(listeners() === before ? "not watched yet" : "watched too early");
     for (let i = 0; i < 3; i++) batcher.addSpan("c.s.t", {});
     queue.put(new Task(async () => { await later(); say("task"); }));
     process.on("exit", () => say(queue.isActive() + " " + (listeners() === before)));`,
  );
  expect(lines).toEqual([
    "not watched yet",
    "task",
    "Flushing the async trace logging queue before program exit. This may take a while...",
    "c.s.t 3",
    "false true",
  ]);
});

test("what is put after that leaves as well", async () => {
  const lines = await linesOf(
    "revived",
    `const queue = new AsyncExportQueue({ logger: undefined });
     const batcher = new SpanBatcher(queue, async (at, spans) => say(at + " " + spans.length));
     batcher.addSpan("first", {});
     let round = 0;
     process.on("beforeExit", () => {
       if (round++ === 0) setTimeout(() => batcher.addSpan("second", {}), 20);
     });`,
  );
  expect(lines).toContain("first 1");
  expect(lines).toContain("second 1");
});

test("a task that never settles does not keep the process", async () => {
  const lines = await linesOf(
    "stuck",
    `const queue = new AsyncExportQueue({ logger: { ...logger, info() {} } });
     queue.put(new Task(() => new Promise(() => {})));
     process.on("exit", () => say("ended"));`,
  );
  expect(lines).toEqual(["ended"]);
});
