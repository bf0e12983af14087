// The scenarios of tests/golden/timeouts.json from MLFLOW_TRACE_TIMEOUT_SECONDS to what a tracking server receives,
// on a clock that the test moves.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  flushTraces,
  init,
  NoOpSpan,
  Span,
  startSpan,
  stats,
  TraceInfo,
  TraceManager,
  type LiveSpan,
} from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { environmentMetadata } from "../../../js/mlflow/environment_metadata.js";
import { FakeClock } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { messagesAt } from "../mlflow/protobuf_parts.js";
import { answer, closeScriptServers, jsonOf, ScriptServer } from "../mlflow/script_server.js";
import { goldenFile } from "../tracing/recorded.js";
import { account } from "./trace_harness.js";

interface RecordedSpan {
  name: string;
  parent_id: string | null;
  span_id: string;
  ended: boolean;
  status: { status_code: string; description: string };
  events: { name: string; attributes: Record<string, string> }[];
  inputs: unknown;
  outputs: unknown;
  log_level: number;
}
interface RecordedTrace {
  state: string;
  tags: Record<string, string>;
  trace_metadata: Record<string, string>;
  request_preview: string | null;
  response_preview: string | null;
  duration_at_least_1000_ms: boolean;
  spans: RecordedSpan[];
}
interface Case {
  name: string;
  exported_by_the_timeout: RecordedTrace[];
  logs: { level: string }[];
  later_steps: { step: string; value: unknown }[];
  exported_later: RecordedTrace[];
  logs_later: { level: string }[];
}

/** What the server was sent of a trace, in the shape of the recorded ones. */
type Received = Omit<RecordedTrace, "spans"> & {
  spans: (Omit<RecordedSpan, "parent_id" | "span_id"> & { parent: string | null })[];
};

/** Recorded as lost in MLflow: its export is kept back for the open child, then the trace is deleted. */
const LOST_BY_MLFLOW = "child and root open";

const { cases } = goldenFile("timeouts.json") as { cases: Case[] };
const clock = new FakeClock();
const infos: string[] = [];
const warnings: string[] = [];
const logger = {
  debug: () => undefined,
  info: (message: string) => void infos.push(message),
  warn: (message: string) => void warnings.push(message),
  error: (message: string) => void warnings.push(message),
};
let server: ScriptServer;
let passed = 0;
const before = process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"];

beforeAll(async () => {
  process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"] = "1";
  tracer().clock = clock;
  server = await ScriptServer.start((response, asked, count) => {
    if (asked.path !== "/api/3.0/mlflow/traces") return answer("")(response, asked, count);
    const { trace } = jsonOf(asked) as { trace: { trace_info: { tags?: Record<string, string> } } };
    trace.trace_info.tags = { ...trace.trace_info.tags, "mlflow.trace.spansLocation": "TRACKING_STORE" };
    answer({ trace })(response, asked, count);
  });
  await init({ exporter: "mlflow", trackingUri: server.url, logger });
});
beforeEach(() => {
  for (const list of [infos, warnings, server.asked]) list.length = 0;
});
afterEach(() => {
  (tracer().observer as TraceKeeper).stop();
  const { produced, delivered } = stats().destinations["mlflow"] as { produced: number; delivered: number };
  expect(delivered).toBe(produced);
});
afterAll(async () => {
  if (before === undefined) delete process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"];
  else process.env["MLFLOW_TRACE_TIMEOUT_SECONDS"] = before;
  await closeScriptServers();
  process.stdout.write(
    `golden timeouts, as a server receives them: passed ${String(passed)} of ${String(cases.length)}\n` +
      `  ${LOST_BY_MLFLOW}: the children are ended first and the trace is whole (ruling 7)\n`,
  );
});

function pass(millis: number): void {
  clock.advance(millis);
  (tracer().observer as TraceKeeper).tick();
}

const root = (options: Parameters<typeof startSpan>[0] = {}): LiveSpan =>
  startSpan({ name: "root", parent: null, ...(options as object) }) as LiveSpan;

/** Each gives the spans that `later_steps` speaks of. */
const PROGRAMS: Record<string, () => { root: LiveSpan; child?: LiveSpan }> = {
  "root only": () => ({ root: root({ name: "root", inputs: { q: 1 }, tags: { t: "v" } }) }),
  "child ended, root open": () => {
    const span = root();
    span.startSpan({ name: "child" }).end();
    return { root: span };
  },
  "child and root open": () => {
    const span = root();
    return { root: span, child: span.startSpan({ name: "child" }) as LiveSpan };
  },
  "root whose status is already OK": () => {
    const span = root();
    span.setStatus("OK");
    return { root: span };
  },
  "trace that ended in time": () => {
    const span = root();
    clock.advance(10);
    span.end();
    return { root: span };
  },
};

/** Of the requests since the last look, by trace. */
function received(): Received[] {
  const asked = server.asked.splice(0);
  const spans = asked
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => messagesAt(body, [1, 2, 2]))
    .map((bytes) => Span.fromOtlp(bytes));
  return asked
    .filter(({ path, method }) => path === "/api/3.0/mlflow/traces" && method === "POST")
    .map((each) => {
      const { trace } = jsonOf(each) as { trace: { trace_info: Record<string, unknown> } };
      const { execution_duration: duration, request_time: time, ...rest } = trace.trace_info;
      const info = TraceInfo.fromDict({
        ...rest,
        request_time: time,
        execution_duration_ms: Math.round(Number(String(duration).replace("s", "")) * 1000),
      } as never);
      return viewOf(
        info,
        spans.filter(({ traceId }) => traceId === info.traceId),
      );
    });
}

