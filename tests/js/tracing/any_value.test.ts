import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeAnyValue, encodeAnyValue, TraceError } from "../../../js/index.js";

test.each<[unknown, object]>([
  [null, {}],
  [undefined, {}],
  [false, { boolValue: false }],
  ["", { stringValue: "" }],
  [0, { intValue: "0" }],
  [-0, { doubleValue: -0 }],
  [1.5, { doubleValue: 1.5 }],
  [NaN, { doubleValue: "NaN" }],
  [-Infinity, { doubleValue: "-Infinity" }],
  [2 ** 53, { doubleValue: 2 ** 53 }],
  [2n ** 63n - 1n, { intValue: "9223372036854775807" }],
  [2n ** 63n, { stringValue: "9223372036854775808" }],
  [new Uint8Array([0, 255]), { bytesValue: "AP8=" }],
  [[1, [null]], { arrayValue: { values: [{ intValue: "1" }, { arrayValue: { values: [{}] } }] } }],
  [new Map([["__proto__", 1]]), { kvlistValue: { values: [{ key: "__proto__", value: { intValue: "1" } }] } }],
  [Symbol("s"), { stringValue: "[Symbol: s]" }],
])("%p", (value, wanted) => {
  expect(encodeAnyValue(value)).toEqual(wanted);
});

test("PresentButDefaultMembersAreValues", () => {
  expect(
    [{ boolValue: false }, { intValue: "0" }, { stringValue: "" }, { arrayValue: {} }, { kvlistValue: {} }, {}].map(
      decodeAnyValue,
    ),
  ).toEqual([false, 0, "", [], {}, null]);
});

test("JsonValuesRoundTrip", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(decodeAnyValue(encodeAnyValue(value))).toEqual(value);
    }),
    { numRuns: 1000 },
  );
});

test("DepthIsBounded", () => {
  let deep: object = { stringValue: "x" };
  for (let i = 0; i < 100; i++) deep = { arrayValue: { values: [deep] } };
  expect(() => decodeAnyValue(deep)).toThrow(TraceError);
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  expect(() => encodeAnyValue(cyclic)).not.toThrow();
});
