// TracingClient against servers that do what a script says: who asks, when it is asked again, what goes wrong, and in which
// order traces come.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  groupTraceInfosByLocation,
  init,
  type MlflowHttpError,
  shutdown,
  Span,
  TraceError,
  TraceInfo,
  TracingClient,
  type TracingClientOptions,
} from "../../../js/index.js";
import type { HttpAnswer, HttpClient, HttpRequest } from "../../../js/export/transport.js";
import { infoToProto } from "../../../js/mlflow/trace_info_proto.js";
import { FakeTime } from "../export/fake_time.js";
import { freePort } from "../export/fault_server.js";
import { TestLogger } from "../tracing/harness.js";
import { answer, closeScriptServers, jsonOf, ScriptServer, type Reply } from "./script_server.js";

const NEVER_AGAIN = { maxRetries: 0 };
const clients: TracingClient[] = [];

function clientOf(trackingUri: string, options: TracingClientOptions = {}): TracingClient {
  const client = new TracingClient({ trackingUri, logger: new TestLogger(), retry: NEVER_AGAIN, ...options });
  clients.push(client);
  return client;
}

async function serve(reply: Reply): Promise<ScriptServer> {
  return await ScriptServer.start(reply);
}

async function rejection(promise: Promise<unknown>): Promise<MlflowHttpError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TraceError);
  return error as MlflowHttpError;
}

function infoDict(traceId: string, tags: Record<string, string> = { "mlflow.trace.spansLocation": "TRACKING_STORE" }): object {
  return {
    trace_id: traceId,
    trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "7" } },
    request_time: "2023-11-14T22:13:20Z",
    state: "OK",
    tags,
  };
}

const hexId = (number: number): string => number.toString(16).padStart(32, "0");

function spanOf(traceId = `tr-${hexId(1)}`): Span {
  return Span.fromDict({
    trace_id: Buffer.from(hexId(1), "hex").toString("base64"),
    span_id: "AAAAAAAAAAI=",
    parent_span_id: null,
    name: "root",
    start_time_unix_nano: 1n,
    end_time_unix_nano: 2n,
    events: [],
    status: { code: "STATUS_CODE_OK", message: "" },
    attributes: { "mlflow.traceRequestId": JSON.stringify(traceId) },
    links: [],
  });
}

beforeAll(async () => {
  await init({ exporter: "none", logger: new TestLogger() });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await closeScriptServers();
  for (const name of Object.keys(process.env)) if (/^(MLFLOW|DATABRICKS)_/.test(name)) Reflect.deleteProperty(process.env, name);
});
afterAll(async () => {
  await shutdown();
});