function viewOf(info: TraceInfo, spans: Span[]): Received {
  const metadata = { ...info.traceMetadata };
  // The recording was made without what tells of the machine.
  for (const key of ["mlflow.trace.sizeStats", "mlflow.trace.sizeBytes", ...Object.keys(environmentMetadata())])
    delete metadata[key];
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return {
    state: info.state,
    tags: info.tags,
    trace_metadata: metadata,
    request_preview: info.requestPreview === "" ? null : info.requestPreview,
    response_preview: info.responsePreview === "" ? null : info.responsePreview,
    duration_at_least_1000_ms: (info.executionDuration ?? 0) >= 1000,
    spans: spans.map((span) => ({
      name: span.name,
      parent: names.get(span.parentId ?? "") ?? null,
      ended: span.endTimeNs !== null && span.endTimeNs > 0n,
      status: { status_code: span.status.statusCode, description: span.status.description },
      events: span.events.map(({ name, attributes }) => {
        // Words of its own that name the same three things (TM-22).
        const message = String(attributes["exception.message"]);
        expect(message).toContain(span.traceId);
        expect(message).toContain(" 1 seconds");
        expect(message).toContain("MLFLOW_TRACE_TIMEOUT_SECONDS");
        return { name, attributes: { "exception.type": String(attributes["exception.type"]) } };
      }),
      inputs: jsonValue(span.inputs),
      outputs: jsonValue(span.outputs),
      log_level: Number(span.getAttribute("mlflow.spanLogLevel")),
    })),
  };
}

/** Inputs go as JSON text inside a string (ruling 13), which the server takes apart again. */
function jsonValue(value: unknown): unknown {
  return typeof value === "string" ? (JSON.parse(value) as unknown) : value;
}

function recordedView({ spans, ...trace }: RecordedTrace): Received {
  const { trace_metadata, state, tags, request_preview, response_preview, duration_at_least_1000_ms } = trace;
  const names = new Map(spans.map(({ span_id, name }) => [span_id, name]));
  return {
    state,
    tags,
    trace_metadata,
    request_preview,
    response_preview,
    duration_at_least_1000_ms,
    spans: spans.map(({ name, parent_id, ended, status, events, inputs, outputs, log_level }) => ({
      name,
      parent: names.get(parent_id ?? "") ?? null,
      ended,
      status,
      events: events.map((event) => ({
        name: event.name,
        attributes: { "exception.type": event.attributes["exception.type"] as string },
      })),
      inputs,
      outputs,
      log_level,
    })),
  };
}

/** What the recorded later steps do here. */
function laterStep(step: string, spans: { root: LiveSpan; child?: LiveSpan }): unknown {
  switch (step) {
    case "root.set_outputs":
      return spans.root.setOutputs("late") ?? null;
    case "root.end":
      return spans.root.end() ?? null;
    case "child.end":
      return spans.child?.end() ?? null;
    case "child of the halted root": {
      const late = spans.root.startSpan({ name: "late child" });
      return late instanceof NoOpSpan ? "NoOpSpan" : late;
    }
    case "status of root":
      return spans.root.status.statusCode;
    case "another trace": {
      root({ name: "next" }).end();
      return null;
    }
    default:
      throw new Error(`no such step: ${step}`);
  }
}

test("every recorded case has its program", () => {
  expect(Object.keys(PROGRAMS).sort()).toEqual(cases.map(({ name }) => name).sort());
});

describe("a tracking server receives", () => {
  test.each(cases)("$name", async ({ name, exported_by_the_timeout, logs, later_steps, exported_later, logs_later }) => {
    const spans = (PROGRAMS[name] as () => { root: LiveSpan; child?: LiveSpan })();
    const traceId = spans.root.traceId;
    pass(3200);
    expect(spans.root.hasEnded).toBe(true);
    await flushTraces();
    const exported = received();

    if (name === LOST_BY_MLFLOW) {
      expect(exported_by_the_timeout).toEqual([]);
      expect(exported).toHaveLength(1);
      expect(exported[0]).toMatchObject({ state: "ERROR", duration_at_least_1000_ms: true });
      const span = { parent: null, ended: true, status: { status_code: "ERROR", description: "" }, log_level: 40 };
      const events = [{ name: "exception", attributes: { "exception.type": "MlflowTracingException" } }];
      expect(exported[0]?.spans).toMatchObject([
        { ...span, name: "root", events },
        { ...span, name: "child", parent: "root", events },
      ]);
    } else {
      expect(exported).toEqual(exported_by_the_timeout.map(recordedView));
      passed++;
    }
    expect(TraceManager.getInstance().getTrace(traceId)).toBeNull();
    expect(infos).toHaveLength(logs.length);
    for (const told of infos) expect(told).toContain(traceId);
    expect(warnings).toEqual([]);

    for (const { step, value } of later_steps) expect([step, laterStep(step, spans)]).toEqual([step, value]);
    await flushTraces();
    expect(received()).toEqual(exported_later.map(recordedView));
    expect(warnings).toHaveLength(logs_later.length);
    expect(account()["pending"]).toBeUndefined();
  });
});
