// `spandrel view --tracking-uri databricks --location catalog.schema`: traces of tables come to the page under their
// whole ids, from a workspace that a script plays.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArguments } from "../../../js/cli/args.js";
import { runCommand, type CommandHost, type RunningView } from "../../../js/cli/command.js";
import { loadCoreDecoder } from "../../../js/cli/core_decoder.js";
import type { MlflowFeed } from "../../../js/cli/mlflow_feed.js";
import type { RestSeams } from "../../../js/mlflow/rest_client.js";
import { openViewer } from "../../../js/viewer/viewer.js";
import { FakeTime } from "../export/fake_time.js";
import { answer, closeScriptServers, jsonOf, ScriptServer, type Asked, type Reply } from "../mlflow/script_server.js";
import { FeedPage } from "./feed_page.js";
import { makePageDir, readStream } from "./harness.js";

const hexOf = (number: number): string => number.toString(16).padStart(32, "0");
const running: RunningView[] = [];
let server: ScriptServer;
const page = new FeedPage();
const { added, printed, errors } = page;
/** In the workspace: numbers of traces, by table. */
let tables: Record<string, number[]>;
let own: (asked: Asked) => Reply | null;

function info(table: string, number: number): object {
  const [catalog_name, schema_name, table_prefix] = table.split(".");
  const trace_location =
    table_prefix === undefined
      ? { type: "UC_SCHEMA", uc_schema: { catalog_name, schema_name } }
      : { type: "UC_TABLE_PREFIX", uc_table_prefix: { catalog_name, schema_name, table_prefix } };
  const request_time = new Date(1_767_225_600_000 + number).toISOString();
  return { trace_id: hexOf(number), trace_location, request_time, state: "OK", tags: { n: String(number) } };
}

/** As protobuf's JSON writes it: ids in base64, times as text. */
function span(number: number): object {
  return {
    trace_id: Buffer.from(hexOf(number), "hex").toString("base64"),
    span_id: "AAAAAAAAAAI=",
    name: `step ${String(number)}`,
    start_time_unix_nano: "1767225600123456789",
    end_time_unix_nano: "1767225600123456999",
    attributes: [{ key: "mlflow.spanInputs", value: { string_value: '{"a":1}' } }],
    status: { code: "STATUS_CODE_OK" },
  };
}

interface Search {
  locations: { uc_schema?: Record<string, string>; uc_table_prefix?: Record<string, string> }[];
  max_results: number;
  page_token?: string;
  sql_warehouse_id?: string;
}

const workspace: Reply = (response, asked, count) => {
  const given = own(asked);
  if (given !== null) return given(response, asked, count);
  const base = "/api/4.0/mlflow/traces";
  if (asked.path === `${base}/search-long-running`) {
    const { locations, max_results: max, page_token: token } = jsonOf(asked) as Search;
    const names = locations.map(({ uc_schema, uc_table_prefix }) => Object.values(uc_schema ?? uc_table_prefix ?? {}).join("."));
    const found = names.flatMap((name) => (tables[name] ?? []).map((number) => ({ name, number })));
    found.sort((a, b) => b.number - a.number);
    const from = Number(token ?? 0);
    const trace_infos = found.slice(from, from + max).map(({ name, number }) => info(name, number));
    const more = from + max < found.length ? { next_page_token: String(from + max) } : {};
    return answer({ name: "op", done: true, response: { trace_infos, ...more } })(response, asked, count);
  }
  const [, table] = /^\/api\/4\.0\/mlflow\/traces\/([^/]+)\/batchGet$/.exec(asked.path) ?? [];
  if (table === undefined) return answer({ error_code: "ENDPOINT_NOT_FOUND", message: "no" }, 404)(response, asked, count);
  const numbers = new URLSearchParams(asked.query).getAll("trace_ids").map((id) => Number.parseInt(id, 16));
  return answer({ traces: numbers.map((number) => ({ trace_info: info(table, number), spans: [span(number)] })) })(
    response,
    asked,
    count,
  );
};

beforeEach(async () => {
  server = await ScriptServer.start(workspace);
  own = () => null;
  tables = {};
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((view) => view.close()));
  page.reset();
  await closeScriptServers();
  for (const name of Object.keys(process.env)) if (/^(MLFLOW|DATABRICKS)_/.test(name)) Reflect.deleteProperty(process.env, name);
});

function feedOf(
  locations: string[],
  options: { maxTraces?: number; experiments?: string[] } = {},
  seams: RestSeams = {},
): MlflowFeed {
  const workspace = { databricksHost: server.url, databricksToken: "dapi", databricksSqlWarehouseId: "w1" };
  return page.feedOf({ trackingUri: "databricks", ...workspace }, { locations, ...options }, seams);
}

