// `spandrel view --tracking-uri`: traces of an MLflow server come to the page's store, new ones follow, and a server
// that is wrong in any way costs one line.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { parseArguments } from "../../../js/cli/args.js";
import { runCommand, type CommandHost, type RunningView } from "../../../js/cli/command.js";
import type { CheckResult } from "../../../js/cli/decoder.js";
import type { MlflowFeed } from "../../../js/cli/mlflow_feed.js";
import type { RestSeams } from "../../../js/mlflow/rest_client.js";
import { FeedPage } from "./feed_page.js";
import { makePageDir, readStream } from "./harness.js";
import { FakeMlflow, recordedAnswers, type FakeTrace } from "./mlflow_server.js";

const VARIABLES = ["MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_URI"];

let mlflow: FakeMlflow;
const page = new FeedPage();
const { added, printed, errors } = page;
const running: RunningView[] = [];

beforeEach(async () => {
  mlflow = new FakeMlflow();
  await mlflow.start();
  mlflow.experiments = [
    { experiment_id: "1", name: "shop" },
    { experiment_id: "2", name: "other" },
  ];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((view) => view.close()));
  page.reset();
  await mlflow.stop();
  for (const name of VARIABLES) delete process.env[name];
});

function trace(id: number, { experiment = "1", state = "OK", spans = 1 } = {}): FakeTrace {
  const traceId = `tr-${String(id)}`;
  return {
    trace_id: traceId,
    experiment,
    timestamp: 1_767_225_600_000 + id,
    state,
    text: JSON.stringify({ trace_id: traceId, spans }),
  };
}

function feedOf(options: Partial<ConstructorParameters<typeof MlflowFeed>[0]> = {}, seams: RestSeams = {}): MlflowFeed {
  return page.feedOf({ trackingUri: mlflow.uri }, options, seams);
}

const idsOf = (texts: readonly string[]): string[] => texts.flatMap((text) => [...text.matchAll(/tr-\d+/g)].map(([id]) => id));
const asked = (path: string): number => mlflow.requests.filter((request) => request.endsWith(path)).length;

