// `spandrel/wasm`: the classes of the core by themselves, against the built module.
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createModule, TraceError, type SpandrelModule, type SpanStart } from "../../js/wasm.js";

const TRACE = "0123456789abcdef0123456789abcdef";
const TRACE_ID = `tr-${TRACE}`;
const INFO = {
  trace_id: TRACE_ID,
  trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } },
  request_time: "2023-11-14T22:13:20Z",
  state: "IN_PROGRESS",
};

let spandrel: SpandrelModule;
const logs: string[] = [];
const logger = {
  debug: (message: string) => void logs.push(`debug ${message}`),
  info: (message: string) => void logs.push(`info ${message}`),
  warn: (message: string) => void logs.push(`warn ${message}`),
  error: (message: string) => void logs.push(`error ${message}`),
};

beforeAll(async () => {
  spandrel = await createModule({ logger });
});

beforeEach(() => {
  spandrel.TraceManager.reset();
  logs.length = 0;
});

function start(spanId: string, options: Partial<SpanStart> = {}) {
  return spandrel.LiveSpan.start({ otelTraceId: TRACE, spanId, startTimeNs: 1_700_000_000_123_456_789n, ...options });
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof TraceError ? error.errorCode : `no TraceError: ${String(error)}`;
  }
  return "nothing thrown";
}

describe("TraceManager", () => {
  test("is one object until it is reset", () => {
    const first = spandrel.TraceManager.getInstance();
    expect(spandrel.TraceManager.getInstance()).toBe(first);

    spandrel.TraceManager.reset();

    expect(spandrel.TraceManager.getInstance()).not.toBe(first);
    expect(first.getRootSpanId(TRACE_ID)).toBeNull();
  });

  test("registers, looks up and pops a trace once", () => {
    const manager = spandrel.TraceManager.getInstance();
    expect(manager.registerTrace(TRACE, INFO)).toEqual([]);
    const root = start("00000000000000aa", { name: "root" });
    const child = start("00000000000000bb", { name: "child", parentId: "00000000000000aa" });
    manager.registerSpan(root);
    manager.registerSpan(child);

    expect(manager.getRootSpanId(TRACE_ID)).toBe("00000000000000aa");
    expect(manager.getSpanFromId(TRACE_ID, "00000000000000bb")).toBe(child);
    expect(manager.getMlflowTraceIdFromOtelId(BigInt(`0x${TRACE}`))).toBe(TRACE_ID);
    expect(manager.hasOpenSpans(TRACE)).toBe(true);
    child.end({ endTimeNs: 1_700_000_000_125_456_789n });
    root.setInputs({ q: 1 });
    root.end({ outputs: "done", endTimeNs: 1_700_000_000_130_000_000n });
    expect(manager.hasOpenSpans(TRACE)).toBe(false);
    expect(manager.getSpanFromId(TRACE_ID, "00000000000000bb")).toBeNull();

    const popped = manager.popTrace(TRACE);
    expect(popped?.trace.spans.map((span) => span.name)).toEqual(["root", "child"]);
    expect(popped?.trace.info).toMatchObject({
      state: "OK",
      request_time: "2023-11-14T22:13:20.123Z",
      execution_duration_ms: 6,
      request_preview: '{"q": 1}',
      response_preview: '"done"',
    });
    expect(manager.popTrace(TRACE)).toBeNull();
    expect(manager.getMlflowTraceIdFromOtelId(TRACE)).toBeNull();
  });

  test("links prompts by a tag", () => {
    const manager = spandrel.TraceManager.getInstance();
    manager.registerTrace(TRACE, INFO);

    expect(manager.registerPrompt(TRACE_ID, { name: "p", version: 1 })).toBe('[{"name": "p", "version": "1"}]');

    expect(manager.popTrace(TRACE)?.prompts).toEqual([{ name: "p", version: 1 }]);
  });

  test("names what is unknown or wrong as TraceError", () => {
    const manager = spandrel.TraceManager.getInstance();
    expect(codeOf(() => manager.registerSpan(start("00000000000000aa")))).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(codeOf(() => manager.registerPrompt("tr-unknown", { name: "p", version: 1 }))).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(codeOf(() => manager.registerTrace("zz", INFO))).toBe("INVALID_PARAMETER_VALUE");
    expect(codeOf(() => manager.registerTrace(TRACE, {}))).toBe("INVALID_PARAMETER_VALUE");
    manager.registerTrace(TRACE, { ...INFO, tags: { "mlflow.linkedPrompts": "no list" } });
    expect(codeOf(() => manager.registerPrompt(TRACE_ID, { name: "p", version: 1 }))).toBe("INTERNAL_ERROR");
    expect(logs.filter((line) => line.startsWith("debug"))).toHaveLength(1);
  });

  test.each([null, undefined, 5, {}, "", "tr-\ud800"])("takes %p as an id that is not known", (id) => {
    const manager = spandrel.TraceManager.getInstance();
    expect(manager.getRootSpanId(id as string)).toBeNull();
    expect(manager.getTrace(id as string)).toBeNull();
    expect(manager.getSpanFromId(id as string, id as string)).toBeNull();
  });

  test("ignores what is no span", () => {
    const manager = spandrel.TraceManager.getInstance();
    for (const wrong of [null, undefined, "span", new spandrel.NoOpSpan()])
      expect(() => manager.registerSpan(wrong as never)).not.toThrow();
  });

  test("drops expired traces and names timed-out ones", () => {
    const manager = spandrel.TraceManager.getInstance();
    manager.registerTrace(TRACE, INFO, 1_000);
    manager.registerSpan(start("00000000000000aa"));
    expect(manager.tick(3_600_999).expired).toEqual([]);
    expect(manager.tick(3_601_000).expired).toEqual([{ traceId: TRACE_ID, otelTraceIds: [TRACE], spans: 1, reason: "expired" }]);

    manager.configure({ timeoutSeconds: 2 });
    manager.registerTrace(TRACE, INFO, 4_000_000);
    expect(manager.tick(4_002_000).timedOut).toMatchObject([{ traceId: TRACE_ID, otelTraceIds: [TRACE] }]);
    expect(manager.tick(4_003_000).timedOut).toEqual([]);
    expect(manager.popTrace(TRACE)).not.toBeNull();
  });

  test("warns when a changed timeout discards traces", () => {
    const manager = spandrel.TraceManager.getInstance();
    manager.registerTrace(TRACE, INFO);
    manager.configure({ timeoutSeconds: 5 });

    const dropped = manager.registerTrace("f".repeat(32), { ...INFO, trace_id: `tr-${"f".repeat(32)}` });

    expect(dropped).toMatchObject([{ traceId: TRACE_ID, reason: "evicted" }]);
    expect(logs).toEqual([expect.stringMatching(/^warn .*timeout.*discard/)]);
  });
});

