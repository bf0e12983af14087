// tests/golden/rest.json: what MLflow's client sends and reads, played against a server that answers as recorded. Each case
// that has a counterpart here is a call of TracingClient; its requests are compared by method, path, query and body.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { init, shutdown, Span, TraceError, TracingClient, type TraceInfo } from "../../../js/index.js";
import { MlflowHttpError } from "../../../js/mlflow/http_error.js";
import { infoFromProto, infoToProto } from "../../../js/mlflow/trace_info_proto.js";
import { exactJson } from "../../../js/tracing/exact_json.js";
import { parseJson } from "../../../js/tracing/json.js";
import { Trace } from "../../../js/tracing/trace.js";
import { goldenFile } from "../tracing/recorded.js";
import { TestLogger } from "../tracing/harness.js";
import { messagesAt } from "./protobuf_parts.js";
import { closeScriptServers, ScriptServer, type Asked } from "./script_server.js";

interface Exchange {
  method: string;
  path: string;
  query: string;
  request_headers: Record<string, string>;
  request_text?: string;
  request_hex?: string;
  request_otlp_json?: { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] };
  status: number;
  response_headers: Record<string, string>;
  response_text?: string;
}

interface GoldenCase {
  name: string;
  kind: "client" | "exporter" | "raw" | "browser";
  exchanges: Exchange[];
  client_result?: unknown;
  client_error?: { message: string; error_code: string; http_status: number };
}

type Dict = Record<string, unknown>;

const { cases } = goldenFile("rest.json") as { cases: GoldenCase[] };
const TRACE = "tr-66e323db39b147bacda1820a5521bbcd";
const UNKNOWN = "tr-00000000000000000000000000000000";
const DELETED = "tr-fcb11caca8fa41fda2abe0e3ef5eda75";
const IN_ARTIFACTS = "tr-e3aaffd84dbd9c9e67f12b02246ae143";
const assessment = (number: string): string => `a-${number.padStart(32, "0")}`;

/** Requests of MLflow's client that this one does not send, each with the reason. */
const NOT_SENT: Record<string, string> = {
  "/version": "that the server takes spans shows when it does not: 404 and 501 are NOT_IMPLEMENTED",
  "/api/3.0/mlflow/server-info": "artifacts are read in one piece, so nobody asks whether they can be had in parts",
};

/** Cases without a counterpart, each with the reason. */
const WITHOUT_COUNTERPART: Record<string, string> = {
  "store.batch_get_traces": "a function below the client; batch_get_traces goes through it",
  "store.get_trace allow_partial": "a function below the client; getTrace asks for whole traces",
};

/** Cases that end otherwise here, each with the reason. */
const DEVIATIONS: Record<string, string> = {
  "search_traces with a bad filter": "the filter is refused before it is sent, under the same code (ruling 39)",
};

const source = { sourceType: "HUMAN", sourceId: "someone" };

