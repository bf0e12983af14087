// The scenarios of tests/golden/timeouts.json through the fluent API, on a clock that the test moves.
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { init, NoOpSpan, startSpan, TraceManager, type LiveSpan, type Trace } from "../../../js/index.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { FakeClock } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { TestLogger } from "./harness.js";
import { goldenFile } from "./recorded.js";

interface RecordedTrace {
  state: string;
  tags: Record<string, string>;
  trace_metadata: Record<string, string>;
  duration_at_least_1000_ms: boolean;
  spans: {
    name: string;
    ended: boolean;
    status: { status_code: string; description: string };
    events: { name: string; attributes: Record<string, string> }[];
    inputs: unknown;
    outputs: unknown;
    log_level: number;
  }[];
}
interface Case {
  name: string;
  exported_by_the_timeout: RecordedTrace[];
  exported_later: RecordedTrace[];
}

/** What differs by intent. */
const DEVIATIONS: Record<string, string> = {
  "child and root open": "MLflow exports nothing of it; here children end first and the trace is whole",
};

const { cases } = goldenFile("timeouts.json") as { cases: Case[] };
const clock = new FakeClock();
const logger = new TestLogger();
let passed = 0;

beforeAll(async () => {
  tracer().clock = clock;
  await init({ exporter: "none", retainTraces: true, traceTimeoutMillis: 1000, logger });
});
afterEach(() => {
  (tracer().observer as TraceKeeper).stop();
});
afterAll(() => {
  const deviations = Object.entries(DEVIATIONS).map(([name, why]) => `  ${name}: ${why}`);
  process.stdout.write(`golden timeouts: passed ${String(passed)} of ${String(cases.length)}\n${deviations.join("\n")}\n`);
});

function pass(millis: number): void {
  clock.advance(millis);
  (tracer().observer as TraceKeeper).tick();
}

const PROGRAMS: Record<string, () => LiveSpan> = {
  "root only": () => {
    const root = startSpan({ name: "root", parent: null, inputs: { q: 1 }, tags: { t: "v" } }) as LiveSpan;
    pass(3200);
    return root;
  },
  "child ended, root open": () => {
    const root = startSpan({ name: "root", parent: null }) as LiveSpan;
    root.startSpan({ name: "child" }).end();
    pass(3200);
    return root;
  },
  "child and root open": () => {
    const root = startSpan({ name: "root", parent: null }) as LiveSpan;
    root.startSpan({ name: "child" });
    pass(3200);
    return root;
  },
  "root whose status is already OK": () => {
    const root = startSpan({ name: "root", parent: null }) as LiveSpan;
    root.setStatus("OK");
    pass(3200);
    return root;
  },
  "trace that ended in time": () => {
    const root = startSpan({ name: "root", parent: null }) as LiveSpan;
    clock.advance(10);
    root.end();
    pass(3200);
    return root;
  },
};

/** In the shape of the recorded ones; what tells of one run is left out. */
function viewOf({ info, data }: Trace): RecordedTrace {
  return {
    state: info.state,
    tags: info.tags,
    trace_metadata: info.traceMetadata,
    duration_at_least_1000_ms: (info.executionDuration ?? 0) >= 1000,
    spans: data.spans.map((span) => ({
      name: span.name,
      ended: span.endTimeNs !== null,
      status: { status_code: span.status.statusCode, description: span.status.description },
      events: span.events.map(({ name, attributes }) => ({
        name,
        attributes: { "exception.type": String(attributes["exception.type"]) },
      })),
      inputs: span.inputs,
      outputs: span.outputs,
      log_level: span.logLevel as number,
    })),
  };
}

function recordedView({ state, tags, trace_metadata, duration_at_least_1000_ms, spans }: RecordedTrace): RecordedTrace {
  return {
    state,
    tags,
    trace_metadata,
    duration_at_least_1000_ms,
    spans: spans.map(({ name, ended, status, events, inputs, outputs, log_level }) => ({
      name,
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

test.each(cases)("$name", ({ name, exported_by_the_timeout }) => {
  const root = (PROGRAMS[name] as () => LiveSpan)();
  expect(root.hasEnded).toBe(true);
  if (name !== "trace that ended in time") expect(root.startSpan({ name: "late" })).toBeInstanceOf(NoOpSpan);
  root.end();
  const popped = TraceManager.getInstance().popTrace(root.context.traceId)?.trace as Trace;
  const view = viewOf(popped);
  if (name in DEVIATIONS) {
    expect(exported_by_the_timeout).toEqual([]);
    expect(view.spans.map((span) => [span.name, span.status.status_code])).toEqual([
      ["root", "ERROR"],
      ["child", "ERROR"],
    ]);
    expect(view.state).toBe("ERROR");
  } else {
    expect(view).toEqual(recordedView(exported_by_the_timeout[0] as RecordedTrace));
    passed++;
  }
  expect(TraceManager.getInstance().getTrace(root.traceId)).toBeNull();
});
