// What notebooks show for traces, in Chromium: below a cell whose page has a strict policy, and opened
// from disk. Pictures go to build/.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Browser, FrameLocator, Page } from "playwright-core";
import { getNotebookIframeHtml, getTraceHtml, init, shutdown, Span, Trace, TraceInfo } from "../../js/index.js";
import { launchChromium } from "./chromium.js";
import { agentTrace } from "./fixtures/agent_trace.js";
import { hostileTexts, hostileTrace } from "./fixtures/hostile_trace.js";
import { otlpJson, TRACE_ID, type FixtureSpan } from "./fixtures/otlp_json.js";

/** A notebook may style its outputs and nothing else. */
const NOTEBOOK_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-src 'none'";
const NO_STYLE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'";

let browser: Browser;
let page: Page;
let server: Server;
let origin: string;
let served: { html: string; policy: string };
let directory: string;
/** What must not happen. */
let troubles: string[];

beforeAll(async () => {
  await init({ exporter: "none" });
  directory = mkdtempSync(join(tmpdir(), "spandrel-notebook-"));
  mkdirSync("build", { recursive: true });
  browser = await launchChromium();
  server = createServer((request, response) => {
    if (request.url !== "/") {
      troubles.push(`request: ${String(request.url)}`);
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": served.policy })
      .end(served.html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await shutdown();
  rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  troubles = [];
  page = await browser.newPage({ viewport: { width: 1000, height: 640 } });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file:|about:srcdoc)/.test(request.url()) && request.url() !== `${origin}/`)
      troubles.push(`request: ${request.url()}`);
  });
});

afterEach(async () => {
  await page.close();
  expect(troubles).toEqual([]);
});

function traceOf(fixture: readonly FixtureSpan[], fields: Partial<ConstructorParameters<typeof TraceInfo>[0]> = {}): Trace {
  const { resourceSpans } = JSON.parse(otlpJson(fixture)) as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  const spans = resourceSpans.flatMap((r) => r.scopeSpans).flatMap((s) => s.spans);
  const info = new TraceInfo({ traceId: `tr-${TRACE_ID}`, requestTime: 1_767_225_600_000, state: "OK", ...fields });
  return new Trace(
    info,
    spans.map((span) => Span.fromOtlp(span)),
  );
}

const agent = (): Trace =>
  traceOf(agentTrace(), {
    state: "ERROR",
    executionDuration: 4210,
    requestPreview: "Which of our services had the most failed requests last night, and since when?",
    responsePreview: "The checkout service failed most: 1,284 requests between 01:12 and 03:40, 92 % of them with status 503.",
    tags: { "mlflow.traceName": "answer question", stage: "production" },
    traceMetadata: {
      "mlflow.trace.tokenUsage": '{"input_tokens": 2613, "output_tokens": 310, "total_tokens": 2923}',
      "mlflow.trace.cost": '{"total_cost": 0.012374}',
      "mlflow.trace.session": "night-shift-17",
    },
  });

async function openCell(html: string, policy = NOTEBOOK_POLICY): Promise<FrameLocator> {
  served = { html: `<!doctype html><meta charset="utf-8"><title>Notebook</title><body>${html}</body>`, policy };
  await page.goto(`${origin}/`);
  return page.frameLocator("#trace-renderer");
}

test("below a cell the trace stands as a waterfall whose spans open and whose children fold", async () => {
  const frame = await openCell(getNotebookIframeHtml([agent()]));
  const name = (text: string) => frame.locator(".row bdi", { hasText: text }).first();

  await name("answer question").waitFor();
  await page.screenshot({ path: "build/notebook-light.png" });
  await name("answer question").click();
  await expect(frame.locator("pre", { hasText: '"session": "night-shift-17"' }).isVisible()).resolves.toBe(true);
  await name("answer question").click();
  await expect(name("rewrite question").isVisible()).resolves.toBe(true);
  await frame.locator(".kids > summary").first().click();
  await expect(name("rewrite question").isVisible()).resolves.toBe(false);

  const button = page.locator("summary");
  const verb = () => button.evaluate((element) => getComputedStyle(element, "::before").content);
  await expect(verb()).resolves.toBe('"Collapse "');
  await button.click();
  await expect(page.locator("#trace-renderer").isVisible()).resolves.toBe(false);
  await expect(verb()).resolves.toBe('"Expand "');
});

test("dark where the reader's system is dark", async () => {
  await page.emulateMedia({ colorScheme: "dark" });
  const frame = await openCell(getNotebookIframeHtml([agent()]));
  await frame.locator(".is-error > .span > .row").click();
  await frame.locator(".is-error > .span > .row").scrollIntoViewIfNeeded();
  await page.screenshot({ path: "build/notebook-dark.png" });

  const [background, text] = await frame.locator("body").evaluate((body) => {
    const { backgroundColor, color } = getComputedStyle(body);
    return [backgroundColor, color];
  });

  expect([background, text]).toEqual(["rgb(15, 18, 24)", "rgb(231, 234, 240)"]);
});