/** What a caller of TracingClient writes for each case. */
const CALLS: Record<string, (client: TracingClient, golden: GoldenCase) => Promise<unknown>> = {
  "log_spans: first call asks for the server version": logRecorded,
  "log_spans: one span": logRecorded,
  "log_spans: no spans": (client) => client.logSpans("2", []),
  "log_spans after start_trace": logRecorded,
  "log_spans in an unknown experiment": (client, golden) => logRecorded(client, golden, "424242"),
  start_trace: startRecorded,
  "start_trace again": startRecorded,
  "start_trace before any span": startRecorded,
  "start_trace for artifacts": startRecorded,
  "start_trace in an unknown experiment": startRecorded,
  "upload trace data as artifact": async (client, golden) => {
    const { spans } = parseJson(golden.exchanges[0]?.request_text ?? "") as { spans: Dict[] };
    await client.uploadTraceData(infoAnswered("start_trace for artifacts"), { spans: spans.map((dict) => Span.fromDict(dict)) });
  },
  "get_trace from artifacts": (client) => client.getTrace(IN_ARTIFACTS),
  get_trace_info: (client) => client.getTraceInfo(TRACE),
  "get_trace from the tracking store": (client) => client.getTrace(TRACE),
  batch_get_traces: (client) => client.batchGetTraces([TRACE, DELETED]),
  "batch_get_traces with unknown ids": (client) => client.batchGetTraces(["tr-unknown", TRACE]),
  "batch_get_traces of nothing": (client) => client.batchGetTraces([]),
  "search_traces with spans": async (client) =>
    (await client.searchTraces({ locations: ["2"], maxResults: 2, orderBy: ["timestamp_ms DESC"] })).traces,
  "search_traces without spans": async (client) =>
    (await client.searchTraces({ locations: ["2"], filter: "status = 'OK'", includeSpans: false })).traces,
  "search_traces first page": (client) => client.searchTraces({ experimentIds: ["2"], maxResults: 1, includeSpans: false }),
  "search_traces second page": (client) =>
    client.searchTraces({ locations: ["2"], maxResults: 1, includeSpans: false, pageToken: "eyJvZmZzZXQiOiAxfQ==" }),
  set_trace_tag: (client) => client.setTraceTag(TRACE, "key", "value ü 😀"),
  "set_trace_tag with a dotted key and a slash": (client) => client.setTraceTag(TRACE, "a.b/c d", "v"),
  "set_trace_tag long value": (client, golden) =>
    client.setTraceTag(TRACE, "long", String((requestJson(golden.exchanges[0]) as Dict)["value"])),
  delete_trace_tag: (client) => client.deleteTraceTag(TRACE, "key"),
  "delete_trace_tag missing": (client) => client.deleteTraceTag(TRACE, "key"),
  "log_assessment: feedback true": (client) =>
    client.logFeedback({ traceId: TRACE, name: "correct", value: true, source, rationale: "because ü", metadata: { k: "v" } }),
  "log_assessment: feedback number on a span": (client) =>
    client.logFeedback({
      traceId: TRACE,
      name: "score",
      value: 0.75,
      spanId: "1e47311b82d8a51b",
      source: { sourceType: "llm_judge", sourceId: "judge-1" },
    }),
  "log_assessment: feedback integer": (client) => client.logFeedback({ traceId: TRACE, name: "count", value: 3 }),
  "log_assessment: feedback string": (client) => client.logFeedback({ traceId: TRACE, name: "tone", value: "polite" }),
  "log_assessment: feedback list": (client) => client.logFeedback({ traceId: TRACE, name: "list", value: [1, "a", null] }),
  "log_assessment: feedback dictionary": (client) => client.logFeedback({ traceId: TRACE, name: "parts", value: { a: 1.5 } }),
  "log_assessment: feedback without value": (client) => client.logFeedback({ traceId: TRACE, name: "nothing" }),
  "log_assessment: feedback error": (client) =>
    client.logFeedback({
      traceId: TRACE,
      name: "failed",
      error: { errorCode: "RATE_LIMIT", errorMessage: "slow down", stackTrace: "at x" },
    }),
  "log_assessment: expectation string": (client) =>
    client.logExpectation({ traceId: TRACE, name: "expected", value: "forty-two", source }),
  "log_assessment: expectation list": (client) => client.logExpectation({ traceId: TRACE, name: "facts", value: ["a", "b"] }),
  "log_assessment: expectation dictionary": (client) =>
    client.logExpectation({ traceId: TRACE, name: "object", value: { k: [1, 2] } }),
  get_assessment: (client) => client.getAssessment(TRACE, assessment("1")),
  update_assessment: (client) =>
    client.updateAssessment(TRACE, assessment("1"), {
      name: "correct",
      feedback: { value: false },
      rationale: "changed",
      metadata: { n: 2 },
    }),
  "update_assessment: expectation": (client) =>
    client.updateAssessment(TRACE, assessment("9"), { name: "expected", expectation: { value: "new" } }),
  "log_assessment: override": (client) =>
    client.logFeedback({ traceId: TRACE, name: "correct", value: true, overrides: assessment("1") }),
  delete_assessment: (client) => client.deleteAssessment(TRACE, assessment("4")),
  "delete_assessment again": (client) => client.deleteAssessment(TRACE, assessment("4")),
  "get_trace_info with assessments": (client) => client.getTraceInfo(TRACE),
  "log_assessment: unknown trace": (client) => client.logFeedback({ traceId: UNKNOWN, name: "x", value: 1 }),
  link_traces_to_run: (client) => client.linkTracesToRun([TRACE], "00000000000000000000000000000001"),
  "search_traces by run": async (client) =>
    (await client.searchTraces({ locations: ["2"], runId: "00000000000000000000000000000001", includeSpans: false })).traces,
  link_prompt_versions_to_trace: (client) => client.linkPromptVersionsToTrace(TRACE, [{ name: "golden-1", version: 1 }]),
  "link_prompt_versions_to_trace: unknown trace": (client) =>
    client.linkPromptVersionsToTrace(UNKNOWN, [{ name: "golden-1", version: 1 }]),
  "search_traces by prompt": async (client) =>
    (await client.searchTraces({ locations: ["2"], filter: "prompt = 'golden-1/1'", includeSpans: false })).traces,
  "get_trace_info of an unknown trace": (client) => client.getTraceInfo(UNKNOWN),
  "get_trace of an unknown trace": (client) => client.getTrace(UNKNOWN),
  "search_traces with a bad filter": (client) => client.searchTraces({ locations: ["2"], filter: "status = " }),
  "delete_traces by id": (client) => client.deleteTraces({ experimentId: "2", traceIds: [DELETED, "tr-unknown"] }),
  "delete_traces by time": (client) =>
    client.deleteTraces({ experimentId: "2", maxTimestampMillis: 1700001000123, maxTraces: 1 }),
  "delete_traces with neither": (client) => client.deleteTraces({ experimentId: "2" }),
  "delete_traces with both": (client) =>
    client.deleteTraces({ experimentId: "2", maxTimestampMillis: 1, traceIds: ["tr-unknown"] }),
  "get_trace after deletion": (client) => client.getTrace(DELETED),
  "exporter: one trace of three spans, synchronous": async (client, { exchanges }) => {
    for (const exchange of exchanges) {
      if (exchange.request_otlp_json !== undefined) await client.logSpans("2", spansOf(exchange));
      else await client.startTrace(infoAsked(exchange));
    }
  },
};

