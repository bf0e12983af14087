// The page in Chromium, under the policy that ships.

import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.js";
import { agentTrace } from "./fixtures/agent_trace.js";
import { hostileTexts, hostileTrace } from "./fixtures/hostile_trace.js";
import { otlpJson, spanIdOf, TRACE_ID, type FixtureSpan } from "./fixtures/otlp_json.js";
import { PageServer } from "./page_server.js";

const PAGE_DIR = process.env["SPANDREL_PAGE_DIR"] ?? join(__dirname, "../../dist/page");

let browser: Browser;
let server: PageServer;
let page: Page;
/** What must not happen, noted while a test runs. */
let troubles: string[];

beforeAll(async () => {
  if (!existsSync(join(PAGE_DIR, "index.html"))) throw new Error(`no page in ${PAGE_DIR}: build it first`);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  server = new PageServer(PAGE_DIR);
  await server.listen();
  troubles = [];
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (/content security|trusted ?type|refused/i.test(message.text())) troubles.push(`policy: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(server.origin) && !url.startsWith("data:image/")) troubles.push(`request: ${url}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.log(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
});

afterEach(async () => {
  await page.close();
  await server.close();
  expect(troubles).toEqual([]);
});

async function open(spans: readonly FixtureSpan[], hash = ""): Promise<void> {
  server.push(otlpJson(spans));
  await page.goto(hash ? `${server.origin}/${hash}` : server.url);
  await page.locator(".row:not(.is-empty)").first().waitFor();
}

const rowNames = (): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>(".row:not([hidden])")]
      .sort((a, b) => Number(a.dataset["index"]) - Number(b.dataset["index"]))
      .map((row) => row.querySelector(".title")?.textContent ?? ""),
  );
const selectedName = (): Promise<string | null> => page.locator('.row[aria-selected="true"] .title').textContent();
const focusedName = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.querySelector(".title")?.textContent ?? "");

/** Waits until what `read` gives is `expected`. */
async function eventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  let last: T | undefined;
  for (let attempt = 0; attempt < 100; attempt++) {
    last = await read();
    if (JSON.stringify(last) === JSON.stringify(expected)) return;
    await page.waitForTimeout(50);
  }
  expect(last).toEqual(expected);
}

