// README.md's examples for Node run as they stand there, with the built package. (The one for a page
// is run by the package test.)
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as spandrel from "../../js/index.js";
import { checkedOptions } from "../../js/load/options.js";
import { LOSS_REASONS } from "../../js/load/core.js";
import { closeServers, FaultServer } from "./export/fault_server.js";

const ROOT = join(__dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
let folder: string;

beforeAll(() => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  // Inside of the project, so that "spandrel" is the package itself.
  folder = mkdtempSync(join(ROOT, "build/readme-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
afterEach(closeServers);

/** The code block behind `<!-- example:name -->`. */
function exampleOf(name: string): string {
  const found = new RegExp(`<!-- example:${name} -->\\n\`\`\`js\\n([\\s\\S]*?)\`\`\``).exec(README)?.[1];
  if (found === undefined) throw new Error(`README.md has no example "${name}"`);
  return found;
}

/** What it prints, and what it complains of. */
async function run(file: string, source: string, endpoint: string): Promise<{ stdout: string; stderr: string }> {
  const path = join(folder, file);
  writeFileSync(path, source);
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, NODE_OPTIONS: "" };
  return await promisify(execFile)(process.execPath, [path], { cwd: folder, env, timeout: 15_000 });
}

test("TheExampleForNodeTracesAndExports", async () => {
  const server = await FaultServer.start();

  const { stdout, stderr } = await run("example.mjs", exampleOf("node"), server.endpoint);

  expect(stderr).toBe("");
  expect(stdout).toBe("I found a note on spandrels. { status: 'flushed', delivered: 2, dropped: 0, pending: 0 }\n");
  expect(server.accepted.flatMap(({ spans }) => spans.map(({ name }) => name)).sort()).toEqual(["answer", "look up"]);
});

test("RequireGivesTheSame", async () => {
  const server = await FaultServer.start();
  const source = exampleOf("node").replace(/^import \{(.*)\} from "spandrel";/m, 'const {$1} = require("spandrel");');

  const { stdout } = await run("example.cjs", `(async () => {\n${source}\n})();\n`, server.endpoint);

  expect(stdout).toMatch(/delivered: 2/);
});

test("EveryNameInTheTableIsExported", () => {
  const table = README.slice(README.indexOf("## What there is"), README.indexOf("| entry | what it is |"));
  const names = [...table.matchAll(/^\| (.*?) \| /gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`@?(\w+)/g)].map(([, name = ""]) => name),
  );
  const types = ["SpanExporter", "Outcome"];

  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !(name in spandrel) && !types.includes(name))).toEqual([]);
});

test("EveryExportIsInTheTable", () => {
  const missing = Object.keys(spandrel).filter(
    (name) =>
      !README.includes(name) &&
      !/^(SpanStatusCode|SpanLogLevel|SpanAttributeKey|TraceState|Trace(Tag|Metadata)Key|NO_OP_SPAN_TRACE_ID)$/.test(name),
  );

  expect(missing).toEqual([]);
});

test("EveryOptionOfTheTableIsTaken", () => {
  const table = README.slice(README.indexOf("| option of `init` |"), README.indexOf("In Node these variables"));
  const options = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, name = ""]) => name),
  );

  expect(options.length).toBeGreaterThan(20);
  // A wrong value is refused for what it is; an option that does not exist is refused by name.
  for (const name of options) expect(() => checkedOptions({ [name]: Symbol() })).toThrow(/must be/);
});

test("OnlyWhatAModuleCanComeFromIsTakenForOne", () => {
  for (const wasm of [new URLSearchParams(), new SharedArrayBuffer(8), { [Symbol.toStringTag]: "Module" }])
    expect(() => checkedOptions({ wasm })).toThrow(/^wasm must be/);
  for (const wasm of ["a", new URL("http://a"), new ArrayBuffer(8), new Uint8Array(8), Promise.resolve()])
    expect(checkedOptions({ wasm })).toEqual({ wasm });
});

test("EveryReasonOfALossIsInTheTable", () => {
  for (const reason of LOSS_REASONS) expect(README).toContain(`\`${reason}\``);
});