describe("who asks", () => {
  const basic = `Basic ${Buffer.from("jörg:secret").toString("base64")}`;

  test.each<[string, TracingClientOptions, string | undefined]>([
    [
      "user name and password beat the token",
      { trackingServerUsername: "jörg", trackingServerPassword: "secret", trackingServerToken: "t" },
      basic,
    ],
    [
      "a user name without a password leaves it to the token",
      { trackingServerUsername: "jörg", trackingServerToken: "t" },
      "Bearer t",
    ],
    ["a token alone", { trackingServerToken: "t" }, "Bearer t"],
    ["nothing", {}, undefined],
  ])("%s", async (_name, options, wanted) => {
    const server = await serve(answer({ trace: { trace_info: infoDict("tr-1") } }));
    await clientOf(server.url, options).getTraceInfo("tr-1");
    expect(server.last.headers.authorization).toBe(wanted);
    expect(server.last.headers["user-agent"]).toMatch(/^Spandrel-MLflow-Client-JavaScript\/\d/);
  });

  test("variables stand where options say nothing, and are read when a client is made", async () => {
    const server = await serve(answer({ trace: { trace_info: infoDict("tr-1") } }));
    process.env["MLFLOW_TRACKING_URI"] = `${server.url}/`;
    process.env["MLFLOW_TRACKING_USERNAME"] = "jörg";
    process.env["MLFLOW_TRACKING_PASSWORD"] = "secret";
    const client = new TracingClient({ logger: new TestLogger() });
    clients.push(client);
    await client.getTraceInfo("tr-1");
    expect(client.trackingUri).toBe(server.url);
    expect(server.last.headers.authorization).toBe(basic);
  });

  test("a password in the URI becomes a header and is not shown", async () => {
    const server = await serve(answer({}, 500));
    const client = clientOf(server.url.replace("//", "//user:hidden@"));
    const { message } = await rejection(client.getTraceInfo("tr-1"));
    expect(server.last.headers.authorization).toBe(`Basic ${Buffer.from("user:hidden").toString("base64")}`);
    expect(`${client.trackingUri} ${client.getHost()} ${message}`).not.toContain("hidden");
  });

  test.each([
    ["", /MLFLOW_TRACKING_URI/],
    ["not a uri", /no tracking URI/],
    ["sqlite:///x.db", /mlflow server/],
    ["file:///tmp/runs", /mlflow server/],
    ["databricks", /databricksHost/],
  ])("'%s' is refused at once", (trackingUri, message) => {
    expect(() => new TracingClient({ trackingUri })).toThrow(message);
  });

  test("a token that would break the header is refused", () => {
    expect(() => new TracingClient({ trackingUri: "http://h", trackingServerToken: "a\nb" })).toThrow(TraceError);
  });
});

describe("asking again", () => {
  class Scripted implements HttpClient {
    readonly at: number[] = [];
    constructor(
      readonly time: FakeTime,
      readonly reply: (count: number) => HttpAnswer,
    ) {}
    send(_request: HttpRequest): Promise<HttpAnswer> {
      this.at.push(this.time.monotonicMillis());
      return Promise.resolve(this.reply(this.at.length));
    }
    close(): void {}
  }

  const whole = (status: number, body: object = {}, retryAfter = ""): HttpAnswer => ({
    kind: "answer",
    status,
    contentType: "application/json",
    retryAfter,
    date: "",
    body: new TextEncoder().encode(JSON.stringify(body)),
  });

  async function run(reply: (count: number) => HttpAnswer, call: (client: TracingClient) => Promise<unknown>, options = {}) {
    const time = new FakeTime();
    const http = new Scripted(time, reply);
    const client = clientOf("http://server", { http, clock: time, timers: time, random: () => 0.5, retry: {}, ...options });
    const result = call(client).then(
      (value) => ({ value, error: null }),
      (error: unknown) => ({ value: null, error: error as MlflowHttpError }),
    );
    await time.advance(1_000_000);
    return { at: http.at, ...(await result) };
  }
  const read = (client: TracingClient): Promise<unknown> => client.getTraceInfo("tr-1");

  test("at once, then after 4, 8, … seconds and a chance of less than one, seven times", async () => {
    const { at, error } = await run(() => whole(503), read);
    const waits = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    expect(waits).toEqual([0, 4500, 8500, 16500, 32500, 64500, 120_000]);
    expect(error?.httpStatus).toBe(503);
  });

  test.each([408, 429, 500, 502, 503, 504])("%d is asked again", async (status) => {
    const { at, error } = await run(
      (count) => (count < 3 ? whole(status) : whole(200, { trace: { trace_info: infoDict("tr-1") } })),
      read,
    );
    expect([at.length, error]).toEqual([3, null]);
  });

  test.each([400, 401, 403, 404, 409, 413, 425, 501])("%d is not", async (status) => {
    const { at, error } = await run(() => whole(status), read);
    expect([at.length, error?.httpStatus]).toEqual([1, status]);
  });

  test("not more than ten times, whatever is asked for", async () => {
    const { at } = await run(() => whole(503), read, { retry: { maxRetries: 1000, backoffFactor: 0, backoffJitter: 0 } });
    expect(at).toHaveLength(11);
  });

  test("Retry-After beats the schedule", async () => {
    const { at } = await run((count) => (count < 3 ? whole(429, {}, "30") : whole(400)), read);
    expect(at).toEqual([0, 30_000, 60_000]);
  });

  test("nothing begins after 500 s", async () => {
    const { at } = await run(() => whole(503, {}, "200"), read);
    expect(at).toEqual([0, 200_000, 400_000]);
    expect((await run(() => whole(503, {}, "501"), read)).at).toEqual([0]);
  });

  test("what would be made twice is repeated only where it never arrived", async () => {
    const assess = (client: TracingClient): Promise<unknown> => client.logFeedback({ traceId: "tr-1", value: 1 });
    expect((await run(() => ({ kind: "none", cause: "timeout" }), assess)).at).toHaveLength(1);
    expect((await run(() => ({ kind: "none", cause: "ECONNREFUSED" }), assess)).at).toHaveLength(8);
    expect((await run(() => ({ kind: "none", cause: "timeout" }), read)).at).toHaveLength(8);
  });

  test("a closed client gives up its wait", async () => {
    const time = new FakeTime();
    const http = new Scripted(time, () => whole(503, {}, "30"));
    const client = clientOf("http://server", { http, clock: time, timers: time, retry: {} });
    const failed = rejection(client.getTraceInfo("tr-1"));
    await time.settle();
    client.close();
    expect((await failed).message).toContain("closed");
    expect(time.pendingTimers).toBe(0);
  });
});