test("without traces the page says how to send some", async () => {
  await page.goto(server.url);
  await page.locator(".empty h1").waitFor();

  expect(await page.locator(".empty h1").textContent()).toBe("Waiting for traces");
  expect(await page.locator(".snippets").textContent()).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${server.origin}`);
});

test("a trace is shown as a tree with its facts", async () => {
  await open(agentTrace());

  expect(await page.locator(".trace-head h1").textContent()).toBe("answer question");
  expect(await page.locator(".trace-head .chips").textContent()).toMatch(
    /4\.21 s.*16 spans.*ops-assistant.*metrics-api.*3\.4k → 228 tokens.*1 error/,
  );
  expect((await rowNames()).slice(0, 6)).toEqual([
    "answer question",
    "rewrite question",
    "retrieve runbooks",
    "embed query",
    "SELECT documents",
    "north-large-2",
  ]);
  const grid = page.locator('[role="treegrid"]');
  expect(await grid.getAttribute("aria-rowcount")).toBe("16");
  expect(await page.locator(".row", { hasText: "SELECT documents" }).getAttribute("aria-level")).toBe("3");
  expect(await page.locator(".row", { hasText: "open_incidents" }).getAttribute("aria-label")).toBe(
    "span open_incidents, ops-assistant, TOOL, 511 ms, error",
  );
});

test("bars stand where their spans are in time", async () => {
  await open(agentTrace());
  const bars = await page.evaluate(() =>
    ["answer question", "query_metrics"].map((name) => {
      const row = [...document.querySelectorAll(".row")].find((element) => element.querySelector(".title")?.textContent === name);
      const bar = row?.querySelector<HTMLElement>(".bar");
      return [Number.parseFloat(bar?.style.left ?? ""), Number.parseFloat(bar?.style.width ?? "")];
    }),
  );

  expect(bars[0]).toEqual([0, 100]);
  expect(bars[1]?.[0]).toBeCloseTo((1702 / 4210) * 100, 3);
  expect(bars[1]?.[1]).toBeCloseTo((778 / 4210) * 100, 3);
});

test("the detail shows messages, attributes, events, links and the resource", async () => {
  await open(agentTrace());
  const detail = page.locator(".detail");

  await page.locator(".row", { hasText: "north-large-2" }).first().click();
  await detail.locator(".message.is-user").waitFor();
  expect(await detail.locator(".message.is-user").textContent()).toContain("Which of our services had the most failed requests");
  expect(await detail.locator(".tool-call").first().textContent()).toContain("query_metrics");

  await page.locator(".row", { hasText: "query_metrics" }).click();
  await detail.locator(".json-number", { hasText: "9007199254740993" }).waitFor();

  await page.locator(".row", { hasText: "open_incidents" }).click();
  await detail.locator(".error-box").waitFor();
  expect(await detail.locator(".exception").textContent()).toContain("503 from incidents.internal");
  await detail.locator('[data-tab="Attributes"]').click();
  expect(await detail.locator(".attr-key").allTextContents()).toEqual(["mlflow.spanType", "mlflow.spanInputs"]);
  await detail.locator('[data-tab="Events"]').click();
  expect(await detail.locator(".event strong").allTextContents()).toEqual(["retry", "retry", "exception"]);
  await detail.locator('[data-tab="Links"]').click();
  expect(await detail.locator(".linked").getAttribute("title")).toContain("0af7651916cd43dd8448eb211c80319c");
  await detail.locator('[data-tab="Resource"]').click();
  expect(await detail.textContent()).toContain("service.name");
});

test("the tree is walked by keyboard, and focus follows", async () => {
  await open(agentTrace());
  await page.locator(".row", { hasText: "answer question" }).click();
  const press = async (key: string, expected: string): Promise<void> => {
    await page.keyboard.press(key);
    await eventually(focusedName, expected);
    await eventually(selectedName, expected);
  };

  await press("ArrowDown", "rewrite question");
  await press("ArrowDown", "retrieve runbooks");
  await press("ArrowRight", "embed query");
  await press("ArrowLeft", "retrieve runbooks");
  await press("ArrowLeft", "retrieve runbooks");
  await eventually(() => page.locator(".row", { hasText: "retrieve runbooks" }).getAttribute("aria-expanded"), "false");
  await press("ArrowDown", "north-large-2");
  await press("ArrowUp", "retrieve runbooks");
  await press("ArrowRight", "retrieve runbooks");
  await eventually(() => page.locator(".row", { hasText: "retrieve runbooks" }).getAttribute("aria-expanded"), "true");
  await press("End", "check answer");
  await press("Home", "answer question");
  await press("e", "open_incidents");
  await page.keyboard.press("Enter");
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute("role") ?? ""), "tab");
  expect(await page.locator('.row[tabindex="0"]').count()).toBe(1);
});

test("collapse all and expand all are inverse", async () => {
  await open(agentTrace());
  const before = await rowNames();

  await page.locator('[aria-label="Collapse all"]').click();
  await eventually(rowNames, ["answer question"]);
  await page.locator('[aria-label="Expand all"]').click();
  await eventually(rowNames, before);
});

test("what is selected in a branch that collapses passes its selection on", async () => {
  await open(agentTrace());
  await page.locator(".row", { hasText: "merge" }).click();
  await page.locator(".row", { hasText: "query_metrics" }).locator(".chevron").click();

  await eventually(selectedName, "query_metrics");
});

test("spans that arrive are shown, and an open span ends", async () => {
  const startMillis = Date.now() - 500;
  const root: FixtureSpan = { id: "root", name: "long job", service: "jobs", start: 0 };
  server.push(otlpJson([root], { startMillis }));
  await page.goto(server.url);
  await page.locator(".row.is-open").waitFor();
  expect(await page.locator(".row .badge.is-live").textContent()).toBe("running");

  server.push(otlpJson([{ id: "step", parent: "root", name: "step", service: "jobs", start: 100, end: 300 }], { startMillis }));
  await eventually(rowNames, ["long job", "step"]);

  server.push(otlpJson([{ ...root, end: 700, status: 1 }], { startMillis }));
  await eventually(() => page.locator(".row.is-open").count(), 0);
  await eventually(() => page.locator(".row").first().locator(".bar-label").textContent(), "700 ms");
  expect(await page.locator(".chip.is-warning").count()).toBe(0);
});

test("a connection that breaks is taken up again without doubling anything", async () => {
  await open(agentTrace());
  server.disconnect();
  server.push(otlpJson([{ id: "late", parent: "root", name: "late span", service: "ops-assistant", start: 4195, end: 4200 }]));

  await eventually(async () => (await rowNames()).at(-1) ?? "", "late span");
  expect(await page.locator(".trace-head").textContent()).not.toContain("duplicate");
});

test("a wrong token is said, and not asked again and again", async () => {
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/stream")) asked++;
  });
  await page.goto(`${server.origin}/#token=wrong`);

  await eventually(() => page.locator(".connection").getAttribute("class"), "connection is-refused");
  await page.waitForTimeout(600);
  expect(asked).toBe(1);
});

