// A page with one module script, served from loopback under the policy the package promises to work with.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { findChromium } from "../../scripts/setup.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const TYPES = { mjs: "text/javascript", wasm: "application/wasm" };
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Runs `script` and answers { value: globalThis.result, problems: what the page complained of }. */
export async function openPage({ folders, receiver, script }) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const send = (type, body) => response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": POLICY }).end(body);
    if (pathname === "/")
      return send("text/html", '<!doctype html><title>page</title><script type="module" src="/app.mjs"></script>');
    if (pathname === "/app.mjs") return send("text/javascript", script);
    if (pathname === "/v1/traces") return void receiver.handle(request, response).catch(() => response.writeHead(400).end());
    const prefix = Object.keys(folders).find((path) => pathname.startsWith(path));
    const name = pathname.slice(prefix?.length ?? 0);
    if (prefix === undefined || !/^[\w.-]+$/.test(name)) return response.writeHead(404).end();
    try {
      send(TYPES[name.split(".").at(-1)] ?? "text/plain", readFileSync(join(folders[prefix], name)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const profile = mkdtempSync(join(tmpdir(), "spandrel-profile-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    args: FLAGS,
  });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !/favicon/.test(message.location().url)) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    // A polled expression in the page would be eval, which the policy forbids: handles are asked from outside.
    const deadline = Date.now() + 30_000;
    let value;
    while (value === undefined && problems.length === 0 && Date.now() < deadline) {
      value = await page.evaluate(() => globalThis.result);
      if (value === undefined) await new Promise((done) => setTimeout(done, 50));
    }
    return { value, problems };
  } finally {
    await browser.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    rmSync(profile, { recursive: true, force: true });
  }
}
