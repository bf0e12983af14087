// The local page with traces of the real server: `spandrel view --tracking-uri` in Chromium. The picture goes to
// build/peers (or the folder SPANDREL_PEERS_PICTURES). Without Chromium the check says so and is skipped.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { OURS } from "./our_traces.mjs";
import { newExperiment, openPeer, spandrel, trackingUri } from "./peers.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PICTURES = process.env["SPANDREL_PEERS_PICTURES"] ?? join(HERE, "../../build/peers");
const COMMAND = join(dirname(process.env["SPANDREL_PEERS_PACKAGE"] ?? join(HERE, "../../dist/node/index.mjs")), "cli.mjs");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];

const { flushTraces, getLastActiveTraceId, init, shutdown } = spandrel;
const executablePath = process.env["SPANDREL_CHROMIUM"];
const peer = openPeer();
const closing = [];
after(async () => {
  for (const close of closing.reverse()) await close();
  await shutdown();
  await peer.close();
});

/** The address that the command prints. */
async function view(...args) {
  const child = spawn(process.execPath, [COMMAND, "view", "--port", "0", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const end = new Promise((done) => child.once("exit", done));
  closing.push(async () => {
    child.kill("SIGTERM");
    await end;
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
  return await new Promise((done, fail) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const address = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(output)?.[0];
      if (address) done(address);
    });
    void end.then(() => fail(new Error(`spandrel view ended:\n${output}`)));
  });
}

test("the page shows Python's and our traces of the server", { skip: executablePath ? false : "no Chromium" }, async () => {
  const experimentId = await newExperiment(peer, "page");
  await init({ exporter: "mlflow", trackingUri, experimentId });
  for (const name of ["tree", "status", "tokens"]) await OURS[name](spandrel, getLastActiveTraceId);
  await flushTraces();
  await peer.ask("make", { experiment_id: experimentId, names: ["nested", "error", "chat"] });

  const address = await view("--tracking-uri", trackingUri, "--experiment", experimentId);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  closing.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(address).origin) && !request.url().startsWith("data:")) troubles.push(request.url());
  });
  await page.goto(address);
  const listed = (name) =>
    page
      .locator(".list-row:not([hidden])")
      .filter({ has: page.getByText(name, { exact: true }) })
      .first();
  for (const name of ["root", "status", "conversation", "answer", "breaks"]) await listed(name).waitFor();

  await listed("answer").click();
  await page.locator(".row", { hasText: "look_up" }).first().waitFor();
  assert.equal(await page.locator(".trace-head h1").textContent(), "answer");
  await page.locator(".row", { hasText: "look_up" }).first().click();
  await page.locator(".detail").getByText("a note on spandrels").first().waitFor();
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, "page_of_mlflow.png") });

  // What comes to the server while the page is open comes to the page.
  await OURS.events(spandrel, getLastActiveTraceId);
  await flushTraces();
  await listed("events").waitFor();
  assert.deepEqual(troubles, []);
});