test("a link to a span opens its trace there and keeps the token", async () => {
  server.push(
    otlpJson([{ id: "other", name: "newer trace", start: 0, end: 1 }], {
      traceId: "0".repeat(31) + "7",
      startMillis: 1_800_000_000_000,
    }),
  );
  await open(agentTrace(), `#/t/${TRACE_ID}/s/${spanIdOf("vector")}?token=${server.token}`);

  await eventually(selectedName, "SELECT documents");
  await page.locator(".list-row", { hasText: "newer trace" }).click();
  await eventually(() => page.locator(".trace-head h1").textContent(), "newer trace");
  const otherPlace = `${server.origin}/#/t/${"0".repeat(31)}7/s/${spanIdOf("other")}?token=${server.token}`;
  await eventually(() => Promise.resolve(page.url()), otherPlace);
  await page.goBack();
  await eventually(() => page.locator(".trace-head h1").textContent(), "answer question");
});

test("ten thousand spans need no more elements than the screen has rows", async () => {
  const spans: FixtureSpan[] = [{ id: "root", name: "root", start: 0, end: 10_000 }];
  for (let index = 1; index < 10_000; index++) {
    spans.push({
      id: String(index),
      parent: index % 10 === 0 ? "root" : String(index - (index % 10) || "root"),
      name: `span ${String(index)}`,
      start: index,
      end: index + 1,
    });
  }
  await open(spans);
  const elements = (): Promise<number> => page.locator(".row").count();
  expect(await page.locator('[role="treegrid"]').getAttribute("aria-rowcount")).toBe("10000");
  expect(await elements()).toBeLessThan(60);

  await page.locator(".row").first().click();
  await page.keyboard.press("End");
  await eventually(focusedName, "span 9999");
  expect(await elements()).toBeLessThan(90);
  await page.evaluate(() => {
    const scroller = document.querySelector(".wf-scroll");
    if (scroller) scroller.scrollTop = 3000 * 30;
  });
  await eventually(async () => (await rowNames()).includes("span 3010"), true);
  expect(await elements()).toBeLessThan(90);
  expect(await focusedName()).toBe("span 9999"); // scrolled away, still there
  await page.keyboard.press("ArrowUp");
  await eventually(focusedName, "span 9998");
});

test("a chain of two thousand levels is drawn, and says how deep it is", async () => {
  const spans = Array.from({ length: 2000 }, (_, index): FixtureSpan => ({
    id: String(index),
    parent: index === 0 ? undefined : String(index - 1),
    name: `level ${String(index)}`,
    start: index,
    end: 4000 - index,
  }));
  await open(spans);
  await page.locator(".row").first().click();
  await page.keyboard.press("End");

  await eventually(focusedName, "level 1999");
  expect(await page.locator('.row[aria-selected="true"] .badge').first().textContent()).toBe("↳1999");
});