test("a thousand traces leave the module's memory as it was", () => {
  const manager = spandrel.TraceManager.getInstance();
  const run = (): void => {
    manager.registerTrace(TRACE, INFO);
    const span = start("00000000000000aa");
    manager.registerSpan(span);
    span.setInputs({ text: "x".repeat(2000) });
    span.end();
    span.dispose();
    manager.popTrace(TRACE)?.dispose();
  };
  for (let i = 0; i < 50; i++) run();
  const before = spandrel.memoryBytes();

  for (let i = 0; i < 1000; i++) run();

  expect(spandrel.memoryBytes()).toBe(before);
  expect(manager.stats()).toMatchObject({ traces: 0, spans: 0, recordBytes: 0 });
});

describe("LiveSpan", () => {
  test("keeps values as they were set", () => {
    const span = start("00000000000000aa", { spanType: "LLM" });
    span.setInputs({ q: "Grüße 😀", big: 2n ** 60n });
    span.setAttributes({
      s: "x",
      n: 1,
      f: 0.5,
      z: -0,
      inf: Infinity,
      b: true,
      none: null,
      list: [1, 2],
      nested: { a: [1] },
      id: 2n ** 62n,
    });
    span.addEvent({ name: "e", timestamp: 5n, attributes: { k: "v" } });
    span.addLink({ traceId: TRACE_ID, spanId: "00f067aa0ba902b7" });

    expect(span.spanType).toBe("LLM");
    expect(span.inputs).toEqual({ q: "Grüße 😀", big: 2n ** 60n });
    const { attributes, events, links } = span.view();
    expect(attributes).toMatchObject({
      s: "x",
      n: 1,
      f: 0.5,
      inf: Infinity,
      b: true,
      none: null,
      list: [1, 2],
      nested: { a: [1] },
      id: 2n ** 62n,
    });
    expect(Object.is(attributes["z"], -0)).toBe(true);
    expect(events).toEqual([{ name: "e", timestamp: 5n, attributes: { k: "v" } }]);
    expect(links).toEqual([{ traceId: TRACE_ID, spanId: "00f067aa0ba902b7", attributes: null }]);
  });

  test("never throws, and says what it refuses", () => {
    const span = start("00000000000000aa");
    for (const wrong of [null, undefined, 5, "x", Symbol("s"), () => 1, [], {}] as never[]) {
      span.setStatus(wrong);
      span.setSpanType(wrong);
      span.setLogLevel(wrong);
      span.setAttributes(wrong);
      span.setAttribute(wrong, wrong);
      span.setInputs(wrong);
    }
    expect(span.status.statusCode).toBe("UNSET");
    expect(logs.some((line) => line.startsWith("warn set_status"))).toBe(true);
    span.end();
    span.end({ status: "ERROR" });
    expect(span.status.statusCode).toBe("OK");
    expect(span.hasEnded).toBe(true);
  });

  test("records what was thrown", () => {
    const span = start("00000000000000aa");
    span.recordException(new RangeError("too far"));
    expect(span.status).toEqual({ statusCode: "ERROR", description: "RangeError: too far" });
    expect(span.view().events[0]).toMatchObject({
      name: "exception",
      attributes: { "exception.type": "RangeError", "exception.message": "too far" },
    });
    expect(span.getAttribute("mlflow.spanLogLevel")).toBe(40);
  });

  test("needs ids", () => {
    expect(codeOf(() => start("0000000000000000"))).toBe("INVALID_PARAMETER_VALUE");
    expect(codeOf(() => start("xyz"))).toBe("INVALID_PARAMETER_VALUE");
  });
});