const ids = (): string[] => added.flatMap((text) => [...text.matchAll(/"trace_id":"(trace:[^"]+)"/g)].map(([, id]) => id ?? ""));
const asked = (path: string): Asked[] => server.asked.filter((each) => each.path.endsWith(path));

describe("traces of tables", () => {
  test("come with their whole ids, newest first, ten a request of each table", async () => {
    const many = Array.from({ length: 15 }, (_, i) => 10 + i);
    tables = { "cat.schema": [1, 3], "cat.schema.prod": many };
    await feedOf(["cat.schema", "cat.schema.prod"]).start();

    expect(new Set(ids())).toEqual(
      new Set([
        ...[1, 3].map((number) => `trace:/cat.schema/${hexOf(number)}`),
        ...many.map((number) => `trace:/cat.schema.prod/${hexOf(number)}`),
      ]),
    );
    expect(asked("/search-long-running").map((each) => (jsonOf(each) as Search).sql_warehouse_id)).toEqual(["w1"]);
    const [first] = asked("/batchGet");
    expect(first?.path).toBe("/api/4.0/mlflow/traces/cat.schema.prod/batchGet");
    expect([...new URLSearchParams(first?.query)].filter(([name]) => name !== "trace_ids")).toEqual([
      ["location_id", "cat.schema.prod"],
      ["sql_warehouse_id", "w1"],
    ]);
    expect(server.last.headers.authorization).toBe("Bearer dapi");
    expect(printed).toEqual(["MLflow: 17 traces from 2 locations of databricks"]);
    expect(errors).toEqual([]);
  });

  test("keep every digit", async () => {
    tables = { "cat.schema": [1] };
    await feedOf(["cat.schema"]).start();
    expect(added[0]).toContain('"start_time_unix_nano":"1767225600123456789"');
    expect(printed).toEqual(['MLflow: 1 trace from location "cat.schema" of databricks']);
  });

  test("of the same digits in two tables are two traces", async () => {
    tables = { "a.b": [7], "a.c": [7] };
    await feedOf(["a.b", "a.c"]).start();
    expect(ids().sort()).toEqual([`trace:/a.b/${hexOf(7)}`, `trace:/a.c/${hexOf(7)}`]);
  });

  test("follow pages, up to as many as asked for", async () => {
    tables = { "a.b": Array.from({ length: 250 }, (_, i) => i) };
    await feedOf(["a.b"], { maxTraces: 230 }).start();
    expect(ids()).toHaveLength(230);
    expect(printed[0]).toMatch(/^MLflow: 230 traces .*older ones/);
  });

  test("are looked for again every 30 seconds, and brought where they are new", async () => {
    tables = { "a.b": [1] };
    await feedOf(["a.b"]).start();
    expect(page.next).toMatchObject({ delayMillis: 30_000 });
    added.length = 0;
    await page.nextRound();
    expect(added).toEqual([]);
    tables["a.b"] = [1, 2];
    await page.nextRound();
    expect(ids()).toEqual([`trace:/a.b/${hexOf(2)}`]);
  });

  test("a search that takes its time is asked about until it is done", async () => {
    tables = { "a.b": [1] };
    const time = new FakeTime();
    let polls = 0;
    own = ({ path }) => {
      if (path.endsWith("/search-long-running")) return answer({ name: "op1", done: false });
      if (!path.endsWith("/search/operations/op1")) return null;
      polls++;
      return answer({ name: "op1", done: polls > 2, response: { trace_infos: [info("a.b", 1)] } });
    };
    const started = feedOf(["a.b"], {}, { timers: time, clock: time }).start();
    for (let poll = 1; poll <= 3; poll++) {
      while (time.pendingTimers === 0) await time.settle();
      await time.advance(1000);
    }
    await started;
    expect(polls).toBe(3);
    expect(ids()).toHaveLength(1);
  });

  test("a search that is never done ends after ten minutes with words", async () => {
    const time = new FakeTime();
    own = ({ path }) => (path.includes("/search") ? answer({ name: "op1", done: false }) : null);
    const started = feedOf(["a.b"], {}, { timers: time, clock: time }).start();
    let isOver = false;
    void started.then(() => (isOver = true));
    while (!isOver) {
      await time.settle();
      if (time.pendingTimers > 0) await time.advance(60_000);
    }
    expect(errors).toEqual([expect.stringMatching(/the search was not done within 10 minutes/)]);
  });

  test.each<[string, unknown, number, RegExp]>([
    ["a token that is refused", { error_code: "UNAUTHENTICATED", message: "token expired" }, 401, /token expired/],
    ["a table that may not be read", { error_code: "PERMISSION_DENIED", message: "no SELECT on a.b" }, 403, /no SELECT on a\.b/],
    ["a workspace that has no such search", { error_code: "ENDPOINT_NOT_FOUND", message: "No API found" }, 404, /No API found/],
    [
      "a search that failed",
      { name: "op", done: true, error: { error_code: "INTERNAL_ERROR", message: "warehouse stopped" } },
      200,
      /the search failed: warehouse stopped/,
    ],
    ["half an answer", '{"name": "op', 200, /no whole JSON object/],
  ])("%s is one line, said once", async (_name, body, status, message) => {
    own = () => answer(body, status);
    await feedOf(["a.b"]).start();
    await page.nextRound();
    expect(errors).toEqual([expect.stringMatching(message)]);
    expect(added).toEqual([]);
  });

  test("infos without a table or an id are passed over", async () => {
    own = ({ path }) =>
      path.endsWith("/search-long-running")
        ? answer({
            done: true,
            response: { trace_infos: [null, 7, {}, { trace_id: "x" }, { ...info("a.b", 1), trace_id: 5 }, info("a.b", 2)] },
          })
        : null;
    await feedOf(["a.b"]).start();
    expect(ids()).toEqual([`trace:/a.b/${hexOf(2)}`]);
  });
});

test("spans of a workspace's experiments come from its cloud", async () => {
  const spans = '{"spans": [{"start_time_unix_nano": 1700000000123456789}]}';
  own = ({ path }) => {
    if (path.endsWith("/experiments/get")) return answer({ experiment: { experiment_id: "7", name: "/Users/ada/shop" } });
    if (path.endsWith("/3.0/mlflow/traces/search")) return answer({ traces: [{ trace_id: "tr-1", state: "OK" }] });
    if (path === "/cloud/traces.json") return answer(spans);
    if (!path.endsWith("/traces/tr-1/credentials-for-data-download")) return null;
    return answer({ credential_info: { signed_uri: `${server.url}/cloud/traces.json?sig=1`, type: "AWS_PRESIGNED_URL" } });
  };
  await feedOf([], { experiments: ["7"] }).start();
  expect(added).toEqual([`{"info":{"trace_id":"tr-1","state":"OK"},"data":${spans}}`]);
  expect(asked("/cloud/traces.json")[0]?.headers.authorization).toBeUndefined();
  expect(printed).toEqual(['MLflow: 1 trace from experiment "/Users/ada/shop" of databricks']);
});

describe("the command", () => {
  const host = async (): Promise<CommandHost> => {
    const decoder = await loadCoreDecoder();
    return {
      version: "1",
      pageDir: makePageDir(),
      loadDecoder: () => Promise.resolve(decoder),
      print: (line) => void printed.push(line),
      printError: (line) => void errors.push(line),
      openInBrowser: () => undefined,
    };
  };

  test("takes locations", () => {
    expect(parseArguments(["view", "--tracking-uri", "databricks://dev", "--location", "a.b", "--location=a.b.c"])).toMatchObject(
      { mlflow: { trackingUri: "databricks://dev", locations: ["a.b", "a.b.c"], experiments: [] } },
    );
  });

  test.each([
    [["--location", "a.b"], "--location needs --tracking-uri"],
    [
      ["--tracking-uri", "databricks", "--location", "a"],
      "--location needs catalog.schema or catalog.schema.table_prefix, not a",
    ],
    [
      ["--tracking-uri", "databricks", "--location", "a.b.c.d"],
      "--location needs catalog.schema or catalog.schema.table_prefix, not a.b.c.d",
    ],
    [
      ["--tracking-uri", "databricks", "--location", "a.b", "--experiment", "1"],
      "--experiment and --location do not go together: a workspace searches one kind at a time",
    ],
  ])("%j is refused with words", (argv, message) => {
    expect(parseArguments(["view", ...argv])).toEqual({ kind: "error", message });
  });

  test("other servers have no tables", async () => {
    const result = await runCommand(["view", "--port", "0", "--tracking-uri", server.url, "--location", "a.b"], await host());
    expect(result).toEqual({ exitCode: 1 });
    expect(errors).toEqual([expect.stringMatching(/--location names tables of a Databricks workspace.*has experiments/)]);
  });

  test("brings a trace of a table to the page, where it opens under its whole id", async () => {
    tables = { "cat.schema.prod": [42] };
    process.env["DATABRICKS_HOST"] = server.url;
    process.env["DATABRICKS_TOKEN"] = "dapi";
    const view = await runCommand(
      ["view", "--port", "0", "--tracking-uri", "databricks", "--location", "cat.schema.prod"],
      await host(),
    );
    if ("exitCode" in view) throw new Error(errors.join());
    running.push(view);
    await view.mlflow;
    expect(printed).toContain('MLflow: 1 trace from location "cat.schema.prod" of databricks');

    const reader = await readStream(view.server);
    const { payload } = await reader.next((frame) => frame.type === 2);
    reader.close();
    const viewer = await openViewer(readFileSync(join(__dirname, "../../../build/module/spandrel_viewer.wasm")));
    expect(viewer.importJson(payload)).toMatchObject({ spans: 1, errors: [] });
    expect(viewer.openTrace(hexOf(42))).toMatchObject({ name: "step 42", startTimeNs: "1767225600123456789" });
    expect(viewer.traceFacts()).toMatchObject({ traceId: `trace:/cat.schema.prod/${hexOf(42)}` });
  });
});
