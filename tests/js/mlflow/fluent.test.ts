// The fluent functions that need a tracking server, against one that answers what MLflow's answered.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  getTrace,
  getTrackingUri,
  init,
  isUsingTrackingServer,
  reset,
  searchTraces,
  setExperiment,
  setTrackingUri,
  startSpan,
  TraceError,
  withEvaluationContext,
  type LiveSpan,
} from "../../../js/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { registerEvaluationTrace } from "../../../js/tracing/evaluation.js";
import { goldenFile } from "../tracing/recorded.js";
import { ended, logger, start } from "../tracing/harness.js";
import { answer, closeScriptServers, ScriptServer, type Reply } from "./script_server.js";

interface Exchange {
  method: string;
  path: string;
  status: number;
  response_text: string;
}
const { cases } = goldenFile("rest.json") as { cases: { name: string; exchanges: Exchange[] }[] };

const UNKNOWN = { error_code: "RESOURCE_DOES_NOT_EXIST", message: "there is no such thing" };

/** Answers as recorded, by method and path. */
function recorded(name: string): Reply {
  const { exchanges } = cases.find((each) => each.name === name) as { exchanges: Exchange[] };
  return (response, asked, count) => {
    const found = exchanges.find(({ method, path }) => method === asked.method && path === asked.path);
    answer(found?.response_text ?? UNKNOWN, found?.status ?? 404)(response, asked, count);
  };
}

const TRACE = "tr-66e323db39b147bacda1820a5521bbcd";
let server: ScriptServer;

beforeAll(async () => {
  server = await ScriptServer.start();
  await start({ retainTraces: true, experimentId: "5" });
});
beforeEach(() => {
  server.asked.length = 0;
  logger.lines.length = 0;
  tracer().trackingUri = server.url;
});
afterEach(async () => {
  reset();
  tracer().trackingUri = null;
  await ended();
});
afterAll(closeScriptServers);

describe("setTrackingUri", () => {
  test("TheServerIsTheOneThatWasNamedLastByCodeElseByVariable", () => {
    tracer().trackingUri = null;
    const before = process.env["MLFLOW_TRACKING_URI"];
    try {
      delete process.env["MLFLOW_TRACKING_URI"];
      expect([getTrackingUri(), isUsingTrackingServer()]).toEqual(["", false]);
      process.env["MLFLOW_TRACKING_URI"] = " http://variable.test ";
      expect([getTrackingUri(), isUsingTrackingServer()]).toEqual(["http://variable.test", true]);
      setTrackingUri("http://code.test");
      expect(getTrackingUri()).toBe("http://code.test");
    } finally {
      if (before === undefined) delete process.env["MLFLOW_TRACKING_URI"];
      else process.env["MLFLOW_TRACKING_URI"] = before;
    }
  });

  test.each([
    ["databricks", true],
    ["databricks://profile", true],
    ["databricks-uc", true],
    ["https://host.test/base", true],
    ["sqlite:///mlflow.db", false],
    ["file:///tmp/mlruns", false],
  ])("%s is a server: %s", (uri, isServer) => {
    tracer().trackingUri = uri;
    expect(isUsingTrackingServer()).toBe(isServer);
  });

  test("WhatIsNoAddressIsRefusedAtOnce", () => {
    for (const wrong of ["", null, 5]) expect(() => setTrackingUri(wrong as never)).toThrow(TraceError);
    expect(getTrackingUri()).toBe(server.url);
  });
});

