// A file of MLflow's in the page: its spans, and what is known about the trace. Pictures go to build/.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.js";
import { mlflowTrace } from "./fixtures/mlflow_trace.js";
import { PageServer } from "./page_server.js";

const server = new PageServer(process.env["SPANDREL_PAGE_DIR"] ?? join(__dirname, "../../dist/page"));
const troubles: string[] = [];
let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync("build", { recursive: true });
  browser = await launchChromium();
  await server.listen();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => {
    if (/content security|trusted ?type|refused/i.test(message.text())) troubles.push(message.text());
  });
  await page.goto(server.origin);
  await page.locator(".empty h1", { hasText: "Open a trace" }).waitFor();
  await page.setInputFiles("input[type=file]", {
    name: "whatever.txt",
    mimeType: "text/plain",
    buffer: Buffer.from(mlflowTrace()),
  });
  await page.locator(".row:not(.is-empty)").first().waitFor();
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

test("its spans are a tree with types, and values are values", async () => {
  const titles = await page.locator(".row:not([hidden]) .title").allTextContents();
  expect(titles).toEqual(["support_agent", "find_orders", "rank", "charge_history", "chat"]);
  await expect(page.locator(".row", { hasText: "charge_history" }).getAttribute("aria-label")).resolves.toMatch(
    /^span charge_history, .*TOOL, 450 ms, error$/,
  );
  await page.locator(".row", { hasText: "rank" }).click();
  await expect(page.locator(".detail").textContent()).resolves.toMatch(/kept\s*3/);
});

test("assessments, tags, user and cost stand below the head; the rest opens", async () => {
  const chips = await page.locator(".facts .chip").allTextContents();
  expect(chips).toEqual([
    "correcttrue",
    "groundedfalse",
    "helpfulness0.8",
    "expected_answerIt is a hold.",
    "sessionchat-2041",
    "userada",
    "cost$0.00267",
    "envproduction",
    "release2.14.0",
    "teambilling",
    "About",
  ]);
  await expect(page.locator(".trace-head .chips").textContent()).resolves.toContain("812 → 64 tokens");
  await page.screenshot({ path: "build/mlflow-file-light.png" });

  const more = page.locator(".more-facts");
  await expect(page.locator(".facts-table").isVisible()).resolves.toBe(false);
  await more.focus();
  await page.keyboard.press("Enter");
  await expect(more.getAttribute("aria-expanded")).resolves.toBe("true");
  await expect(page.locator(".facts-table").textContent()).resolves.toMatch(/req-77.*by HUMAN grace · Matches the ledger\./);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: "build/mlflow-file-dark.png" });
  await page.setViewportSize({ width: 400, height: 800 });
  await page.screenshot({ path: "build/mlflow-file-narrow.png" });
  expect(troubles).toEqual([]);
});
