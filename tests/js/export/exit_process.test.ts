// Whole processes: what leaves when they end, and how they end.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeServers, FaultServer } from "./fault_server.js";
import { bundledPackage } from "./bundled_package.js";

let folder: string;

beforeAll(async () => {
  folder = await bundledPackage("exit-test-");
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
afterEach(closeServers);

interface Ended {
  code: number | null;
  signal: string | null;
  output: string;
  millis: number;
}

/** Runs `body` in a process that has three ended spans. */
function start(server: FaultServer, body: string, options = "{}"): { child: ChildProcess; ended: Promise<Ended> } {
  const script = join(folder, `app-${String(Math.random()).slice(2)}.mjs`);
  writeFileSync(
    script,
    `import { init, startSpan, flushTraces, stats } from "./index.mjs";
     await init({ endpoint: ${JSON.stringify(server.endpoint)}, ...${options} });
     for (let i = 1; i <= 3; i++) startSpan({ name: "span" + i, parent: null }).end();
     ${body}`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"] });
  const started = Date.now();
  let output = "";
  child.stdout?.on("data", (data) => (output += String(data)));
  child.stderr?.on("data", (data) => (output += String(data)));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, output, millis: Date.now() - started }));
  });
  return { child, ended };
}

async function whenPrinted(child: ChildProcess, text: string): Promise<void> {
  let seen = "";
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (data) => {
      seen += String(data);
      if (seen.includes(text)) resolve();
    });
  });
}

const ALL = ["span1", "span2", "span3"];

describe("a process that ends", () => {
  test("by itself: everything is flushed, exit code 0", async () => {
    const server = await FaultServer.start();
    const { code, output } = await start(server, "").ended;
    expect({ code, output }).toEqual({ code: 0, output: "" });
    expect(server.uniqueNames).toEqual(ALL);
  });

  test("by itself, with an exit code of its own", async () => {
    const server = await FaultServer.start();
    const { code } = await start(server, "process.exitCode = 7;").ended;
    expect(code).toBe(7);
    expect(server.uniqueNames).toEqual(ALL);
  });

  test("by itself, with a receiver that hangs: bounded, and one line", async () => {
    const server = await FaultServer.start(() => undefined);
    const { code, output } = await start(server, "", "{ exitTimeoutMillis: 200 }").ended;
    expect(code).toBe(0);
    expect(output).toContain("the process ended with 3 spans not sent");
  });

  test("by process.exit(): one line with the count", async () => {
    const server = await FaultServer.start();
    const { code, output } = await start(server, "process.exit(3);").ended;
    expect(code).toBe(3);
    expect(output.trim()).toMatch(/^spandrel: the process ended with 3 spans not sent$/);
  });

  test("by an uncaught exception: the host's message and code", async () => {
    const server = await FaultServer.start();
    const { code, output } = await start(server, "throw new Error('theirs');").ended;
    expect(code).toBe(1);
    expect(output).toContain("Error: theirs");
    expect(output).toContain("after an uncaught exception with 3 spans not sent");
  });

  test("an awaited flush keeps it alive until the answer came", async () => {
    const server = await FaultServer.start((response) => void setTimeout(() => response.end(), 200));
    const { code, output } = await start(server, "console.log(JSON.stringify(await flushTraces()));").ended;
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({ status: "flushed", delivered: 3, dropped: 0, pending: 0 });
  });
});

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("spans leave, then the signal ends the process", async () => {
    const server = await FaultServer.start();
    const { child, ended } = start(server, "setInterval(() => {}, 1000); console.log('ready');");
    await whenPrinted(child, "ready");
    child.kill(signal);
    expect(await ended).toMatchObject({ code: null, signal });
    expect(server.uniqueNames).toEqual(ALL);
  });

  test("with a receiver that hangs the process still ends by the signal", async () => {
    const server = await FaultServer.start(() => undefined);
    const { child, ended } = start(server, "setInterval(() => {}, 1000); console.log('ready');");
    await whenPrinted(child, "ready");
    child.kill(signal);
    const { code, output, signal: by } = await ended;
    expect({ code, by }).toEqual({ code: null, by: signal });
    expect(output).toContain("ready");
  });

  test("a host that handles the signal keeps its exit code", async () => {
    const server = await FaultServer.start();
    const body = `process.on("${signal}", () => setTimeout(() => process.exit(9), 300)); setInterval(() => {}, 1000); console.log('ready');`;
    const { child, ended } = start(server, body);
    await whenPrinted(child, "ready");
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 9, signal: null });
    expect(server.uniqueNames).toEqual(ALL);
  });
});