describe("setExperiment", () => {
  test("ANameIsLookedUpAndTracesBelongThereFromThenOn", async () => {
    server.reply = answer({ experiment: { experiment_id: "17", name: "my app", lifecycle_stage: "active" } });
    expect(await setExperiment("my app")).toBe("17");
    expect(server.last).toMatchObject({ method: "GET", path: "/api/2.0/mlflow/experiments/get-by-name" });
    startSpan({ name: "x" }).end();
    await init({ serviceName: "still there after another init" });
    startSpan({ name: "y" }).end();
    expect((await ended()).map((span) => span.getAttribute("mlflow.experimentId"))).toEqual(["17", "17"]);
  });

  test("ANewNameIsMade", async () => {
    server.reply = (response, asked, count) => {
      const isRead = asked.method === "GET";
      answer(isRead ? { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no" } : { experiment_id: "18" }, isRead ? 404 : 200)(
        response,
        asked,
        count,
      );
    };
    expect(await setExperiment("new app")).toBe("18");
    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/2.0/mlflow/experiments/get-by-name",
      "POST /api/2.0/mlflow/experiments/create",
    ]);
  });

  test("WithoutAServerAnIdIsTakenAsItIsAndANameIsRefused", async () => {
    tracer().trackingUri = null;
    expect(await setExperiment("42")).toBe("42");
    await expect(setExperiment("by name")).rejects.toMatchObject({ errorCode: "INVALID_PARAMETER_VALUE" });
    await expect(setExperiment("")).rejects.toMatchObject({ errorCode: "INVALID_PARAMETER_VALUE" });
    expect(server.asked).toEqual([]);
  });

  test("TheServersRefusalIsTheCallers", async () => {
    server.reply = answer({ error_code: "PERMISSION_DENIED", message: "not yours" }, 403);
    await expect(setExperiment("closed")).rejects.toBeInstanceOf(TraceError);
  });
});

describe("getTrace", () => {
  test("ATraceOfTheServer", async () => {
    server.reply = recorded("get_trace from the tracking store");
    const trace = await getTrace(TRACE);
    expect(trace?.info.traceId).toBe(TRACE);
    expect(trace?.data.spans.map(({ name, parentId }) => [name, parentId === null])).toEqual([
      ["span 0", true],
      ["span 1", false],
      ["span 2", false],
    ]);
    expect(logger.lines).toEqual([]);
  });

  test("ByTheIdOfAnEvaluatedRequest", async () => {
    server.reply = recorded("get_trace from the tracking store");
    registerEvaluationTrace("request 1", TRACE);
    expect((await getTrace("request 1"))?.info.traceId).toBe(TRACE);
  });

  test("WhatTheServerDoesNotHaveIsReadHere", async () => {
    server.reply = recorded("get_trace of an unknown trace");
    const span = withEvaluationContext({ requestId: "local" }, () => startSpan({ name: "kept" })) as LiveSpan;
    span.end();
    expect((await getTrace(span.traceId))?.data.spans[0]?.name).toBe("kept");
    expect((await getTrace("local", { flush: true }))?.info.traceId).toBe(span.traceId);
    expect(logger.lines).toEqual([]);
  });

  test("AnUnknownOneIsNullWithOneWarningOrWithout", async () => {
    server.reply = recorded("get_trace of an unknown trace");
    const unknown = `tr-${"0".repeat(32)}`;
    expect(await getTrace(unknown, { silent: true })).toBeNull();
    expect(logger.lines).toEqual([]);
    expect(await getTrace(unknown)).toBeNull();
    expect(logger.lines).toEqual([expect.stringContaining(`trace '${unknown}' could not be read`)]);
    for (const wrong of [null, undefined, 5, {}, Symbol("x")]) expect(await getTrace(wrong as never)).toBeNull();
    expect(await getTrace(unknown, null as never)).toBeNull();
  });
});

describe("searchTraces", () => {
  test("OfTheExperimentThatTracesBelongToNow", async () => {
    server.reply = recorded("search_traces without spans");
    const traces = await searchTraces({
      filter: "status = 'OK'",
      orderBy: ["timestamp_ms ASC"],
      includeSpans: false,
      flush: true,
    });
    expect(traces.length).toBeGreaterThan(0);
    const { experimentId } = tracer();
    expect(JSON.parse(server.last.body.toString())).toMatchObject({
      locations: [{ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: experimentId } }],
      filter: "status = 'OK'",
      order_by: ["timestamp_ms ASC"],
    });
  });

  test("OfOtherExperiments", async () => {
    server.reply = recorded("search_traces without spans");
    await searchTraces({ locations: ["2"], includeSpans: false, maxResults: 5 });
    expect(JSON.parse(server.last.body.toString())).toMatchObject({
      locations: [{ mlflow_experiment: { experiment_id: "2" } }],
      max_results: 5,
    });
  });

  test("RefusalsAreTraceErrors", async () => {
    await expect(searchTraces({ filter: "nonsense" })).rejects.toBeInstanceOf(TraceError);
    tracer().trackingUri = null;
    await expect(searchTraces()).rejects.toMatchObject({ errorCode: "INVALID_PARAMETER_VALUE" });
  });
});