describe("what goes wrong is one clear error", () => {
  test("no server", async () => {
    const error = await rejection(clientOf(`http://127.0.0.1:${String(await freePort())}`).getTraceInfo("tr-1"));
    expect(error.message).toMatch(/no connection \(ECONNREFUSED\)\. Is an MLflow server running there/);
    expect(error.httpStatus).toBeNull();
  });

  test("a slow server", async () => {
    const server = await serve(() => undefined);
    const error = await rejection(clientOf(server.url, { timeoutMillis: 50 }).getTraceInfo("tr-1"));
    expect(error.message).toMatch(/no answer within 0\.05 s/);
  });

  test.each<[string, Reply, RegExp]>([
    [
      "another content type",
      answer("<html>log in</html>", 200, { "content-type": "text/html" }),
      /text\/html where JSON was expected/,
    ],
    ["JSON that is cut", answer('{"trace": {"trace_info"'), /no whole JSON object/],
    ["JSON that is no object", answer("[1]"), /no whole JSON object/],
    ["no trace info", answer({ trace: {} }), /could not be read/],
    [
      "half an answer",
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
        response.write('{"trace"', () => response.destroy());
      },
      /broke before the answer was whole/,
    ],
    ["a redirect", answer("", 302, { location: "http://elsewhere/" }), /Redirects are not followed/],
    ["no credentials", answer("no", 401), /user name and password, or a token/],
  ])("%s", async (_name, reply, message) => {
    const server = await serve(reply);
    expect((await rejection(clientOf(server.url).getTraceInfo("tr-1"))).message).toMatch(message);
  });

  test("an answer that is too large", async () => {
    const server = await serve(answer({ much: "x".repeat(5000) }));
    const error = await rejection(clientOf(server.url, { maxAnswerBytes: 1000 }).getTraceInfo("tr-1"));
    expect(error.errorCode).toBe("TOO_LARGE");
  });

  test("an experiment that does not exist, is deleted, or is made", async () => {
    const missing = answer({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "No Experiment" }, 404);
    const server = await serve(missing);
    const client = clientOf(server.url);
    expect((await rejection(client.setExperiment("424242"))).message).toContain("424242");
    server.reply = answer({ experiment: { experiment_id: "5", name: "old", lifecycle_stage: "deleted" } });
    expect((await rejection(client.setExperiment("old"))).message).toContain("is deleted");
    server.reply = (response, asked, count) =>
      (asked.method === "GET" ? missing : answer({ experiment_id: "9" }))(response, asked, count);
    expect(await client.setExperiment("new one")).toBe("9");
    expect(jsonOf(server.last)).toEqual({ name: "new one" });
  });

  test.each([404, 405, 501])("a server that takes no spans (%d)", async (status) => {
    const server = await serve(answer("<h1>Not Found</h1>", status, { "content-type": "text/html" }));
    const error = await rejection(clientOf(server.url).logSpans("7", [spanOf()]));
    expect([error.errorCode, error.httpStatus]).toEqual(["NOT_IMPLEMENTED", status]);
    expect(error.message).toContain("REST OTLP span logging is not supported");
  });

  test("artifacts that only the server could reach", async () => {
    const server = await serve(answer({}));
    for (const location of ["file:///art/7", "s3://bucket/7", "mlflow-artifacts://elsewhere/7", undefined]) {
      const tags: Record<string, string> = location === undefined ? {} : { "mlflow.artifactLocation": location };
      const info = new TraceInfo({ traceId: "tr-1", tags });
      await rejection(clientOf(server.url).uploadTraceData(info, { spans: [spanOf()] }));
    }
    const climbing = new TraceInfo({ traceId: "tr-1", tags: { "mlflow.artifactLocation": "mlflow-artifacts:/../../api" } });
    await rejection(clientOf(server.url).uploadTraceData(climbing, { spans: [] }));
    expect(server.asked).toEqual([]);
  });

  test.each<[string, Parameters<TracingClient["searchTraces"]>[0]]>([
    ["no locations", {}],
    ["an empty list", { locations: [] }],
    ["a bare string", { locations: "7" as unknown as string[] }],
    ["both names", { locations: ["7"], experimentIds: ["7"] }],
    ["a table elsewhere than in Databricks", { locations: ["7", "catalog.schema"] }],
    ["a model and a filter", { locations: ["7"], modelId: "m", filter: "status = 'OK'" }],
    ["a bad order", { locations: ["7"], orderBy: ["no_such_key DESC"] }],
  ])("a search with %s is not sent", async (_name, search) => {
    const server = await serve(answer({}));
    expect((await rejection(clientOf(server.url).searchTraces(search))).errorCode).toBe("INVALID_PARAMETER_VALUE");
    expect(server.asked).toEqual([]);
  });
});

