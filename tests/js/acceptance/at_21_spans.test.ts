// The contract of spans, live, immutable and no-op, and of the factory, rule by rule, through the public names.
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  createSpan,
  encodeSpanId,
  generateTraceIdV3,
  generateTraceIdV4,
  init,
  LiveSpan,
  NO_OP_SPAN_TRACE_ID,
  NoOpSpan,
  parseTraceIdV4,
  Span,
  SpanEvent,
  SpanStatus,
  startSpan,
  withSpan,
  type SpanOptions,
} from "../../../js/index.js";
import { codeOf, ended, logger, start } from "../tracing/harness.js";

beforeAll(() => start());
beforeEach(async () => {
  await ended();
  logger.lines.length = 0;
});

const live = (options: SpanOptions = {}): LiveSpan => startSpan({ name: "span", parent: null, ...options }) as LiveSpan;
function finished(prepare: (span: LiveSpan) => void = () => undefined, options: SpanOptions = {}): Span {
  const span = live(options);
  prepare(span);
  span.end();
  return span.toImmutableSpan();
}
const HEX = "0af7651916cd43dd8448eb211c80319c";

describe("Span", () => {
  test("AT-21 SP-01 an immutable span has no setters", () => {
    const span = finished();
    for (const setter of ["setInputs", "setAttribute", "setStatus", "addEvent", "end"]) expect(setter in span).toBe(false);
    expect(span).not.toBeInstanceOf(LiveSpan);
  });

  test("AT-21 SP-02 AR-01 attributes are read as the values that were set", () => {
    const values = { text: "x", number: 1.5, yes: true, list: [1, "a"], object: { a: { b: null } } };
    expect(finished((span) => span.setAttributes(values)).attributes).toMatchObject(values);
  });

  test("AT-21 SP-03 what is read may be changed without harm, and a live span shows its latest value", () => {
    const span = live();
    span.setAttribute("list", [{ a: 1 }]);
    (span.attributes["list"] as { a: number }[])[0] = { a: 9 };
    expect(span.getAttribute("list")).toEqual([{ a: 1 }]);
    span.setAttribute("list", [2]);
    expect(span.getAttribute("list")).toEqual([2]);
    span.end();
    const frozen = span.toImmutableSpan();
    (frozen.attributes["list"] as number[]).push(3);
    expect(frozen.attributes["list"]).toEqual([2]);
  });

  test("AT-21 SP-04 texts of other instrumentations stay texts, falsy values stay values", () => {
    const span = Span.fromOtlp({
      traceId: HEX,
      spanId: "b7ad6b7169203331",
      name: "foreign",
      startTimeUnixNano: "1",
      endTimeUnixNano: "2",
      attributes: [
        { key: "plain", value: { stringValue: "value1" } },
        { key: "digits", value: { stringValue: "123" } },
        { key: "zero", value: { intValue: "0" } },
        { key: "empty", value: { stringValue: "" } },
        { key: "no", value: { boolValue: false } },
      ],
    });
    expect(span.attributes).toMatchObject({ plain: "value1", digits: "123", zero: 0, empty: "", no: false });
  });

  test("AT-21 SP-05 events are plain copies, none is an empty list", () => {
    expect(finished().events).toEqual([]);
    const [event] = finished((span) => span.addEvent(new SpanEvent("event1", { key2: "value2" }, 5n))).events;
    expect([event?.name, event?.timestamp, event?.attributes]).toEqual(["event1", 5n, { key2: "value2" }]);
  });

  test("AT-21 SP-06 requestId is the trace id", () => {
    const span = finished();
    expect(span.requestId).toBe(span.traceId);
  });

  test("AT-21 SP-07 LS-03 the type may be any text, and the last one holds", () => {
    expect(finished().spanType).toBe("UNKNOWN");
    expect(
      finished((span) => {
        span.setSpanType("LLM");
        span.setSpanType("CUSTOM_OPERATION");
      }).spanType,
    ).toBe("CUSTOM_OPERATION");
  });

  test("AT-21 SP-08 ids, names and times", () => {
    const root = live({ startTimeNs: 10n });
    const child = root.startSpan({ name: "child" }) as LiveSpan;
    expect([root.parentId, child.parentId, child.endTimeNs]).toEqual([null, root.spanId, null]);
    expect(root.traceId).toMatch(/^tr-[0-9a-f]{32}$/);
    expect(root.spanId).toMatch(/^[0-9a-f]{16}$/);
    child.end();
    root.end({ endTimeNs: 20n });
    expect([root.startTimeNs, root.endTimeNs]).toEqual([10n, 20n]);
  });

  test("AT-21 SP-09 inputs and outputs are any JSON value, null when there are none", () => {
    expect([finished().inputs, finished().outputs]).toEqual([null, null]);
    const span = finished((given) => given.setOutputs("dummy"), { inputs: { x: [1] } });
    expect([span.inputs, span.outputs]).toEqual([{ x: [1] }, "dummy"]);
  });

  test("AT-21 SP-10 SP-11 a span that nobody gave a status is OK", () => {
    expect(finished().status).toEqual({ statusCode: "OK", description: "" });
    expect(live().status.statusCode).toBe("UNSET");
  });

  test("AT-21 SP-12 SP-13 the dictionary: ids in base64, whole nanoseconds, attributes as JSON text", () => {
    const span = finished((given) => given.setAttribute("n", { a: 1 }), { startTimeNs: 1_700_000_000_123_456_789n });
    const dict = span.toDict();
    expect(Object.keys(dict)).toEqual([
      "trace_id",
      "span_id",
      "parent_span_id",
      "name",
      "start_time_unix_nano",
      "end_time_unix_nano",
      "events",
      "status",
      "attributes",
      "links",
    ]);
    expect(dict.trace_id).toBe(Buffer.from(span.traceId.slice(3), "hex").toString("base64"));
    expect(dict.span_id).toBe(Buffer.from(span.spanId, "hex").toString("base64"));
    expect([dict.parent_span_id, dict.start_time_unix_nano]).toEqual([null, 1_700_000_000_123_456_789n]);
    expect(dict.status).toEqual({ code: "STATUS_CODE_OK", message: "" });
    expect(dict.attributes["n"]).toBe('{"a": 1}');
    expect(dict.attributes["mlflow.traceRequestId"]).toBe(JSON.stringify(span.traceId));
  });

  test("AT-21 SP-14 a dictionary is read back as the same span, whatever the ids", () => {
    const template = JSON.parse(finished().toJsonString()) as Record<string, unknown>;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), (trace, id) => {
        fc.pre(trace.some((byte) => byte > 0) && id.some((byte) => byte > 0));
        const hex = Buffer.from(trace).toString("hex");
        const text = JSON.stringify({
          ...template,
          trace_id: Buffer.from(trace).toString("base64"),
          span_id: Buffer.from(id).toString("base64"),
          attributes: { "mlflow.traceRequestId": JSON.stringify(`tr-${hex}`) },
        });
        const span = Span.fromDict(text);
        expect([span.traceId, span.spanId]).toEqual([`tr-${hex}`, Buffer.from(id).toString("hex")]);
        expect(Span.fromDict(span.toDict()).toJsonString()).toBe(span.toJsonString());
      }),
      { numRuns: 500 },
    );
  });

  test("AT-21 SP-15 dictionaries of the older schema are read", () => {
    const span = Span.fromDict({
      name: "old",
      context: { trace_id: `0x${HEX}`, span_id: "0xb7ad6b7169203331" },
      parent_id: null,
      start_time: 1_700_000_000_123_456_789n,
      end_time: 1_700_000_000_123_456_999n,
      status_code: "OK",
      status_message: "",
      attributes: { "mlflow.traceRequestId": `"tr-${HEX}"`, "mlflow.spanType": '"LLM"', "mlflow.spanInputs": '{"x": 1}' },
      events: [{ name: "e", timestamp: 5, attributes: {} }],
    });
    expect([span.name, span.traceId, span.spanId, span.spanType, span.inputs, span.startTimeNs]).toEqual([
      "old",
      `tr-${HEX}`,
      "b7ad6b7169203331",
      "LLM",
      { x: 1 },
      1_700_000_000_123_456_789n,
    ]);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["a list", []],
    ["a text that is no JSON", "nonsense"],
    ["no keys", {}],
    ["no trace id among the attributes", { trace_id: "AA==", span_id: "AA==", name: "x", attributes: {} }],
  ])("AT-21 SP-16 what is no span is refused: %s", (_, dict) => {
    expect(codeOf(() => Span.fromDict(dict as never))).toBe("INVALID_PARAMETER_VALUE");
  });

  test("AT-21 SP-17 the dictionary may be given to JSON.stringify", () => {
    const span = finished();
    expect(Span.fromDict(JSON.stringify(span.toDict())).toJsonString()).toBe(span.toJsonString());
  });

  test("AT-21 SP-18 LS-14 links keep the ids as they were written", () => {
    const link = { traceId: `tr-${HEX}`, spanId: "b7ad6b7169203331", attributes: { why: "because" } };
    const span = finished((given) => given.addLink(link));
    expect(span.links).toEqual([link]);
    expect(span.toDict().links).toEqual([{ trace_id: link.traceId, span_id: link.spanId, attributes: link.attributes }]);
  });

  test("AT-21 SP-19 level, description, model and cost have readers", () => {
    const cost = { input_cost: 1, output_cost: 2, total_cost: 3 };
    const span = finished((given) => given.setAttributes({ "mlflow.llm.model": "m", "mlflow.llm.cost": cost }), {
      logLevel: "warning",
      description: "d",
    });
    expect([span.logLevel, span.description, span.modelName, span.llmCost]).toEqual([30, "d", "m", cost]);
    expect(finished().getAttribute("missing")).toBeNull();
  });
});

