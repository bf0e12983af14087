// docs/migration.md: its examples run as they stand there, with the built package and a tracking server
// that is scripted; its names are exported.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as spandrel from "../../js/index.js";
import { answer, closeScriptServers, ScriptServer, type Asked } from "./mlflow/script_server.js";

const ROOT = join(__dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/migration.md"), "utf8");
const examples = [...PAGE.matchAll(/<!-- run:(\w+) -->\n```js\n([\s\S]*?)```/g)].map(
  ([, name, source]) => [name as string, source as string] as const,
);
let folder: string;
let server: ScriptServer;

interface Info {
  trace_id: string;
  tags: Record<string, string>;
}

/** As much of MLflow's server as the page needs: experiments, infos, tags, assessments. */
class Store {
  readonly infos = new Map<string, Info>();

  answerTo({ method, path, body }: Asked): unknown {
    const text = body.toString();
    if (path === "/version") return "3.17.2";
    if (path === "/v1/traces") return "";
    if (path.endsWith("/experiments/create")) return { experiment_id: "7" };
    if (path.endsWith("/traces/search")) return { traces: [...this.infos.values()] };
    if (path.endsWith("/traces") && method === "POST") {
      const { trace_info: info } = (JSON.parse(text) as { trace: { trace_info: Info } }).trace;
      info.tags = { ...info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" };
      this.infos.set(info.trace_id, info);
      return { trace: { trace_info: info } };
    }
    const info = this.infos.get(path.split("/").find((part) => part.startsWith("tr-")) ?? "");
    if (info === undefined) return undefined;
    if (path.endsWith("/tags")) {
      const { key, value } = JSON.parse(text) as { key: string; value: string };
      info.tags[key] = value;
      return {};
    }
    if (path.endsWith("/assessments")) {
      const { assessment } = JSON.parse(text) as { assessment: object };
      return { assessment: { ...assessment, assessment_id: `a-${"1".repeat(32)}` } };
    }
    return { trace: { trace_info: info } };
  }
}

beforeAll(async () => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  // Inside of the project, so that "spandrel" is the package itself.
  folder = mkdtempSync(join(ROOT, "build/migration-"));
  server = await ScriptServer.start();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await closeScriptServers();
});

test("ThePageHasExamples", () => {
  expect(examples.length).toBeGreaterThan(6);
});

test.each(examples)("TheExampleRunsAndPrintsWhatItSays: %s", async (name, source) => {
  const store = new Store();
  const missing = { error_code: "RESOURCE_DOES_NOT_EXIST", message: "there is none" };
  server.reply = (response, asked, count) => {
    const found = store.answerTo(asked);
    answer(found ?? missing, found === undefined ? 404 : 200)(response, asked, count);
  };
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, source);
  const env = { ...process.env, MLFLOW_TRACKING_URI: server.url, NODE_OPTIONS: "" };

  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path], { cwd: folder, env, timeout: 15_000 });

  const wanted = [...source.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual(wanted);
});

test("EveryFunctionOfTheTablesIsThere", () => {
  const fluent = PAGE.slice(PAGE.indexOf("## Fluent functions"), PAGE.indexOf("### Functions, generators"));
  const client = PAGE.slice(PAGE.indexOf("## The client"), PAGE.indexOf("<!-- run:client -->"));
  const callsOf = (table: string): string[] =>
    [...table.matchAll(/^\|.*\| (.*) \|$/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/(?<![\w.])([a-z]\w+)\(/g)].map(([, name = ""]) => name),
    );
  const words = ["fn", "init"];
  const fluentNames = callsOf(fluent).filter((name) => !words.includes(name));
  expect(fluentNames.length).toBeGreaterThan(35);
  expect(fluentNames.filter((name) => !(name in spandrel))).toEqual([]);
  const known = { ...spandrel, ...spandrel.TracingClient.prototype };
  const has = (name: string): boolean => name in known || name in spandrel.TracingClient.prototype || name === "end";
  expect(callsOf(client).length).toBeGreaterThan(15);
  expect(callsOf(client).filter((name) => !has(name))).toEqual([]);
});