function requestJson(exchange: Exchange | undefined): unknown {
  return parseJson(exchange?.request_text ?? "");
}

function spansOf(exchange: Exchange): Span[] {
  const groups = exchange.request_otlp_json?.resourceSpans ?? [];
  return groups.flatMap((group) => group.scopeSpans).flatMap(({ spans }) => spans.map((span) => Span.fromOtlp(span)));
}

function infoAsked(exchange: Exchange): TraceInfo {
  return infoFromProto((requestJson(exchange) as { trace: { trace_info: unknown } }).trace.trace_info);
}

function infoAnswered(name: string): TraceInfo {
  const text = cases.find((each) => each.name === name)?.exchanges[0]?.response_text ?? "";
  return infoFromProto((parseJson(text) as { trace: { trace_info: unknown } }).trace.trace_info);
}

async function logRecorded(client: TracingClient, { exchanges }: GoldenCase, experimentId = "2"): Promise<void> {
  await client.logSpans(experimentId, spansOf(exchanges.at(-1) as Exchange));
}

async function startRecorded(client: TracingClient, { exchanges }: GoldenCase): Promise<TraceInfo> {
  return await client.startTrace(infoAsked(exchanges[0] as Exchange));
}

/** Answers each request with the recorded exchange of the same method, path and query, each once. */
async function serve(exchanges: readonly Exchange[]): Promise<{ server: ScriptServer; left: Exchange[]; faults: string[] }> {
  const left = exchanges.filter((exchange) => !(exchange.path in NOT_SENT));
  const faults: string[] = [];
  const server = await ScriptServer.start((response, asked) => {
    const at = left.findIndex(
      ({ method, path, query }) => method === asked.method && path === asked.path && query === asked.query,
    );
    const [exchange] = at < 0 ? [] : left.splice(at, 1);
    if (exchange === undefined) {
      faults.push(`${asked.method} ${asked.path}?${asked.query} was not recorded`);
      response.writeHead(599).end();
      return;
    }
    faults.push(...differences(exchange, asked));
    response.writeHead(exchange.status, exchange.response_headers).end(exchange.response_text ?? "");
  });
  return { server, left, faults };
}