describe("many traces", () => {
  /** Answers batchGet with the traces in reverse, a little later. */
  function store(missing: ReadonlySet<string> = new Set()) {
    const seen = { now: 0, most: 0, sizes: [] as number[] };
    const reply: Reply = (response, asked, count) => {
      if (asked.path.endsWith("batchGetInfos")) {
        const { trace_ids } = jsonOf(asked) as { trace_ids: string[] };
        return answer({ trace_infos: trace_ids.filter((id) => !missing.has(id)).map((id) => infoDict(id)) })(
          response,
          asked,
          count,
        );
      }
      const ids = new URLSearchParams(asked.query).getAll("trace_ids");
      seen.sizes.push(ids.length);
      seen.most = Math.max(seen.most, ++seen.now);
      setImmediate(() => {
        seen.now--;
        answer({ traces: ids.reverse().map((id) => ({ trace_info: infoDict(id), spans: [], padding: "x".repeat(1000) })) })(
          response,
          asked,
          count,
        );
      });
    };
    return { reply, seen };
  }

  test("come in the order asked, ten a request, at most 32 requests at a time", async () => {
    const { reply, seen } = store(new Set(["tr-3"]));
    const server = await serve(reply);
    const ids = Array.from({ length: 405 }, (_, i) => `tr-${String(i)}`);
    const traces = await clientOf(server.url).batchGetTraces(ids);
    expect(traces.map(({ info }) => info.traceId)).toEqual(ids.filter((id) => id !== "tr-3"));
    expect(Math.max(...seen.sizes)).toBe(10);
    expect(seen.sizes.reduce((a, b) => a + b)).toBe(404);
    expect(seen.most).toBeLessThanOrEqual(32);
  });

  test("as many a request and at a time as MLflow's variables say", async () => {
    process.env["_MLFLOW_SEARCH_TRACES_MAX_BATCH_SIZE"] = "3";
    process.env["MLFLOW_SEARCH_TRACES_MAX_THREADS"] = "2";
    const { reply, seen } = store();
    const server = await serve(reply);
    const client = clientOf(server.url);
    Reflect.deleteProperty(process.env, "_MLFLOW_SEARCH_TRACES_MAX_BATCH_SIZE");
    await client.batchGetTraces(Array.from({ length: 30 }, (_, i) => `tr-${String(i)}`));
    expect([Math.max(...seen.sizes), seen.sizes.length]).toEqual([3, 10]);
    expect(seen.most).toBeLessThanOrEqual(2);
  });

  test("a file that only the server can reach is read through the server", async () => {
    const id = `tr-${hexId(1)}`;
    const file = `{"spans": [${spanOf(id).toJsonString()}]}`;
    const server = await serve((response, asked, count) => {
      const info = { trace: { trace_info: infoDict(id, { "mlflow.artifactLocation": "/art/7" }) } };
      answer(asked.path.endsWith("/get-trace-artifact") ? file : info)(response, asked, count);
    });
    const trace = await clientOf(server.url).getTrace(id);
    expect(trace.data.spans.map(({ name }) => name)).toEqual(["root"]);
    expect([server.last.path, server.last.query]).toEqual(["/ajax-api/3.0/mlflow/get-trace-artifact", `request_id=${id}`]);
  });

  test("an answer that is too large is asked for in halves", async () => {
    const { reply, seen } = store();
    const server = await serve(reply);
    const ids = ["tr-1", "tr-2", "tr-3", "tr-4"];
    const traces = await clientOf(server.url, { maxAnswerBytes: 3000 }).batchGetTraces(ids);
    expect(traces.map(({ info }) => info.traceId)).toEqual(ids);
    expect(seen.sizes).toEqual([4, 2, 2]);
  });

  test("are grouped by where their spans are, unknown places with a warning", () => {
    const warnings: string[] = [];
    const tracked = { "mlflow.trace.spansLocation": "TRACKING_STORE" };
    const archived = { "mlflow.trace.spansLocation": "ARCHIVE_REPO" };
    const table = { type: "UC_SCHEMA", uc_schema: { catalog_name: "c", schema_name: "s" } };
    const infos = [
      new TraceInfo({ traceId: "a", tags: tracked }),
      new TraceInfo({ traceId: "b", traceLocation: table }),
      new TraceInfo({ traceId: "c" }),
      new TraceInfo({ traceId: "d", tags: archived }),
      new TraceInfo({ traceId: "e", traceLocation: { type: "INFERENCE_TABLE" } }),
      new TraceInfo({ traceId: "f", tags: tracked }),
    ];
    const groups = groupTraceInfosByLocation(infos, (message) => warnings.push(message));
    expect([...groups].map(([key, group]) => [key, group.map(({ traceId }) => traceId)])).toEqual([
      [null, ["a", "f"]],
      ["c.s", ["b"]],
      ["ARTIFACT_REPO", ["c"]],
      ["ARCHIVE_REPO", ["d"]],
    ]);
    expect(warnings).toEqual([expect.stringContaining("the trace e is passed over")]);
  });
});