test("a saved page opens from disk, with every text of a hostile trace as text", async () => {
  const leakUrl = `${origin}/leak`;
  const path = join(directory, "hostile.html");
  writeFileSync(
    path,
    getTraceHtml([traceOf(hostileTrace(leakUrl), { tags: Object.fromEntries(hostileTexts(leakUrl).map((t) => [t, t])) })]),
  );
  await page.goto(pathToFileURL(path).href);
  await page.locator(".row").nth(1).click();
  await page.screenshot({ path: "build/notebook-hostile.png" });

  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

  const content = await page.evaluate(() => ({
    active: document.querySelectorAll("script,img,a,link,iframe,object,embed,form,input,base,math,video,noscript").length,
    handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some(({ name }) => /^on|href|src/.test(name)))
      .length,
    styles: document.querySelectorAll("style").length,
    names: [...document.querySelectorAll(".row bdi")].map((e) => e.textContent),
    text: document.body.textContent,
  }));
  expect(content).toMatchObject({ active: 0, handlers: 0, styles: 1 });
  const seen = hostileTexts(leakUrl).filter((text) => content.names.includes(text));
  expect(seen).toHaveLength(hostileTexts(leakUrl).length - 2);
  // What would act on other text, or not be seen, is spelled out.
  expect(content.names).toContain("\\u202egnp.exe\\u202c \u200Dzero\u200Bwidth");
  expect(content.names).toContain("\\u001b[31mred\\u001b[0m \\u0000 nul");
  expect(["\u0000", "\u001b", "\u202a", "\u202e"].filter((unit) => content.text?.includes(unit))).toEqual([]);
});

test("a hostile trace does nothing in the frame below a cell either", async () => {
  const frame = await openCell(getNotebookIframeHtml([traceOf(hostileTrace(`${origin}/leak`))]));

  await frame.locator(".row").nth(2).click();

  await expect(frame.locator("script, img, a, iframe").count()).resolves.toBe(0);
  await expect(page.locator("script, img, a").count()).resolves.toBe(0);
});

test("a policy that forbids inline styles leaves a readable page", async () => {
  const frame = await openCell(getNotebookIframeHtml([agent()]), NO_STYLE_POLICY);

  await frame.locator(".row bdi").first().click();
  await page.screenshot({ path: "build/notebook-no-style.png" });

  await expect(frame.getByText("Inputs").first().isVisible()).resolves.toBe(true);
});

test("10,000 spans, a chain as deep, and a megabyte of text stay small, and say what is left out", async () => {
  const wide: FixtureSpan[] = [{ id: "root", start: 0, end: 20_000 }];
  for (let i = 1; i < 10_000; i++)
    wide.push({ id: `w${String(i)}`, parent: "root", start: i, end: i + 1, status: i === 9_999 ? 2 : 0 });
  const chain: FixtureSpan[] = [{ id: "c0", start: 0, end: 20_000 }];
  for (let i = 1; i < 10_000; i++) chain.push({ id: `c${String(i)}`, parent: `c${String(i - 1)}`, start: i, end: 20_000 });
  const large = traceOf([{ id: "root", start: 0, end: 1, attributes: { "mlflow.spanInputs": "<&'\">".repeat(200_000) } }]);
  const html = getTraceHtml([traceOf(wide), traceOf(chain), large]);
  const path = join(directory, "large.html");
  writeFileSync(path, html);

  await page.goto(pathToFileURL(path).href);
  await page.screenshot({ path: "build/notebook-large.png" });

  expect(html.length).toBeLessThan(2_000_000);
  await expect(page.locator(".note").allTextContents()).resolves.toEqual([
    "333 of 10,000 spans are shown, those nearest to the root; 1 of those left out failed.",
    "333 of 10,000 spans are shown, those nearest to the root.",
  ]);
  await expect(page.locator(".more").allTextContents()).resolves.toEqual([
    "9,667 spans more here, with what is below, not shown",
    "1 span more here, with what is below, not shown",
  ]);
  await expect(page.locator(".flag", { hasText: /^depth 332$/ }).count()).resolves.toBe(1);
  await expect(page.getByText("the first 8,192 of 1,000,000 characters").count()).resolves.toBe(1);
});

test("a small window keeps names and times readable", async () => {
  await page.setViewportSize({ width: 420, height: 700 });
  const frame = await openCell(getNotebookIframeHtml([agent(), traceOf([{ id: "alone", start: 0, end: 3 }])]));
  await frame.locator(".row").first().waitFor();
  await page.screenshot({ path: "build/notebook-narrow.png" });

  const overflow = await frame.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);

  expect(overflow).toBeLessThanOrEqual(0);
});