describe("LiveSpan", () => {
  test("AT-21 LS-01 a live span knows its trace and its type", () => {
    const span = live({ spanType: "TOOL" });
    expect(span.attributes).toMatchObject({ "mlflow.traceRequestId": span.traceId, "mlflow.spanType": "TOOL" });
  });

  test("AT-21 LS-02 it cannot be made from a dictionary", () => {
    expect(codeOf(() => LiveSpan.fromDict())).toBe("NOT_IMPLEMENTED");
  });

  test("AT-21 LS-04 its immutable form does not follow it", () => {
    const span = live();
    const before = span.toImmutableSpan();
    span.setAttribute("later", 1);
    span.end();
    expect([before.attributes["later"], before.endTimeNs]).toEqual([undefined, null]);
    expect(span.toImmutableSpan().endTimeNs).not.toBeNull();
  });

  test("AT-21 LS-06 AR-03 what cannot be an attribute is left out with a warning", () => {
    const span = live();
    for (const wrong of [null, undefined, "x", 5, []]) span.setAttributes(wrong as never);
    for (const key of [5, null, ""]) span.setAttribute(key as never, 1);
    expect(Object.keys(span.attributes)).toEqual(Object.keys(live().attributes));
    expect(logger.lines).toHaveLength(8);
  });

  test("AT-21 LS-07 OK is final, ERROR is not, a description stays with ERROR alone", () => {
    const span = live();
    span.setStatus(new SpanStatus("ERROR", "why"));
    expect(span.status).toEqual({ statusCode: "ERROR", description: "why" });
    span.setStatus("UNSET");
    expect(span.status.statusCode).toBe("ERROR");
    span.setStatus("OK", "dropped");
    span.setStatus("ERROR");
    expect(span.status).toEqual({ statusCode: "OK", description: "" });
  });

  test("AT-21 LS-08 LS-12 end takes all at once, and once", () => {
    const span = live();
    span.end({ outputs: 1, attributes: { a: 2 }, status: "ERROR", endTimeNs: 2_000_000_000_000_000_000n });
    span.end({ outputs: 3 });
    expect([span.outputs, span.attributes["a"], span.status.statusCode, span.endTimeNs]).toEqual([
      1,
      2,
      "ERROR",
      2_000_000_000_000_000_000n,
    ]);
  });

  test("AT-21 LS-09 LS-17 an exception is an event, a status and a level", () => {
    expect(() =>
      withSpan({ name: "fails", parent: null, spanType: "LLM" }, () => {
        throw new RangeError("bad");
      }),
    ).toThrow(RangeError);
    const span = live({ spanType: "LLM" });
    span.recordException(new RangeError("bad"));
    span.end();
    expect(span.status).toEqual({ statusCode: "ERROR", description: "RangeError: bad" });
    expect(span.events[0]?.attributes).toMatchObject({ "exception.type": "RangeError", "exception.message": "bad" });
    expect([span.logLevel, finished(undefined, { spanType: "LLM" }).logLevel, finished().logLevel]).toEqual([40, 20, 10]);
  });

  test("AT-21 LS-11 an ended span takes nothing more", () => {
    const span = live();
    span.end();
    const before = span.toJsonString();
    span.setInputs(1);
    span.setAttribute("a", 1);
    span.addEvent({ name: "e" });
    expect(span.toJsonString()).toBe(before);
  });

  test("AT-21 LS-13 equal names stay equal", async () => {
    withSpan({ name: "same", parent: null }, () => {
      withSpan({ name: "same" }, () => undefined);
      withSpan({ name: "same" }, () => undefined);
    });
    expect((await ended()).map(({ name }) => name)).toEqual(["same", "same", "same"]);
  });

  test("AT-21 AR-02 any value may be set", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    );
    const span = live();
    for (const [i, value] of [1n, new Date(0), new Map([[1, 2]]), new Set([1]), cycle, hostile, () => 1, Symbol("s")].entries()) {
      span.setAttribute(`v${String(i)}`, value);
      span.setInputs(value);
      span.setOutputs(value);
    }
    span.end();
    expect(span.toImmutableSpan().attributes).toMatchObject({ v0: 1n, v1: "1970-01-01T00:00:00.000Z" });
  });
});

