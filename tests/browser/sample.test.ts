import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { request, type ClientRequest } from "node:http";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import type { SpanRow, TraceSummary } from "../../js/viewer/model.js";
import { openViewer, type Viewer } from "../../js/viewer/viewer.js";
import { launchChromium } from "./chromium.js";

// What a user does: start the receiver, run the sample in Node, open the page, press the button.

const NODE_SERVICES = ["spandrel-sample", "spandrel-sample-service"];
const PAGE_SERVICES = ["spandrel-page", "spandrel-sample-service"];

let server: ChildProcess;
let url: URL;
let browser: Browser;
let page: Page;
let received: Receiver;
const pageTroubles: string[] = [];
const requestedOrigins = new Set<string>();

beforeAll(async () => {
  server = spawn(process.execPath, ["tests/browser/serve_sample.mjs"], { stdio: ["pipe", "pipe", "inherit"] });
  url = new URL(await firstLine(server));
  received = await receive(url);
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.on("console", (message) => {
    if (message.type() === "error") pageTroubles.push(message.text());
  });
  page.on("pageerror", (error) => pageTroubles.push(String(error)));
  page.on("request", (outgoing) => requestedOrigins.add(new URL(outgoing.url()).origin));
}, 60_000);

afterAll(async () => {
  await browser?.close();
  received?.close();
  server?.stdin?.end();
  await new Promise((resolve) => (server.exitCode === null ? server.on("exit", resolve) : resolve(null)));
});

describe("The sample application", () => {
  test("in Node: each question is one trace over the client's and the service's process", async () => {
    const { code, output } = await runNode(["demo/sample/main.mjs", url.origin]);

    expect(code).toBe(0);
    const printed = [...output.matchAll(/^ {2}trace (?:tr-)?([0-9a-f]{32})$/gm)].map((match) => match[1] ?? "");
    expect(printed).toHaveLength(3);
    for (const traceId of printed) expectOneTree(await received.trace(traceId, NODE_SERVICES), NODE_SERVICES);
    const second = await received.trace(printed[1] ?? "", NODE_SERVICES);
    expect(second.rows.find(({ name }) => name === "open_document")?.status).toBe("ERROR");
    expect(second.rows.find(({ name }) => name === "search_documents")?.status).not.toBe("ERROR");
    expect(second.rows[0]?.status).not.toBe("ERROR");
    expect(second.summary.tokens?.output).toBeGreaterThan(0);
  });

  test("the page shows those traces", async () => {
    await page.goto(url.href);

    await page.getByText("ask about the project").first().waitFor();
  });

  test("in the page: the button makes one trace that spans page and Node", async () => {
    await page.getByRole("button", { name: /run the sample/i }).click();

    const trace = await received.traceOf("spandrel-page", PAGE_SERVICES);
    expectOneTree(trace, PAGE_SERVICES);
    expect(trace.rows[0]).toMatchObject({ name: "ask from the page", service: "spandrel-page", depth: 0 });
    expect(trace.rows.find(({ name }) => name === "compose answer")).toMatchObject({
      service: "spandrel-sample-service",
      type: "CHAT_MODEL",
    });

    await page.getByText("compose answer").first().waitFor();
    mkdirSync("build", { recursive: true });
    await page.screenshot({ path: "build/sample-light.png" });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: "build/sample-dark.png" });
  });

  test("nothing was blocked by the page's policy, and nothing was asked of anybody else", () => {
    expect(pageTroubles).toEqual([]);
    expect([...requestedOrigins]).toEqual([url.origin]);
  });
});

interface ReceivedTrace {
  summary: TraceSummary;
  rows: SpanRow[];
}

function expectOneTree({ summary, rows }: ReceivedTrace, services: string[]): void {
  expect([...summary.services].sort()).toEqual([...services].sort());
  expect(summary.orphans).toBe(0);
  expect(summary.open).toBe(0);
  expect(rows.filter(({ depth }) => depth === 0)).toHaveLength(1);
  expect(rows).toHaveLength(summary.spans);
}

/** Reads the receiver's stream with the viewer's core, as the page does. */
interface Receiver {
  /** The trace, once spans of all these services have come and none is missing its parent. */
  trace(traceId: string, services: string[]): Promise<ReceivedTrace>;
  traceOf(rootService: string, services: string[]): Promise<ReceivedTrace>;
  close(): void;
}

async function receive({ origin, hash }: URL): Promise<Receiver> {
  const viewer = await openViewer(await WebAssembly.compile(await readFile("build/module/spandrel_viewer.wasm")));
  const authorization = `Bearer ${hash.replace("#token=", "")}`;
  let arrived = (): void => {};
  const connection = readFrames(`${origin}/api/stream`, authorization, (type, payload) => {
    if (type === 1) viewer.importProtobuf(payload);
    if (type === 2) viewer.importJson(payload);
    arrived();
  });
  const when = async (isWanted: (summary: TraceSummary) => boolean, services: string[]): Promise<ReceivedTrace> => {
    for (;;) {
      const summary = viewer.traces(0, 1000).find(isWanted);
      if (summary && isComplete(summary, services)) return { summary, rows: rowsOf(viewer, summary) };
      await new Promise<void>((resolve) => (arrived = resolve));
    }
  };
  return {
    trace: (traceId, services) => when((summary) => summary.traceId === traceId, services),
    traceOf: (rootService, services) => when((summary) => summary.rootService === rootService, services),
    close: () => connection.destroy(),
  };
}

function isComplete(summary: TraceSummary, services: string[]): boolean {
  return (
    summary.hasRoot && summary.orphans === 0 && summary.open === 0 && services.every((name) => summary.services.includes(name))
  );
}

function rowsOf(viewer: Viewer, { traceId, spans }: TraceSummary): SpanRow[] {
  viewer.openTrace(traceId);
  return viewer.window(0, spans)?.rows ?? [];
}

function readFrames(address: string, authorization: string, onFrame: (type: number, payload: Uint8Array) => void): ClientRequest {
  const outgoing = request(address, { headers: { authorization }, agent: false }, (incoming) => {
    let buffered = Buffer.alloc(0);
    incoming.on("error", () => {});
    incoming.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUInt32LE(0)) {
        const end = 9 + buffered.readUInt32LE(0);
        onFrame(buffered.readUInt8(4), buffered.subarray(9, end));
        buffered = buffered.subarray(end);
      }
    });
  });
  outgoing.on("error", () => {});
  outgoing.end();
  return outgoing;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error("no output"));
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the receiver ended with code ${String(code)}`)));
  });
}

function runNode(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("exit", (code) => resolve({ code, output }));
  });
}