describe("Span", () => {
  test("goes through dictionary and OTLP and stays the same", () => {
    const live = start("00000000000000aa", { name: "näme", parentId: "00000000000000bb" });
    live.setOutputs([1, "two"]);
    live.end({ endTimeNs: 1_700_000_000_999_999_999n });
    const span = live.toImmutableSpan();

    const fromDict = spandrel.Span.fromDict(span.toDict());
    const fromOtlp = spandrel.Span.fromOtlp(span.toOtlpBytes());

    expect(span.startTimeNs).toBe(1_700_000_000_123_456_789n);
    expect(fromDict.toJsonString()).toBe(span.toJsonString());
    expect(fromOtlp.outputs).toEqual([1, "two"]);
    expect(fromOtlp.parentId).toBe("00000000000000bb");
    expect(spandrel.Span.fromRecord(span.record()).view()).toEqual(span.view());
  });

  test("refuses bytes that are no record", () => {
    const record = start("00000000000000aa").toImmutableSpan().record();
    for (let length = 0; length < record.length; length++) {
      expect(codeOf(() => spandrel.Span.fromRecord(record.slice(0, length)))).toBe("MALFORMED");
    }
    expect(codeOf(() => spandrel.Span.fromDict({}))).toBe("INVALID_PARAMETER_VALUE");
  });

  test("gives copies: changing one changes nothing", () => {
    const live = start("00000000000000aa");
    live.setInputs({ a: [1] });
    const span = live.toImmutableSpan();
    (span.inputs as { a: number[] }).a.push(2);
    expect(span.inputs).toEqual({ a: [1] });
  });

  test("may be disposed twice and is an error afterwards", () => {
    const span = start("00000000000000aa").toImmutableSpan();
    span.dispose();
    span.dispose();
    expect(codeOf(() => span.record())).toBe("INVALID_PARAMETER_VALUE");
  });
});
