// The contract of spans as OTLP messages and of AnyValue, rule by rule, through the public names.
import { beforeAll, describe, expect, test } from "@jest/globals";
import {
  decodeAnyValue,
  encodeAnyValue,
  Span,
  startSpan,
  TraceError,
  type LiveSpan,
  type OtlpAnyValue,
  type OtlpSpan,
} from "../../../js/index.js";
import { start } from "../tracing/harness.js";

beforeAll(() => start());

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const minimal: OtlpSpan = { traceId: TRACE_ID, spanId: SPAN_ID, name: "n", startTimeUnixNano: "1", endTimeUnixNano: "2" };

function finished(): LiveSpan {
  const span = startSpan({
    name: "n",
    parent: null,
    inputs: { x: 1 },
    attributes: { list: [1, 2], object: { a: "b" } },
  }) as LiveSpan;
  span.addEvent({ name: "e", timestamp: 5n, attributes: { key: "value" } });
  span.addLink({ traceId: TRACE_ID, spanId: SPAN_ID });
  span.end({ outputs: "out" });
  return span;
}

describe("Span.fromOtlp", () => {
  test("AT-21 OP-01 everything of the message is in the span", () => {
    const span = Span.fromOtlp({
      ...minimal,
      events: [{ name: "e", timeUnixNano: "5", attributes: [{ key: "k", value: { stringValue: "v" } }] }],
      links: [{ traceId: TRACE_ID, spanId: SPAN_ID }],
      status: { code: 2, message: "bad" },
    } as OtlpSpan);
    expect([span.spanId, span.startTimeNs, span.endTimeNs]).toEqual([SPAN_ID, 1n, 2n]);
    expect(span.events.map(({ name, timestamp, attributes }) => [name, timestamp, attributes])).toEqual([["e", 5n, { k: "v" }]]);
    expect(span.links[0]).toMatchObject({ traceId: `tr-${TRACE_ID}`, spanId: SPAN_ID });
    expect(span.status).toEqual({ statusCode: "ERROR", description: "bad" });
  });

  test("AT-21 OP-01 empty ids are refused", () => {
    for (const empty of [{ traceId: "" }, { spanId: "" }])
      expect(() => Span.fromOtlp({ ...minimal, ...empty })).toThrow(TraceError);
  });

  test("AT-21 OP-02 the trace id follows from the location", () => {
    expect(Span.fromOtlp(minimal).traceId).toBe(`tr-${TRACE_ID}`);
    expect(Span.fromOtlp(minimal, "catalog.schema").traceId).toBe(`trace:/catalog.schema/${TRACE_ID}`);
  });

  test("AT-21 OP-03 a text is a text, also one that looks like a number", () => {
    const attributes = ["value1", "123", "true", "null", "{broken"].map((stringValue, i) => ({
      key: `k${String(i)}`,
      value: { stringValue },
    }));
    const span = Span.fromOtlp({ ...minimal, attributes } as OtlpSpan);
    expect(span.attributes).toMatchObject({ k0: "value1", k1: "123", k2: "true", k3: "null", k4: "{broken" });
  });

  test.each([
    [0, "UNSET"],
    [1, "OK"],
    [2, "ERROR"],
    [7, "UNSET"],
  ])("AT-21 OP-04 status %d is %s", (code, statusCode) => {
    expect(Span.fromOtlp({ ...minimal, status: { code } } as OtlpSpan).status.statusCode).toBe(statusCode);
  });

  test("AT-21 OP-05 an empty parent is none", () => {
    for (const parentSpanId of ["", undefined, "0000000000000000"])
      expect(Span.fromOtlp({ ...minimal, parentSpanId } as OtlpSpan).parentId).toBeNull();
    expect(Span.fromOtlp({ ...minimal, parentSpanId: SPAN_ID } as OtlpSpan).parentId).toBe(SPAN_ID);
  });
});