describe("The first round", () => {
  test("takes the newest traces of all experiments, as many as asked for, ten a request, as the server wrote them", async () => {
    for (let i = 0; i < 30; i++) mlflow.traces.push(trace(i, { experiment: i % 2 === 0 ? "1" : "2" }));

    await feedOf({ maxTraces: 25 }).start();

    expect(idsOf(added).sort()).toEqual(Array.from({ length: 25 }, (_, i) => `tr-${String(i + 5)}`).sort());
    expect(added[0]).toMatch(/^\{"traces":\[\{"trace_id":"tr-/);
    expect(asked("/batchGet")).toBe(3);
    expect(printed).toEqual([`MLflow: 25 traces from 2 experiments of ${mlflow.uri}; there are older ones (--max-traces)`]);
    expect(errors).toEqual([]);
  });

  test("follows pages", async () => {
    for (let i = 0; i < 250; i++) mlflow.traces.push(trace(i));

    await feedOf({ maxTraces: 1000 }).start();

    expect(new Set(idsOf(added)).size).toBe(250);
    expect(asked("/traces/search")).toBe(3);
    expect(printed).toEqual([`MLflow: 250 traces from 2 experiments of ${mlflow.uri}`]);
  });

  test("ends where the store is half full", async () => {
    for (let i = 0; i < 250; i++) mlflow.traces.push(trace(i));

    await feedOf({ maxTraces: 1000, maxBytes: 1000 }).start();

    expect(idsOf(added)).toHaveLength(40);
    expect(printed[0]).toMatch(/^MLflow: 40 traces .*older ones/);
  });

  test("experiments are named by id or by name", async () => {
    mlflow.experiments.push({ experiment_id: "3", name: "7" });
    mlflow.traces.push(trace(1), trace(2, { experiment: "2" }), trace(3, { experiment: "3" }));

    await feedOf({ experiments: ["shop"] }).start();
    expect(idsOf(added.splice(0))).toEqual(["tr-1"]);
    await feedOf({ experiments: ["2"] }).start();
    expect(idsOf(added.splice(0))).toEqual(["tr-2"]);
    await feedOf({ experiments: ["7", "shop"] }).start();
    expect(idsOf(added.splice(0)).sort()).toEqual(["tr-1", "tr-3"]);
    expect(printed[0]).toBe(`MLflow: 1 trace from experiment "shop" of ${mlflow.uri}`);
  });

  test("spans that stand in artifacts come with the info of their trace", async () => {
    mlflow.traces.push({ ...trace(1), artifact: '{"spans": [{"start_time_unix_nano": 1700000000123456789}]}' });

    await feedOf().start();

    const [text] = added;
    expect(text).toMatch(/"data":\{"spans": \[\{"start_time_unix_nano": 1700000000123456789\}\]\}\}$/);
    expect(JSON.parse(text ?? "")).toMatchObject({ info: { trace_id: "tr-1", state: "OK" } });
  });

  test("a server without batchGet, and an answer that is too large, are asked trace by trace", async () => {
    for (let i = 0; i < 3; i++) mlflow.traces.push(trace(i));
    mlflow.trouble = (request, response) => {
      if (request.url?.includes("batchGet") !== true) return false;
      response.writeHead(404).end("Not Found");
      return true;
    };
    await feedOf().start();
    expect(idsOf(added.splice(0)).sort()).toEqual(["tr-0", "tr-1", "tr-2"]);

    mlflow.trouble = null;
    mlflow.traces.push({ ...trace(3), text: `{"trace_id":"tr-3","pad":"${"x".repeat(5000)}"}` });
    await feedOf({}, { maxAnswerBytes: 4000 }).start();
    expect(idsOf(added).sort()).toEqual(["tr-0", "tr-1", "tr-2"]);
    expect(errors).toEqual([expect.stringMatching(/^spandrel: trace tr-3: .*larger than 4000 bytes/)]);
  });
});

describe("Later rounds", () => {
  test("bring what is new or has changed, and nothing else", async () => {
    mlflow.traces.push(trace(1), trace(2));
    await feedOf().start();
    added.length = 0;

    await page.nextRound();
    expect(added).toEqual([]);
    expect(asked("/batchGet")).toBe(1);

    mlflow.traces.push(trace(3));
    (mlflow.traces[0] as FakeTrace).state = "ERROR";
    await page.nextRound();
    expect(idsOf(added).sort()).toEqual(["tr-1", "tr-3"]);
    expect(printed).toHaveLength(1);
  });

  test("look again at traces under way, and add them where they have grown", async () => {
    mlflow.traces.push(trace(1, { state: "IN_PROGRESS" }), trace(2));
    await feedOf().start();
    added.length = 0;

    await page.nextRound();
    expect(added).toEqual([]);
    (mlflow.traces[0] as FakeTrace).text = '{"trace_id":"tr-1","spans":2}';
    await page.nextRound();
    expect(idsOf(added)).toEqual(["tr-1"]);
  });

  test("come every three seconds while a page is open, and not without one", async () => {
    page.isWatched = false;
    await feedOf().start();
    const before = mlflow.requests.length;

    await page.nextRound();
    await page.nextRound();
    expect(mlflow.requests.length).toBe(before);
    expect(page.next).toMatchObject({ delayMillis: 3000 });

    page.isWatched = true;
    await page.nextRound();
    expect(mlflow.requests.length).toBeGreaterThan(before);
  });

  test("end when it is closed", async () => {
    const feed = feedOf();
    await feed.start();

    feed.close();

    expect(page.next).toBeNull();
  });
});

describe("Bad servers", () => {
  test("one that is down costs one line; rounds go on with longer waits, and say when it answers", async () => {
    mlflow.traces.push(trace(1));
    await mlflow.stop();

    await feedOf().start();
    const waits = [page.next?.delayMillis];
    for (let i = 0; i < 6; i++) {
      await page.nextRound();
      waits.push(page.next?.delayMillis);
    }

    expect(waits).toEqual([6000, 12_000, 24_000, 48_000, 60_000, 60_000, 60_000]);
    expect(errors).toEqual([
      expect.stringMatching(/^spandrel: POST http:\/\/127\.0\.0\.1:\d+\/api\/2\.0\/mlflow\/experiments\/search: no connection/),
    ]);

    await mlflow.start();
    await page.nextRound();
    expect(idsOf(added)).toEqual(["tr-1"]);
    expect(printed.at(-1)).toBe(`${mlflow.uri} answers again.`);
    expect(page.next?.delayMillis).toBe(3000);
  });

  test("one that asks who it is: the variables are named, and used where they are set", async () => {
    mlflow.traces.push(trace(1));
    mlflow.trouble = (request, response) => {
      if (request.headers.authorization === `Basic ${btoa("mira:secret")}`) return false;
      response.writeHead(401, { "WWW-Authenticate": "Basic" }).end("no");
      return true;
    };

    await feedOf().start();
    expect(errors).toEqual([
      `spandrel: ${mlflow.uri} wants to know who asks: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN (401)`,
    ]);

    process.env["MLFLOW_TRACKING_USERNAME"] = "mira";
    process.env["MLFLOW_TRACKING_PASSWORD"] = "secret";
    await feedOf().start();
    expect(idsOf(added)).toEqual(["tr-1"]);
    expect(errors).toHaveLength(1);
  });

  test("an experiment that is not there is said once, the others are shown, and it is found when it is made", async () => {
    mlflow.traces.push(trace(1), trace(2, { experiment: "9" }));

    await feedOf({ experiments: ["shop", "later"] }).start();
    await page.nextRound();
    expect(idsOf(added)).toEqual(["tr-1"]);
    expect(errors).toEqual([`spandrel: there is no experiment "later" on ${mlflow.uri}; it is looked for again`]);

    mlflow.experiments.push({ experiment_id: "9", name: "later" });
    await page.nextRound();
    expect(idsOf(added)).toEqual(["tr-1", "tr-2"]);
  });

  test.each([
    ["another service", 404, "text/html", "<h1>Not Found</h1>", /is no MLflow server, or one older than 3\.0/],
    ["a log-in page", 200, "text/html", "<form>", /text\/html where JSON was expected/],
    ["half an answer", 200, "application/json", '{"experiments": [', /no whole JSON object/],
    ["an error of its own", 500, "application/json", '{"error_code":"INTERNAL_ERROR","message":"no database"}', /no database/],
    ["something else", 200, "application/json", '{"experiments": 7}', null],
  ])("%s: one line, no trace", async (_, status, type, body, words) => {
    mlflow.trouble = (_request, response) => {
      response.writeHead(status, { "Content-Type": type }).end(body);
      return true;
    };

    await feedOf().start();
    await page.nextRound();

    expect(added).toEqual([]);
    expect(errors).toEqual(words === null ? [] : [expect.stringMatching(words)]);
  });

  test("an answer that the importer cannot read is said once a kind", async () => {
    for (let i = 0; i < 30; i++) mlflow.traces.push(trace(i));
    const add = (): CheckResult => ({ spans: 0, error: { code: "MALFORMED", message: "no span", offset: 12 } });

    await feedOf({ add }).start();

    expect(errors).toEqual(["spandrel: part of an answer could not be read: no span at byte 12"]);
  });
});

describe("The command", () => {
  const host: CommandHost = {
    version: "1",
    pageDir: makePageDir(),
    loadDecoder: () =>
      Promise.resolve({ check: (bytes) => ({ spans: new TextDecoder().decode(bytes).split('"span_id"').length - 1 }) }),
    print: (line) => void printed.push(line),
    printError: (line) => void errors.push(line),
    openInBrowser: () => undefined,
  };
  async function run(...argv: string[]): Promise<RunningView> {
    const result = await runCommand(argv, host);
    if ("exitCode" in result) throw new Error(errors.join());
    running.push(result);
    return result;
  }

  test("takes a server, experiments and a number", () => {
    expect(
      parseArguments(["view", "--tracking-uri", "http://h", "--experiment", "a b", "--experiment=7", "--max-traces=5"]),
    ).toMatchObject({
      mlflow: { trackingUri: "http://h", experiments: ["a b", "7"], maxTraces: 5 },
    });
    expect(parseArguments(["view", "--tracking-uri=http://h"])).toMatchObject({
      mlflow: { trackingUri: "http://h", experiments: [], maxTraces: 100 },
    });
    expect(parseArguments(["view"])).toMatchObject({ mlflow: null });
  });

  test.each([
    [["--experiment", "a"], "--experiment needs --tracking-uri"],
    [["--max-traces", "5"], "--max-traces needs --tracking-uri"],
    [["--tracking-uri", "http://h", "--max-traces", "0"], "--max-traces needs a number from 1 to 10000, not 0"],
    [["--tracking-uri", ""], "--tracking-uri needs a value"],
    [["--tracking-uri"], "--tracking-uri needs a value"],
  ])("%j is refused with words", (argv, message) => {
    expect(parseArguments(["view", ...argv])).toEqual({ kind: "error", message });
  });

  test("an address that is no server's ends it at once", async () => {
    const result = await runCommand(["view", "--port", "0", "--tracking-uri", "sqlite:///x.db"], host);

    expect(result).toEqual({ exitCode: 1 });
    expect(errors).toEqual([expect.stringMatching(/'sqlite:' is not supported: start 'mlflow server'/)]);
  });

  test("recorded answers of a real server reach the page as they were, in both places where spans may stand", async () => {
    const [search, batch, artifact] = recordedAnswers("search_traces with spans");
    mlflow.experiments = [{ experiment_id: "2", name: "golden" }];
    mlflow.trouble = (request, response) => {
      const recorded = request.url?.includes("/traces/search")
        ? search?.response_text.replace(/,"next_page_token":"[^"]*"/, "")
        : request.url?.includes("/batchGet")
          ? batch?.response_text
          : request.url?.includes("/get-trace-artifact")
            ? artifact?.response_text
            : undefined;
      if (recorded === undefined) return false;
      response.writeHead(200, { "Content-Type": "application/json" }).end(recorded);
      return true;
    };

    const view = await run("view", "--port", "0", "--tracking-uri", mlflow.uri, "--experiment", "golden");
    await view.mlflow;

    expect(printed).toContain(`MLflow: 2 traces from experiment "golden" of ${mlflow.uri}`);
    const reader = await readStream(view.server);
    const first = await reader.next((frame) => frame.type === 2);
    const second = await reader.next((frame) => frame.type === 2);
    const status = await reader.next((frame) => frame.type === 3);
    reader.close();
    expect(first.payload.toString()).toBe(batch?.response_text);
    expect(second.payload.toString().endsWith(`"data":${artifact?.response_text ?? ""}}`)).toBe(true);
    expect(JSON.parse(status.payload.toString())).toMatchObject({ requests: 2, spans: 5 });
  });

  test("the receiver goes on where the server is down", async () => {
    await mlflow.stop();

    const view = await run("view", "--port", "0", "--tracking-uri", mlflow.uri);
    await view.mlflow;

    expect(errors).toHaveLength(1);
    expect(printed).toEqual([`Traces: POST ${view.server.origin}/v1/traces`, `Page:   ${view.server.url}`]);
    const answer = await fetch(`${view.server.origin}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"span_id":1,"span_id":2}'.replace('"span_id":1,', ""),
    });
    expect(answer.status).toBe(200);
  });
});
