// Shorter ways the recorder takes: they must give what the long ones give.
import { beforeAll, describe, expect, test } from "@jest/globals";
import { startSpan } from "../../../js/index.js";
import { toUnixNanos } from "../../../js/tracing/clock.js";
import { writeUnixNanos } from "../../../js/tracing/unix_nanos.js";
import { jsonTextOf } from "../../../js/tracing/values.js";
import { ended, exporter, otlpAttributes, start } from "./harness.js";

beforeAll(() => start());

describe("texts that stay the same at their place", () => {
  test("arrive as they were set, before and after they are interned, and when they change", async () => {
    const texts = (i: number): string[] => [
      i % 40 < 30 ? "same" : `other ${String(i)}`,
      "ä€😀",
      i % 2 === 0 ? "" : "x",
      "\ud800",
    ];
    for (let i = 0; i < 120; i++) {
      const span = startSpan({ name: "repeated texts", parent: null });
      texts(i).forEach((text, place) => span.setAttribute(`text.${String(place)}`, text));
      span.addEvent({ name: "repeated event", attributes: { stage: i % 50 === 49 ? "end" : "middle", i } });
      span.end();
    }
    exporter.requests.length = 0;
    const spans = await ended();
    expect(spans).toHaveLength(120);
    spans.forEach((span, i) => {
      const expected = texts(i).map((text) => (text === "\ud800" ? "\ufffd" : text));
      expect([0, 1, 2, 3].map((place) => span.getAttribute(`text.${String(place)}`))).toEqual(expected);
      expect(span.events[0]?.attributes).toEqual({ stage: i % 50 === 49 ? "end" : "middle", i });
    });
    expect(otlpAttributes().get("repeated texts")).toMatchObject({ "text.0": "other 119", "text.1": "ä€😀", "text.3": "\ufffd" });
  });

  test("keep their place when another value comes between them", async () => {
    const values = [...Array.from({ length: 20 }, () => "word"), 7, true, "word", ["a"], "x".repeat(500), "word"];
    for (const value of values) {
      const span = startSpan({ name: "mixed values", parent: null });
      span.setAttribute("value", value);
      span.setAttribute("after", "tail");
      span.end();
    }
    const spans = await ended();
    expect(spans.map((span) => span.getAttribute("value"))).toEqual(values);
    expect(new Set(spans.map((span) => span.getAttribute("after")))).toEqual(new Set(["tail"]));
  });
});

test.each([
  ["of ASCII text alone, left where they were staged", 0],
  ["with other text among it, copied", 90],
])("records arrive whole out of chunks %s", async (_, rhythm) => {
  const textsOf = (i: number): string[] => [
    `${"long ".repeat(i % 500)}${String(i)}`,
    `short ${String(i)}${rhythm > 0 && i % rhythm === 0 ? " ä€😀" : ""}`,
    i === 250 ? "larger than the staging area ".repeat(10_000) : String(i),
  ];
  for (let i = 0; i < 400; i++) {
    const span = startSpan({ name: "one of many", parent: null });
    textsOf(i).forEach((text, place) => span.setAttribute(`text.${String(place)}`, text));
    span.end();
  }
  const spans = await ended();
  expect(spans).toHaveLength(400);
  spans.forEach((span, i) => {
    expect([0, 1, 2].map((place) => span.getAttribute(`text.${String(place)}`))).toEqual(textsOf(i));
  });
});

test("times are written as the exact ones say, wherever the clock stands", () => {
  const words = new Uint32Array(2);
  const anchors = [
    { millis: 1_795_000_000_123, nanos: 456_789 },
    { millis: 0, nanos: 999_999 },
    { millis: 4_294_967_295, nanos: 0 },
  ];
  const readings = [0, 0.000001, 1234.567891, 3999.999999, 4000, 4000.5, 7999.25, 86_400_000.125, 5, 4_294_967.296, 4_294.967296];
  for (const anchor of anchors) {
    for (const reading of [...readings, ...[...readings].reverse()]) {
      writeUnixNanos(words, 0, anchor, reading);
      const written = (BigInt(words[1] as number) << 32n) | BigInt(words[0] as number);
      expect([reading, written]).toEqual([reading, toUnixNanos(anchor, reading)]);
    }
  }
});

describe("objects of numbers", () => {
  test.each<[string, object]>([
    ["token counts", { input_tokens: 12, output_tokens: 0, total_tokens: 12 }],
    ["other keys at the same places", { a: 1, output_tokens: 2.5, c: -3e21 }],
    ["keys that need quoting", { 'a"b': 1, "\n": 2, "\ud800": 3 }],
    ["keys like integers", { 10: 1, 2: 2, b: 3 }],
    ["negative zero", { zero: -0 }],
    ["none", {}],
    ["more than are looked at", Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`k${String(i)}`, i]))],
    ["a text among them", { a: 1, b: "2" }],
    ["__proto__ as a key", JSON.parse('{"__proto__": 1, "a": 2}') as object],
  ])("%s: the text is JSON.stringify's", (_, value) => {
    expect(jsonTextOf(value)).toBe(JSON.stringify(value));
  });

  test("what is no plain number is written as the table of forms says", () => {
    expect(jsonTextOf({ a: NaN, b: 1 })).toBe('{"a":"NaN","b":1}');
    expect(jsonTextOf({ a: 1, toJSON: () => 7 })).toBe("7");
  });

  test("inherited keys are left out", () => {
    Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true });
    try {
      expect(jsonTextOf({ a: 1 })).toBe('{"a":1}');
    } finally {
      delete (Object.prototype as { polluted?: number }).polluted;
    }
  });
});