function differences(exchange: Exchange, asked: Asked): string[] {
  const faults: string[] = [];
  for (const name of ["content-type", "x-mlflow-experiment-id"]) {
    const wanted = exchange.request_headers[name];
    if (asked.headers[name] !== wanted) faults.push(`${name}: ${String(asked.headers[name])} instead of ${String(wanted)}`);
  }
  if (exchange.request_hex !== undefined) {
    // The resource is ours; the spans are compared byte by byte.
    const spans = (bytes: Uint8Array): string[] => messagesAt(bytes, [1, 2, 2]).map((span) => Buffer.from(span).toString("hex"));
    const wanted = spans(Buffer.from(exchange.request_hex, "hex"));
    if (spans(asked.body).join() !== wanted.join()) faults.push(`spans ${spans(asked.body).join()} instead of ${wanted.join()}`);
  } else if (exchange.path.includes("/artifacts/")) {
    if (asked.body.toString("utf8") !== exchange.request_text) faults.push("the artifact's text differs");
  } else {
    const sent = asked.body.toString("utf8");
    const same = (text: string): string => (text === "" ? "" : canonical(parseJson(text)));
    if (same(sent) !== same(exchange.request_text ?? "")) faults.push(`${sent} instead of ${exchange.request_text ?? ""}`);
  }
  return faults;
}