describe("NoOpSpan", () => {
  const noOp = new NoOpSpan();

  test("AT-21 NO-01 where no span can be made, code goes on with one that does nothing", async () => {
    await init({
      sampler: {
        shouldSample: () => false,
      },
    });
    const value = withSpan({ name: "dropped", parent: null }, (span) => {
      span.setInputs({ x: 1 });
      expect(span).toBeInstanceOf(NoOpSpan);
      return 5;
    });
    await init({ sampler: { shouldSample: () => true } });
    expect(value).toBe(5);
  });

  test("AT-21 NO-02 NO-03 NO-04 NO-05 NO-09 reads give nothing, but for the id that tells it apart", () => {
    expect([noOp.traceId, noOp.requestId]).toEqual([NO_OP_SPAN_TRACE_ID, "MLFLOW_NO_OP_SPAN_TRACE_ID"]);
    const { spanId, name, startTimeNs, endTimeNs, status, context, logLevel, description, modelName, llmCost } = noOp;
    for (const value of [spanId, name, startTimeNs, endTimeNs, status, context, logLevel, description, modelName, llmCost])
      expect(value).toBeNull();
    expect(noOp.links).toEqual([]);
  });

  test("AT-21 NO-06 NO-08 calls do nothing, in any order and with any arguments", () => {
    const calls = ["addEvent", "end", "setAttribute", "setAttributes", "setInputs", "setOutputs", "setStatus", "setSpanType"];
    const more = ["recordException", "addLink", "setDescription", "setLogLevel"];
    for (const name of [...calls, ...more, ...calls]) {
      const call = noOp[name as "end"] as (...args: unknown[]) => unknown;
      expect([call.call(noOp), call.call(noOp, null, undefined, {}, 5)]).toEqual([undefined, undefined]);
    }
  });

  test("AT-21 NO-07 every member of a live span is there", () => {
    const members = [LiveSpan.prototype, Span.prototype].flatMap((each) => Object.getOwnPropertyNames(each));
    for (const name of members.filter((each) => !each.startsWith("_"))) expect(name in noOp).toBe(true);
    expect([noOp.parentId, noOp.inputs, noOp.outputs, noOp.spanType, noOp.attributes, noOp.events]).toEqual([
      null,
      null,
      null,
      null,
      {},
      [],
    ]);
    expect(JSON.parse(noOp.toJsonString())).toMatchObject({ trace_id: NO_OP_SPAN_TRACE_ID, name: null });
  });
});