describe("Span.toOtlp", () => {
  test("AT-21 OP-06 OP-10 ids in hex, numbers of 64 bits as text, enumerations as numbers", () => {
    const span = finished();
    const message = span.toOtlp() as unknown as Record<string, unknown>;
    expect(message).toMatchObject({
      traceId: span.traceId.slice(3),
      spanId: span.spanId,
      name: "n",
      startTimeUnixNano: String(span.startTimeNs),
      endTimeUnixNano: String(span.endTimeNs),
      status: { code: 1 },
    });
    expect(message["parentSpanId"] ?? "").toBe("");
  });

  test("AT-21 OP-06 bytes and object are the same message", () => {
    const span = finished();
    const [fromObject, fromBytes] = [Span.fromOtlp(span.toOtlp()), Span.fromOtlp(span.toOtlpBytes())];
    expect(fromBytes.toJsonString()).toBe(fromObject.toJsonString());
    expect([fromBytes.traceId, fromBytes.name, fromBytes.inputs, fromBytes.outputs]).toEqual([
      span.traceId,
      "n",
      { x: 1 },
      "out",
    ]);
    expect(fromBytes.attributes).toMatchObject({ list: [1, 2], object: { a: "b" } });
  });

  test("AT-21 OP-07 an open span ends at 0", () => {
    const span = startSpan({ name: "open", parent: null }) as LiveSpan;
    const { endTimeUnixNano } = span.toOtlp() as { endTimeUnixNano?: string };
    expect(endTimeUnixNano ?? "0").toBe("0");
    expect(Span.fromOtlp(span.toOtlpBytes()).endTimeNs).toBe(0n);
    span.end();
  });

  test("AT-21 OP-11 field numbers are the protocol's", () => {
    const bytes = finished().toOtlpBytes();
    // Tags of length-delimited and fixed fields in order: trace id 1, span id 2, name 5, times 7 and 8.
    expect([bytes[0], bytes[1], bytes[18], bytes[19]]).toEqual([0x0a, 16, 0x12, 8]);
    const name = bytes.indexOf(0x2a, 28); // behind both ids, whose bytes may be any
    expect([...bytes.subarray(name, name + 3)]).toEqual([0x2a, 1, "n".charCodeAt(0)]);
    expect([bytes[name + 3], bytes[name + 12]]).toEqual([0x39, 0x41]);
  });

  test("AT-21 OP-12 the kind is the API's plus one, flags say that the parent's place is known", () => {
    const span = startSpan({ name: "server", parent: null, kind: "SERVER" }) as LiveSpan;
    span.end();
    const { kind, flags } = span.toOtlp() as unknown as { kind: number; flags: number };
    expect(kind).toBe(2);
    expect(flags & 0x101).toBe(0x101);
  });
});

describe("AnyValue", () => {
  test.each<[OtlpAnyValue, unknown]>([
    [{}, null],
    [{ boolValue: false }, false],
    [{ stringValue: "" }, ""],
    [{ intValue: "0" }, 0],
    [{ intValue: "9007199254740993" }, 9007199254740993n],
    [{ doubleValue: 1.5 }, 1.5],
    [{ doubleValue: "NaN" }, NaN],
    [{ bytesValue: "AP8=" }, Uint8Array.of(0, 255)],
    [{ arrayValue: { values: [] } }, []],
    [{ kvlistValue: { values: [] } }, {}],
    [{ arrayValue: { values: [{ intValue: "1" }, { kvlistValue: { values: [{ key: "a", value: {} }] } }] } }, [1, { a: null }]],
  ] as [OtlpAnyValue, unknown][])("AT-21 OP-08 %j is decoded", (any, value) => {
    expect(decodeAnyValue(any)).toEqual(value);
  });

  test("AT-21 OP-08 deep values do not end the process", () => {
    let any: OtlpAnyValue = { intValue: "1" };
    for (let i = 0; i < 100_000; i++) any = { arrayValue: { values: [any] } };
    let result: unknown;
    try {
      result = decodeAnyValue(any);
    } catch (error) {
      result = error;
    }
    expect(result instanceof TraceError || Array.isArray(result)).toBe(true);
  });

  test("AT-21 OP-09 members that are not known are left out", () => {
    expect(decodeAnyValue({ stringValueStrindex: 3 } as never)).toBeNull();
    expect(JSON.stringify(finished().toOtlp())).not.toContain("strindex");
  });

  test.each<[unknown, OtlpAnyValue]>([
    [null, {}],
    [true, { boolValue: true }],
    [1, { intValue: "1" }],
    [1.5, { doubleValue: 1.5 }],
    ["x", { stringValue: "x" }],
    [2n ** 70n, { stringValue: String(2n ** 70n) }],
  ])("AT-21 OP-13 %s is encoded", (value, any) => {
    expect(encodeAnyValue(value)).toEqual(any);
  });

  test("AT-21 OP-13 keys that are no strings become strings", () => {
    expect(decodeAnyValue(encodeAnyValue(new Map<unknown, unknown>([[1, "a"]])))).toEqual({ "1": "a" });
  });
});
