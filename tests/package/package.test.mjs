// What a user gets: the packed tarball, installed into empty projects without a network, and run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startReceiver } from "./receiver.mjs";
import { openPage } from "./page.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const WORK = mkdtempSync(join(tmpdir(), "spandrel-package-"));
const PROJECT = join(WORK, "project");
const INSTALLED = join(PROJECT, "node_modules/spandrel");
const runFile = promisify(execFile);

let receiver;

before(async () => {
  const npm = (args, cwd) => runFile("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
  const packed = await npm(["pack", "--json", "--ignore-scripts", "--pack-destination", WORK], ROOT);
  const answer = JSON.parse(packed.stdout);
  const { filename } = Array.isArray(answer) ? answer[0] : Object.values(answer)[0];
  mkdirSync(PROJECT);
  writeFileSync(join(PROJECT, "package.json"), '{ "name": "empty-project", "version": "1.0.0", "private": true }\n');
  await npm(["install", "--offline", join(WORK, filename)], PROJECT);
  receiver = await startReceiver();
});

after(async () => {
  await receiver?.close();
  rmSync(WORK, { recursive: true, force: true });
});

/** Runs a file of the empty project; its last line is JSON. */
async function runInProject(name, source, args = [], env = {}) {
  const file = join(PROJECT, name);
  writeFileSync(file, source);
  const { stdout, stderr } = await runFile(process.execPath, [...args, file], {
    cwd: PROJECT,
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/** The same program for both module systems: a parent, a child, a flush; and what importing alone did. */
const program = (load) => `
  const before = ["uncaughtException", "unhandledRejection", "SIGINT", "SIGTERM", "exit", "beforeExit"].map((name) => process.listenerCount(name));
  ${load}
  const after = ["uncaughtException", "unhandledRejection", "SIGINT", "SIGTERM", "exit", "beforeExit"].map((name) => process.listenerCount(name));
  async function main() {
    const early = startSpan({ name: "before init" });
    await init({ serviceName: "package test", exporter: "otlp", endpoint: process.env.RECEIVER, protocol: "http/json" });
    const answer = await withSpan(async (span) => {
      span.setInputs({ question: 6 });
      span.setAttribute("attempt", 1);
      const child = trace(async (x) => x * 7, { name: "child" });
      return child(6);
    }, { name: "parent" });
    const flushed = await flushTraces();
    const handlers = ["uncaughtException", "unhandledRejection"].map((name) => process.listenerCount(name));
    console.log(JSON.stringify({ answer, flushed, quiet: String(before) === String(after), handlers, early: typeof early.end }));
    await shutdown();
  }
  main();`;

function assertDelivered(result) {
  assert.equal(result.answer, 42);
  assert.equal(result.flushed.status, "flushed");
  assert.equal(result.flushed.delivered, 2);
  assert.equal(result.quiet, true, "importing the package changes nothing in the process");
  assert.deepEqual(result.handlers, [0, 0], "no process-wide handlers of errors");
  const spans = receiver.takeSpans();
  assert.deepEqual(spans.map((span) => span.name).sort(), ["child", "parent"]);
  const [parent, child] = ["parent", "child"].map((name) => spans.find((span) => span.name === name));
  assert.equal(child.parentSpanId, parent.spanId);
  assert.equal(child.traceId, parent.traceId);
}

test("an ES module in Node traces and exports", async () => {
  const load = 'const { init, withSpan, startSpan, trace, flushTraces, shutdown } = await import("spandrel");';
  assertDelivered(await runInProject("app.mjs", program(load), [], { RECEIVER: receiver.url }));
});

test("a CommonJS program in Node traces and exports", async () => {
  const load = 'const { init, withSpan, startSpan, trace, flushTraces, shutdown } = require("spandrel");';
  assertDelivered(await runInProject("app.cjs", program(load), [], { RECEIVER: receiver.url }));
});

test("it needs no code generation from strings", async () => {
  const load = 'const { init, withSpan, startSpan, trace, flushTraces, shutdown } = await import("spandrel");';
  const args = ["--disallow-code-generation-from-strings"];
  assertDelivered(await runInProject("strict.mjs", program(load), args, { RECEIVER: receiver.url }));
});

test("ES module and CommonJS copies in one process share one manager", async () => {
  const result = await runInProject(
    "both.mjs",
    `import { createRequire } from "node:module";
     import { init, withSpan, getCurrentActiveSpan } from "spandrel";
     const other = createRequire(import.meta.url)("spandrel");
     await init({ exporter: "none" });
     const same = withSpan((span) => other.getCurrentActiveSpan()?.spanId === span.spanId && getCurrentActiveSpan()?.spanId === span.spanId, { name: "shared" });
     console.log(JSON.stringify({ same }));`,
  );
  assert.equal(result.same, true);
});

test("names whose code is read late are those of the bundle that has all in it, and one class each", async () => {
  const result = await runInProject(
    "late.mjs",
    `import { createRequire } from "node:module";
     import * as main from "spandrel";
     import * as bundled from "./node_modules/spandrel/dist/node/bundled.mjs";
     const required = createRequire(import.meta.url)("spandrel");
     const kinds = (names) => Object.keys(names).filter((name) => name !== "default").sort().map((name) => name + " " + typeof names[name]);
     await main.init({ exporter: "none", retainTraces: true });
     let refusal;
     try { new main.TracingClient({ trackingUri: "file:///mlruns" }); } catch (error) { refusal = error; }
     class OwnQueue extends main.AsyncExportQueue {}
     const span = main.createSpan(null);
     const queue = new OwnQueue();
     console.log(JSON.stringify({
       kinds: kinds(main), bundled: kinds(bundled), required: kinds(required),
       isOwnError: refusal instanceof main.TraceError,
       isOwnSpan: span instanceof main.NoOpSpan,
       isQueue: queue instanceof main.AsyncExportQueue && queue instanceof OwnQueue,
       html: main.getTraceHtml([]).includes("<"),
     }));
     await main.shutdown();`,
  );
  assert.ok(result.kinds.length > 80);
  assert.deepEqual(result.kinds, result.bundled);
  assert.deepEqual(result.kinds, result.required);
  const { isOwnError, isOwnSpan, isQueue, html } = result;
  assert.deepEqual({ isOwnError, isOwnSpan, isQueue, html }, { isOwnError: true, isOwnSpan: true, isQueue: true, html: true });
});

for (const [entry, beside] of [
  ["spandrel/inline", []],
  ["spandrel", ["spandrel.wasm"]],
]) {
  test(`an application for Node that esbuild has put into one file traces with all the package can do: ${entry}`, async () => {
    const { build } = await import("esbuild");
    const file = join(PROJECT, "bundled.mjs");
    const names = "flushTraces, init, shutdown, startSpan, trace, withSpan, getTraceHtml, TracingClient";
    writeFileSync(
      file,
      `${program(`import { ${names} } from "${entry}";`)}
       if (!(new TracingClient({ trackingUri: "http://127.0.0.1:9" }) instanceof TracingClient) || !getTraceHtml([])) throw new Error("late code");`,
    );
    const outdir = join(WORK, "bundled", entry.replace("/", "_"));
    const outfile = join(outdir, "app.mjs");
    await build({ entryPoints: [file], bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
    for (const name of beside) cpSync(join(INSTALLED, "dist/node", name), join(outdir, name));
    const { stdout } = await runFile(process.execPath, [outfile], {
      cwd: outdir,
      env: { ...process.env, RECEIVER: receiver.url },
    });
    assertDelivered(JSON.parse(stdout.trim().split("\n").at(-1)));
  });
}

test("spandrel/wasm gives the module itself", async () => {
  const source = (load) => `(async () => { const { createModule } = ${load};
    const module = await createModule();
    console.log(JSON.stringify([typeof module.TraceManager.getInstance, typeof module.Span.fromDict])); })();`;
  assert.deepEqual(await runInProject("wasm.mjs", source('await import("spandrel/wasm")')), ["function", "function"]);
  assert.deepEqual(await runInProject("wasm.cjs", source('require("spandrel/wasm")')), ["function", "function"]);
});

test("spandrel/inline needs no file beside it", async () => {
  const result = await runInProject(
    "inline.mjs",
    `import { init, withSpan, flushTraces } from "spandrel/inline";
     await init({ exporter: "none" });
     console.log(JSON.stringify({ value: withSpan(() => 1, { name: "inline" }), flushed: (await flushTraces()).status }));`,
  );
  assert.deepEqual(result, { value: 1, flushed: "flushed" });
});

test("spandrel/testing captures the traces of a function", async () => {
  const result = await runInProject(
    "testing.mjs",
    `import { withSpan } from "spandrel";
     import { captureTraces } from "spandrel/testing";
     const traces = await captureTraces(() => withSpan(() => 1, { name: "captured" }));
     console.log(JSON.stringify(traces.flat().map((span) => span.name)));`,
  );
  assert.deepEqual(result, ["captured"]);
});

test("spandrel/register starts from environment variables, without a change of the code", async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_SERVICE_NAME: "registered",
  };
  await runInProject(
    "registered.mjs",
    `import { withSpan } from "spandrel"; withSpan(() => 1, { name: "registered" }); console.log("{}");`,
    ["--import", "spandrel/register"],
    env,
  );
  assert.deepEqual(
    receiver.takeSpans().map((span) => span.name),
    ["registered"],
  );
});

test("the command answers", async () => {
  const { stdout } = await runFile(process.execPath, [join(INSTALLED, "dist/node/cli.mjs"), "--version"], { cwd: PROJECT });
  assert.match(stdout, new RegExp(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version.replaceAll(".", "\\.")));
});

test("declarations fit import and require", async () => {
  const use = "const done: Promise<void> = init({ serviceName: 'types' }); void done; void startSpan({ name: 'x' }).end();\n";
  writeFileSync(join(PROJECT, "types.mts"), `import { init, startSpan } from "spandrel";\nimport "spandrel/testing";\n${use}`);
  writeFileSync(
    join(PROJECT, "types.cts"),
    `import spandrel = require("spandrel");\nconst { init, startSpan } = spandrel;\n${use}`,
  );
  const common = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: "es2022",
  };
  const typeRoots = [join(ROOT, "node_modules/@types")];
  for (const host of [
    { module: "nodenext", lib: ["es2022", "dom", "esnext.disposable"], types: [] },
    { module: "node16", lib: ["es2022"], types: ["node"], typeRoots }, // a project for Node has no names of the page
    { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [], experimentalDecorators: true },
  ]) {
    const files = host.module === "esnext" ? ["types.mts"] : ["types.mts", "types.cts"];
    writeFileSync(join(PROJECT, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...common, ...host }, files }));
    const args = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", PROJECT];
    const { stdout } = await runFile(process.execPath, args, { cwd: PROJECT }).catch((error) => error);
    assert.equal(stdout, "", JSON.stringify(host));
  }
});

test("the tarball holds what is run, its documents, and nothing else", () => {
  const files = readdirSync(INSTALLED, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(INSTALLED, name)).isFile());
  const strangers = files.filter(
    (name) =>
      !/^(dist\/|docs\/.+\.(md|svg|png)$|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/.test(name) || /\.map$/.test(name),
  );
  assert.deepEqual(strangers, []);
  const { dependencies = {}, scripts = {} } = JSON.parse(readFileSync(join(INSTALLED, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(dependencies), []);
  assert.equal(scripts.postinstall ?? scripts.install ?? scripts.preinstall, undefined);
});

test("a plain page with a module script traces under the strict content policy", async () => {
  const result = await openPage({
    folders: { "/spandrel/": join(INSTALLED, "dist/browser") },
    receiver,
    script: `
      import { init, trace, withSpan, startSpan, flushTraces } from "/spandrel/index.mjs";
      const early = startSpan({ name: "early" });
      await init({ serviceName: "page", endpoint: location.origin, protocol: "http/json" });
      const answer = await withSpan(async () => trace(async (x) => x * 7, { name: "child" })(6), { name: "parent" });
      const flushed = await flushTraces();
      globalThis.result = { answer, flushed, early: typeof early.end };`,
  });
  assert.deepEqual(result.problems, []);
  assert.equal(result.value.answer, 42);
  assert.equal(result.value.flushed.status, "flushed");
  assert.deepEqual(
    receiver
      .takeSpans()
      .map((span) => span.name)
      .sort(),
    ["child", "parent"],
  );
});

test("README's example for a page runs as it stands there", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, script] = /<!-- example:page -->\n```js\n([\s\S]*?)```/.exec(readme);
  const requests = [];
  const result = await openPage({
    folders: { "/spandrel/": join(INSTALLED, "dist/browser") },
    receiver: {
      async handle(request, response) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        requests.push(Buffer.concat(chunks).toString("latin1"));
        response.writeHead(200, { "Content-Type": "application/x-protobuf" }).end();
      },
    },
    script: `${script}\nglobalThis.result = await (await import("/spandrel/index.mjs")).flushTraces();`,
  });
  assert.deepEqual(result.problems, []);
  assert.equal(result.value.status, "flushed");
  assert.equal(requests.join("").split("open page").length, 2);
  assert.match(requests.join(""), /load/);
});