describe("createSpan", () => {
  const context = { traceId: HEX, spanId: "b7ad6b7169203331", traceFlags: 1 };
  const foreign = (more: object): object => ({ spanContext: () => context, name: "otel", ...more });
  const traceId = generateTraceIdV3(HEX);

  test("AT-21 CF-01 a running span gives a live one with its ids", () => {
    const span = createSpan(foreign({ isRecording: () => true, attributes: { key1: "value1" } }), traceId, "CHAIN");
    expect(span).toBeInstanceOf(LiveSpan);
    expect([span.traceId, span.spanId, span.spanType]).toEqual([traceId, context.spanId, "CHAIN"]);
    (span as LiveSpan).end();
  });

  test("AT-21 CF-01 a finished span gives an immutable one", () => {
    const done = foreign({ ended: true, isRecording: () => false, startTime: [1, 2], endTime: [3, 4], status: { code: 0 } });
    const span = createSpan(done, traceId) as Span;
    expect(span).not.toBeInstanceOf(LiveSpan);
    expect([span.traceId, span.startTimeNs, span.endTimeNs, span.status.statusCode]).toEqual([
      traceId,
      1_000_000_002n,
      3_000_000_004n,
      "UNSET",
    ]);
  });

  test("AT-21 CF-01 one that records nothing, or none, gives a no-op span", () => {
    expect(createSpan(foreign({ isRecording: () => false }), traceId)).toBeInstanceOf(NoOpSpan);
    expect(createSpan(null, traceId)).toBeInstanceOf(NoOpSpan);
  });

  test("AT-21 CF-01 anything else is refused", () => {
    for (const wrong of ["span", 5, {}, [], () => undefined])
      expect(codeOf(() => createSpan(wrong, traceId))).toBe("INVALID_PARAMETER_VALUE");
  });

  test("AT-21 CF-02 without a type it is UNKNOWN", () => {
    const span = createSpan(foreign({ isRecording: () => true }), traceId);
    expect(span.spanType).toBe("UNKNOWN");
    (span as LiveSpan).end();
  });
});