test("what is wrong with a trace is said", async () => {
  await open([
    { id: "root", start: 0, end: 10 },
    { id: "orphan", parent: "never sent", start: 1, end: 2 },
    { id: "a", parent: "b", start: 3, end: 4 },
    { id: "b", parent: "a", start: 4, end: 5 },
    { id: "backwards", parent: "root", start: 6, end: 5 },
    { id: "twice", parent: "root", start: 7, end: 8 },
    { id: "twice", parent: "root", start: 7, end: 9 },
  ]);

  const badges = await page.locator(".badge.is-warning").allTextContents();
  expect(badges.sort()).toEqual(["cycle", "end < start", "no parent", "twice"]);
  expect(await page.locator(".trace-head .chip.is-warning").allTextContents()).toEqual([
    "1 span without their parent",
    "1 cycle of parents",
    "1 span ending before the start",
    "1 duplicate span id",
  ]);
});

test("a file of JSON is opened without a receiver, a broken one is explained", async () => {
  await page.goto(server.origin);
  await page.locator(".empty h1", { hasText: "Open a trace" }).waitFor();

  await page.setInputFiles("input[type=file]", {
    name: "broken.json",
    mimeType: "application/json",
    buffer: Buffer.from('{"resourceSpans":[{"scopeSpans":[{]}]}'),
  });
  await page.locator(".notice.is-error").waitFor();
  expect(await page.locator(".notice").textContent()).toMatch(/broken\.json: 0 spans.*byte \d+/);

  const lines = [
    otlpJson(agentTrace()),
    otlpJson([{ id: "x", name: "second line", start: 0, end: 1 }], { traceId: "0".repeat(31) + "9" }),
  ].join("\n");
  await page.setInputFiles("input[type=file]", {
    name: "traces.jsonl",
    mimeType: "application/json",
    buffer: Buffer.from(lines),
  });
  await page.locator(".row:not(.is-empty)").first().waitFor();
  await eventually(() => page.locator(".list-title").textContent(), "2 traces");
});

test("a hostile trace stays text", async () => {
  let leaks = 0;
  const leak: Server = createServer((_request, response) => {
    leaks++;
    response.end();
  });
  await new Promise<void>((resolve) => leak.listen(0, "127.0.0.1", resolve));
  const leakUrl = `http://127.0.0.1:${String((leak.address() as AddressInfo).port)}`;
  const texts = hostileTexts(leakUrl);
  await open(hostileTrace(leakUrl));

  const shown = new Set<string>();
  const rows = await page.locator(".row:not([hidden])").count();
  for (let index = 0; index < rows; index++) {
    await page.locator(`.row[data-index="${String(index)}"]`).click();
    for (const tab of ["Content", "Attributes", "Events", "Links", "Resource"]) {
      const button = page.locator(`.detail [data-tab="${tab}"]`);
      if ((await button.count()) > 0) await button.click();
    }
    await page.locator('.detail [data-tab="Attributes"]').click();
    for (const text of await page.locator(".attr-value").allTextContents()) shown.add(text);
    await page.locator('.detail [data-tab="Content"]').click();
  }

  // U+0000 is the one character that HTML's DOM may hold and the eye cannot see; all others are compared as they are.
  for (const text of texts) expect([...shown].some((value) => value === text)).toBe(true);
  expect(await rowNames()).toEqual(expect.arrayContaining(texts.slice(0, 15)));
  expect(
    await page.evaluate(
      () => document.querySelectorAll("#app script, .app script, .app iframe, .app a, .app link, .app style").length,
    ),
  ).toBe(0);
  expect(await page.evaluate(() => Object.keys(Object.prototype))).toEqual([]);
  expect(leaks).toBe(0);
  leak.closeAllConnections();
  await new Promise((resolve) => leak.close(resolve));
});

test("light and dark, wide and narrow, nothing is wider than the page", async () => {
  await open(agentTrace());
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [320, 768, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const [scrollWidth, background] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        getComputedStyle(document.body).backgroundColor,
      ]);
      expect(scrollWidth).toBe(width);
      expect(background).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(15, 18, 24)");
    }
  }
});