describe("a Databricks workspace", () => {
  const TABLE_ID = `trace:/cat.schema/${hexId(1)}`;
  const proto = {
    trace_id: hexId(1),
    trace_location: { type: "UC_SCHEMA", uc_schema: { catalog_name: "cat", schema_name: "schema" } },
    request_time: "2023-11-14T22:13:20Z",
    execution_duration: "0.006s",
    state: "OK",
  };

  function workspace(url: string): TracingClient {
    return clientOf("databricks", { databricksHost: url, databricksToken: "dapi", databricksSqlWarehouseId: "w1" });
  }

  test("takes the info of a trace in a table at its own place", async () => {
    const server = await serve(answer(proto));
    const traceLocation = proto.trace_location;
    const info = new TraceInfo({
      traceId: TABLE_ID,
      traceLocation,
      requestTime: 1700000000000,
      executionDuration: 6,
      state: "OK",
    });
    const stored = await workspace(server.url).startTrace(info);
    expect([server.last.method, server.last.path]).toEqual(["POST", `/api/4.0/mlflow/traces/cat.schema/${hexId(1)}/info`]);
    expect(jsonOf(server.last)).toEqual(proto);
    expect(server.last.headers.authorization).toBe("Bearer dapi");
    expect([stored.traceId, stored.executionDuration]).toEqual([TABLE_ID, 6]);
  });

  test("takes spans into tables", async () => {
    const server = await serve(answer(""));
    await workspace(server.url).logSpans("cat.schema.spans", [spanOf(TABLE_ID)]);
    expect([server.last.method, server.last.path]).toEqual(["POST", "/api/2.0/otel/v1/traces"]);
    expect(server.last.headers["x-databricks-uc-table-name"]).toBe("cat.schema.spans");
    expect(server.last.headers["content-type"]).toBe("application/x-protobuf");
  });

  test("gives traces of tables back under their ids", async () => {
    const server = await serve(answer({ traces: [{ trace_info: proto, spans: [spanOf().toOtlp()] }] }));
    const trace = await workspace(server.url).getTrace(TABLE_ID);
    expect(server.last.path).toBe("/api/4.0/mlflow/traces/cat.schema/batchGet");
    expect([...new URLSearchParams(server.last.query)]).toEqual([
      ["location_id", "cat.schema"],
      ["trace_ids", hexId(1)],
      ["sql_warehouse_id", "w1"],
    ]);
    expect([trace.info.traceId, trace.data.spans[0]?.traceId]).toEqual([TABLE_ID, TABLE_ID]);
  });

  test("searches tables by an operation that is asked about until it is done", async () => {
    const time = new FakeTime();
    const server = await serve((response, asked, count) => {
      const isDone = asked.method === "GET";
      answer({ name: "op1", done: isDone, ...(isDone ? { response: { trace_infos: [proto], next_page_token: "more" } } : {}) })(
        response,
        asked,
        count,
      );
    });
    const client = clientOf("databricks", {
      databricksHost: server.url,
      databricksToken: "dapi",
      timers: time,
    });
    const searched = client.searchTraces({ locations: ["cat.schema"], maxResults: 1, includeSpans: false });
    // The wait begins when the first answer is there.
    while (time.pendingTimers === 0) await time.settle();
    await time.advance(1000);
    const found = await searched;
    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/4.0/mlflow/traces/search-long-running",
      "GET /api/4.0/mlflow/traces/search/operations/op1",
    ]);
    expect([found.traces[0]?.info.traceId, found.nextPageToken]).toEqual([TABLE_ID, "more"]);
  });

  test("keeps tags and assessments of traces in tables", async () => {
    const server = await serve(answer({ assessment_name: "feedback", trace_id: hexId(1), feedback: { value: true } }));
    const client = workspace(server.url);
    await client.setTraceTag(TABLE_ID, "k", "v");
    await client.deleteTraceTag(TABLE_ID, "a/b");
    const logged = await client.logFeedback({ traceId: TABLE_ID, value: true });
    await client.updateAssessment(TABLE_ID, "a-1", { feedback: { value: false }, name: "n" });
    await client.deleteAssessment(TABLE_ID, "a-1");
    const base = `/api/4.0/mlflow/traces/cat.schema/${hexId(1)}`;
    expect(server.asked.map(({ method, path, query }) => `${method} ${path}?${query}`)).toEqual([
      `PATCH ${base}/tags?`,
      `DELETE ${base}/tags/a%2Fb?sql_warehouse_id=w1`,
      `POST ${base}/assessments?sql_warehouse_id=w1`,
      `PATCH ${base}/assessments/a-1?sql_warehouse_id=w1&update_mask=assessment_name%2Cfeedback`,
      `DELETE ${base}/assessments/a-1?sql_warehouse_id=w1`,
    ]);
    expect(logged.traceId).toBe(TABLE_ID);
  });
});