/** Members in the order of their keys. */
function canonical(value: unknown): string {
  return exactJson(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

/** The result as the recording shows it: ids of lists, JSON text of single objects. */
function shown(result: unknown): unknown {
  if (result === undefined) return undefined;
  if (Array.isArray(result)) return result.map((trace: Trace) => trace.info.traceId);
  if (result instanceof Trace) return canonical(parseJson(result.toJson()));
  if (typeof result !== "object" || result === null) return result;
  if ("traces" in result) {
    const page = result as { traces: Trace[]; nextPageToken: string | null };
    return { traces: page.traces.map((trace) => trace.info.traceId), token: page.nextPageToken };
  }
  return canonical((result as { toDict(): unknown }).toDict());
}

function wantedResult(recorded: unknown): unknown {
  return typeof recorded === "string" ? canonical(parseJson(recorded)) : recorded;
}

const clock = { wallMillis: () => 4102444800000, monotonicMillis: () => 0 };

beforeAll(async () => {
  await init({ exporter: "none", logger: new TestLogger() });
});

let passed = 0;

afterAll(async () => {
  await shutdown();
  await closeScriptServers();
  const of = (...kinds: string[]): string => String(cases.filter(({ kind }) => kinds.includes(kind)).length);
  const why = [...Object.entries(WITHOUT_COUNTERPART), ...Object.entries(DEVIATIONS)].map(([name, text]) => `  ${name}: ${text}`);
  process.stdout.write(
    `golden rest, kinds client and exporter: passed ${String(passed)} of ${of("client", "exporter")}\n${why.join("\n")}\n` +
      `  ${of("raw", "browser")} more show the server alone: its refusals and infos are read\n`,
  );
});

describe("as MLflow's client", () => {
  const played = cases.filter(({ kind, name }) => (kind === "client" || kind === "exporter") && !(name in WITHOUT_COUNTERPART));

  test("each recorded call has its counterpart, or a reason why it has none", () => {
    expect(Object.keys(CALLS).sort()).toEqual(played.map(({ name }) => name).sort());
    expect(played).toHaveLength(59);
  });

  test.each(played.map((golden) => [golden.name, golden] as const))("%s", async (name, golden) => {
    const { server, left, faults } = await serve(name in DEVIATIONS ? [] : golden.exchanges);
    const client = new TracingClient({ trackingUri: server.url, logger: new TestLogger(), clock });
    let result: unknown;
    let error: unknown;
    try {
      result = await CALLS[name]?.(client, golden);
    } catch (thrown) {
      error = thrown;
    }
    client.close();

    expect(faults).toEqual([]);
    expect(left.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    if (golden.client_error === undefined) {
      expect(error).toBeUndefined();
      if (golden.client_result !== undefined) expect(shown(result)).toEqual(wantedResult(golden.client_result));
    } else {
      expect(error).toBeInstanceOf(TraceError);
      expect((error as TraceError).errorCode).toBe(golden.client_error.error_code);
      if (golden.exchanges.length > 0 && !(name in DEVIATIONS)) {
        expect((error as MlflowHttpError).httpStatus).toBe(golden.client_error.http_status);
        expect((error as TraceError).message).toContain(golden.client_error.message);
      }
    }
    if (!(name in DEVIATIONS)) passed++;
  });
});

describe("what the server answers", () => {
  const others = cases
    .filter(({ kind }) => kind === "raw" || kind === "browser")
    .flatMap(({ name, exchanges }) => exchanges.map((exchange) => ({ name, exchange })));
  const refusals = others.filter(({ exchange }) => exchange.status >= 400);
  const infos = others.filter(
    ({ name, exchange }) =>
      /^\{"trace":\{"trace_info"/.test(exchange.response_text ?? "") && name !== "StartTraceV3 without trace_id",
  );

  test("all refusals and infos are looked at", () => {
    expect([others.length, refusals.length, infos.length]).toEqual([100, refusals.length, infos.length]);
    expect(refusals.length).toBeGreaterThan(40);
    expect(infos.length).toBeGreaterThan(15);
  });

  test.each(refusals.map(({ name, exchange }) => [name, exchange] as const))("refused: %s", async (_name, exchange) => {
    const { status, response_headers, response_text = "" } = exchange;
    const server = await ScriptServer.start((response) => {
      response.writeHead(status, response_headers).end(response_text);
    });
    const client = new TracingClient({ trackingUri: server.url, logger: new TestLogger(), retry: { maxRetries: 0 } });
    const error: unknown = await client.getTraceInfo("tr-1").catch((thrown: unknown) => thrown);
    client.close();

    expect(error).toBeInstanceOf(MlflowHttpError);
    const { errorCode, httpStatus, message } = error as MlflowHttpError;
    const said = /^\{"error_code": ?"(\w+)"/.exec(response_text)?.[1];
    expect(httpStatus).toBe(status);
    if (said !== undefined) expect(errorCode).toBe(said);
    expect(message).toContain(`/api/3.0/mlflow/traces/tr-1 answered ${String(status)}`);
    expect(message).not.toMatch(/<\/?\w+>/);
  });

  test.each(infos.map(({ name, exchange }) => [name, exchange] as const))("read and written again: %s", (_name, exchange) => {
    const { trace } = parseJson(exchange.response_text ?? "") as { trace: { trace_info: Dict } };
    const written = infoToProto(infoFromProto(trace.trace_info), () => undefined);
    expect(canonical(written)).toBe(canonical(trace.trace_info));
  });

  test("the dictionary form of a trace's spans", () => {
    const { exchange } = others.find(({ name }) => name === "GET get-trace-artifact") as { exchange: Exchange };
    const info = infoAnswered("start_trace");
    const trace = Trace.fromJson(`{"info":${exactJson(info.toDict())},"data":${exchange.response_text ?? ""}}`);
    expect(trace.data.spans.map((span) => [span.name, span.startTimeNs, span.inputs])).toEqual([
      ["span 0", 1700000000123456789n, { n: 0 }],
      ["span 1", 1700000000124456789n, { n: 1 }],
    ]);
  });
});
