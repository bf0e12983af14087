// A page that goes away with spans pending, in a real browser: what did the receiver get?
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.js";
import { spansOfRequest } from "../js/export/otlp_spans.js";
import { CONTENT_POLICY } from "./page_server.js";

const PACKAGE = join(__dirname, "../../dist/browser");
const TYPES: Record<string, string> = { ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

const APP = `
  import { init, startSpan } from "/index.mjs";
  const query = new URLSearchParams(location.search);
  const compression = query.get("compression");
  await init({ endpoint: location.origin, compression, batch: { delayMillis: 60_000, maxSpans: 10_000 } });
  for (let i = 0; i < Number(query.get("spans")); i++) {
    const span = startSpan({ name: "span" + i, parent: null });
    span.setAttributes({ model: "a model", "http.method": "GET", "http.route": "/items/:id", user: "someone", tier: "basic" });
    span.setAttributes({ count: i, ratio: i / 7, ok: true });
    span.addEvent({ name: "event", attributes: { step: "one", n: i } });
    span.end();
  }
  document.title = "ended";
`;

let browser: Browser;
let server: Server;
let origin: string;
let received: string[] = [];
let requests = 0;
let largest = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://page.invalid").pathname;
    if (path === "/v1/traces") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const raw = Buffer.concat(chunks);
        const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
        requests++;
        largest = Math.max(largest, raw.length);
        received.push(...spansOfRequest(body, request.headers["content-type"] ?? "").map((span) => span.name));
        response.writeHead(200).end();
      });
      return;
    }
    response.setHeader("Content-Security-Policy", CONTENT_POLICY);
    if (path === "/") {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end('<!doctype html><script type="module" src="/app.mjs"></script>');
      return;
    }
    if (path === "/app.mjs") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(APP);
      return;
    }
    readFile(join(PACKAGE, normalize(path))).then(
      (content) => response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  browser = await launchChromium();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

afterEach(() => {
  received = [];
  requests = 0;
  largest = 0;
});

/** A page whose tracer is ready, with `count` typical spans that ended in one task and wait. */
async function openWithSpans(count: number, compression: "none" | "gzip"): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${origin}/?spans=${String(count)}&compression=${compression}`);
  while ((await page.title()) !== "ended") await new Promise((resolve) => setTimeout(resolve, 20));
  // The compressor is loaded ahead, beside the module.
  await page.waitForLoadState("networkidle");
  return page;
}

/** Waits until nothing more arrives. */
async function settle(expected: number): Promise<void> {
  for (let i = 0; i < 100 && new Set(received).size < expected; i++) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.each(["navigated away", "closed"] as const)("a page that is %s", (way) => {
  const leave = async (page: Page): Promise<void> => {
    if (way === "closed") await page.close({ runBeforeUnload: true });
    else await page.goto("about:blank");
  };

  test.each([0, 1, 50])("with %d spans pending: all arrive", async (count) => {
    const page = await openWithSpans(count, "none");
    expect(received).toEqual([]);
    await leave(page);
    await settle(count);
    expect(new Set(received).size).toBe(count);
    expect(largest).toBeLessThanOrEqual(60 << 10);
  });

  test("with 500 spans pending and gzip: at least 99 of 100 arrive", async () => {
    const page = await openWithSpans(500, "gzip");
    await leave(page);
    await settle(500);
    expect(new Set(received).size).toBeGreaterThanOrEqual(495);
    expect(requests).toBeLessThanOrEqual(9);
    expect(largest).toBeLessThanOrEqual(60 << 10);
  });

  test("with 5,000 spans pending: as many as the browser's budget takes, the oldest first", async () => {
    const page = await openWithSpans(5_000, "gzip");
    await leave(page);
    await settle(500);
    expect(new Set(received).size).toBeGreaterThanOrEqual(500);
    expect(received).toContain("span0");
  });
});
