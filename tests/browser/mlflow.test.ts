// `spandrel view --tracking-uri` as a reader sees it: traces of an MLflow server in the page, and new ones by
// themselves. The server answers what a real one was recorded to answer. Pictures go to build/.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { runCommand, type RunningView } from "../../js/cli/command.js";
import { loadCoreDecoder } from "../../js/cli/core_decoder.js";
import { FakeMlflow, recordedAnswers } from "../js/cli/mlflow_server.js";
import { launchChromium } from "./chromium.js";

const PAGE_DIR = process.env["SPANDREL_PAGE_DIR"] ?? join(__dirname, "../../dist/page");

let browser: Browser;
let page: Page;
let mlflow: FakeMlflow;
let view: RunningView;
const printed: string[] = [];
const troubles: string[] = [];

/** The traces of a recorded batchGet, each as its own JSON. */
function recordedTraces(): { id: string; text: string }[] {
  const answer = recordedAnswers("batch_get_traces").find(({ path }) => path.endsWith("/batchGet"))?.response_text ?? "";
  const ids = [...answer.matchAll(/\{"trace_info":\{"trace_id":"(tr-[0-9a-f]{32})"/g)];
  const ends = [...ids.slice(1).map(({ index }) => index - 1), answer.length - 2];
  return ids.map((match, i) => ({ id: match[1] as string, text: answer.slice(match.index, ends[i]) }));
}

beforeAll(async () => {
  mkdirSync("build", { recursive: true });
  browser = await launchChromium();
  mlflow = new FakeMlflow();
  await mlflow.start();
  mlflow.experiments = [{ experiment_id: "2", name: "golden" }];
  addTrace(0);
  const result = await runCommand(["view", "--port", "0", "--tracking-uri", mlflow.uri, "--experiment", "golden"], {
    version: "1",
    pageDir: PAGE_DIR,
    loadDecoder: loadCoreDecoder,
    print: (line) => void printed.push(line),
    printError: (line) => void troubles.push(line),
    openInBrowser: () => undefined,
  });
  if ("exitCode" in result) throw new Error(troubles.join());
  view = result;
  await view.mlflow;
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => {
    if (/content security|trusted ?type|refused/i.test(message.text())) troubles.push(message.text());
  });
});

afterAll(async () => {
  await browser.close();
  await view.close();
  await mlflow.stop();
});

function addTrace(number: number): void {
  const { id, text } = recordedTraces()[number] as { id: string; text: string };
  mlflow.traces.push({ trace_id: id, experiment: "2", timestamp: 1_700_000_000_123 + number, state: "OK", text });
}

test("a trace of the server stands in the page, with its spans and what they hold", async () => {
  await page.goto(view.server.url);
  await page.locator(".row:not(.is-empty)").first().waitFor();

  const titles = await page.locator(".row:not([hidden]) .title").allTextContents();
  expect(titles).toEqual(["span 0", "span 1", "span 2"]);
  await page.locator(".row").first().click();
  await page.locator(".detail").getByText("n", { exact: true }).first().waitFor();
  await page.screenshot({ path: "build/mlflow-view.png" });
  expect(printed).toContain(`MLflow: 1 trace from experiment "golden" of ${mlflow.uri}`);
});

test("a receiver without the sample's service does not offer it", async () => {
  await expect(page.getByRole("button", { name: "Run the sample" }).count()).resolves.toBe(0);
});

test("a trace that is new on the server comes by itself, and one that is known does not come again", async () => {
  addTrace(1);

  await page.locator(".list-row:not([hidden])").nth(1).waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: "build/mlflow-view-dark.png" });

  await expect(page.locator(".trace-head").textContent()).resolves.not.toContain("duplicate");
  expect(troubles).toEqual([]);
});