describe("what is sent", () => {
  test("long texts are cut by characters, other values become text with a warning", () => {
    const warnings: string[] = [];
    const long = "😀".repeat(5000);
    const info = new TraceInfo({
      traceId: "tr-1",
      tags: { [long]: long, n: 7 as unknown as string },
      traceMetadata: { m: long },
    });
    const sent = infoToProto(info, (message) => warnings.push(message)) as {
      tags: Record<string, string>;
      trace_metadata: Record<string, string>;
    };
    expect(Object.entries(sent.tags)).toEqual([
      ["😀".repeat(250), "😀".repeat(4096)],
      ["n", "7"],
    ]);
    expect(sent.trace_metadata["m"]).toBe("😀".repeat(250));
    expect(warnings).toHaveLength(1);
    expect(info.tags[long]).toBe(long);
  });

  test("spans compressed where asked", async () => {
    const server = await serve(answer(""));
    await clientOf(server.url, { compression: "gzip" }).logSpans("7", [spanOf()]);
    expect(server.last.headers["content-encoding"]).toBe("gzip");
    expect([...server.last.body.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });

  test("a request that is too large goes in halves", async () => {
    const sizes: number[] = [];
    const server = await serve((response, asked, count) => {
      sizes.push(asked.body.length);
      answer("", count === 1 ? 413 : 200)(response, asked, count);
    });
    await clientOf(server.url).logSpans("7", [spanOf(), spanOf()]);
    expect(sizes).toHaveLength(3);
    expect(sizes[1]).toBeLessThan(sizes[0] as number);
  });

  test("to a server before 3.3 by its endpoints, only where that was asked for", async () => {
    const v2 = { request_id: "tr-new", experiment_id: "7", timestamp_ms: "5", status: "OK", tags: [{ key: "a", value: "b" }] };
    const server = await serve((response, asked, count) => {
      const isNew = asked.path.startsWith("/api/3.0");
      (isNew ? answer("", 404) : answer({ trace_info: v2 }))(response, asked, count);
    });
    const info = new TraceInfo({ traceId: "tr-1", requestTime: 5, executionDuration: 2, state: "OK", tags: { a: "b" } });
    expect((await rejection(clientOf(server.url).startTrace(info))).httpStatus).toBe(404);
    const stored = await clientOf(server.url, { usesOldEndpoints: true }).startTrace(info);
    expect([stored.traceId, stored.tags]).toEqual(["tr-new", { a: "b" }]);
    expect(server.last.path).toBe("/api/2.0/mlflow/traces/tr-new");
  });

  test("nothing for a span that was not traced, and nothing the server keeps to itself", async () => {
    const server = await serve(answer({}));
    const client = clientOf(server.url);
    await client.logFeedback({ traceId: "MLFLOW_NO_OP_SPAN_TRACE_ID", value: 1 });
    await client.setTraceTag("tr-1", "mlflow.user", "x");
    await rejection(client.logFeedback({ traceId: "tr-1", value: 1, source: { sourceType: "ROBOT" } }));
    await rejection(client.updateAssessment("tr-1", "a-1", { feedback: { value: 1 }, expectation: { value: 1 } }));
    await rejection(client.getTraceInfo(".."));
    expect(server.asked).toEqual([]);
  });
});