describe("Ids", () => {
  test("AT-21 ID-01 ID-02 ids of traces, with and without a place", () => {
    expect(generateTraceIdV3(12345n)).toBe("tr-00000000000000000000000000003039");
    expect(generateTraceIdV4(HEX, "catalog.schema")).toBe(`trace:/catalog.schema/${HEX}`);
    expect(parseTraceIdV4(`trace:/catalog.schema/${HEX}`)).toEqual({ location: "catalog.schema", traceId: HEX });
    expect(parseTraceIdV4(`tr-${HEX}`)).toEqual({ location: null, traceId: `tr-${HEX}` });
    expect(parseTraceIdV4(null)).toEqual({ location: null, traceId: null });
    for (const broken of ["trace:/", "trace:/a", "trace:/a/", "trace://b", "trace:/a/b/c"])
      expect(codeOf(() => parseTraceIdV4(broken))).toBe("INVALID_PARAMETER_VALUE");
  });

  test("AT-21 ID-03 ids are random and never zero", () => {
    const ids = new Set(Array.from({ length: 1000 }, () => live().spanId));
    expect(ids.size).toBe(1000);
    expect(ids.has("0".repeat(16))).toBe(false);
  });

  test("AT-21 ID-04 the id of a span as 16 digits", () => {
    expect([encodeSpanId(1), encodeSpanId(2n ** 64n - 1n)]).toEqual(["0000000000000001", "ffffffffffffffff"]);
  });
});
