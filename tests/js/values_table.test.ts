// The rows of docs/values.md: a value as an attribute, and as JSON text.
import { expect, test } from "@jest/globals";
import { freezeValue, jsonTextOf, JsonText } from "../../js/tracing/values.js";

const json = (text: string): JsonText => new JsonText(text);
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
class Point {
  x = 1;
  get y(): number {
    return 2;
  }
}
function named(): void {
  // only its name is recorded
}
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

/** Row, value, attribute, JSON text. */
const rows: [string, unknown, unknown, string][] = [
  ["string", "x", "x", '"x"'],
  ["boolean", true, true, "true"],
  ["safe integer", 7, 7, "7"],
  ["other number", 0.1, 0.1, "0.1"],
  ["-0", -0, -0, "0"],
  ["NaN", NaN, NaN, '"NaN"'],
  ["-Infinity", -Infinity, -Infinity, '"-Infinity"'],
  ["bigint of 64 bits", 2n ** 62n, 2n ** 62n, "4611686018427387904"],
  ["larger bigint", 2n ** 64n, "18446744073709551616", "18446744073709551616"],
  ["null", null, null, "null"],
  ["undefined", undefined, undefined, "null"],
  ["array of one kind", ["a", "b"], ["a", "b"], '["a","b"]'],
  ["other array", [1, "a", null], json('[1,"a",null]'), '[1,"a",null]'],
  ["longer array", new Array(10_001).fill(0), json(`[${"0,".repeat(10_000)}"[1 more]"]`), `[${"0,".repeat(10_000)}"[1 more]"]`],
  ["plain object", { b: 1, a: undefined }, json('{"b":1,"a":null}'), '{"b":1,"a":null}'],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2]), '"AQI="'],
  ["buffer", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]), '"AQI="'],
  ["other typed array", new Float32Array([1, 2]), [1, 2], "[1,2]"],
  ["Set", new Set([1, 2]), [1, 2], "[1,2]"],
  [
    "Map",
    new Map<unknown, number>([
      ["k", 1],
      [2, 2],
    ]),
    json('{"k":1,"2":2}'),
    '{"k":1,"2":2}',
  ],
  ["Date", new Date(0), "1970-01-01T00:00:00.000Z", '"1970-01-01T00:00:00.000Z"'],
  ["invalid Date", new Date(NaN), "Invalid Date", '"Invalid Date"'],
  ["toJSON", { toJSON: () => [1] }, json("[1]"), "[1]"],
  ["class instance", new Point(), json('{"x":1}'), '{"x":1}'],
  ["function", named, "[Function: named]", '"[Function: named]"'],
  ["symbol", Symbol("s"), "[Symbol: s]", '"[Symbol: s]"'],
  ["promise", Promise.resolve(1), "[object Promise]", '"[object Promise]"'],
  ["iterator", [1][Symbol.iterator](), "[object Array Iterator]", '"[object Array Iterator]"'],
  ["weak collection", new WeakMap(), "[object WeakMap]", '"[object WeakMap]"'],
  [
    "a member that throws",
    Object.defineProperty({}, "m", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    }),
    json('{"m":"[Threw: no]"}'),
    '{"m":"[Threw: no]"}',
  ],
  ["object inside itself", cyclic, json('{"self":"[Circular]"}'), '{"self":"[Circular]"}'],
  ["65th level", deep(65), json(`${"[".repeat(64)}null${"]".repeat(64)}`), `${"[".repeat(64)}null${"]".repeat(64)}`],
];

test.each(rows)("%s", (_, value, attribute, text) => {
  expect(freezeValue(value)).toEqual(attribute);
  expect(jsonTextOf(value)).toBe(text);
});

test("AnErrorIsItsNameMessageAndStack", () => {
  const error = new TypeError("boom");
  expect(JSON.parse(jsonTextOf(error))).toEqual({ name: "TypeError", message: "boom", stack: error.stack });
});

test("MembersPastTheBoundAreCounted", () => {
  const text = jsonTextOf(Object.fromEntries(Array.from({ length: 10_002 }, (_, i) => [`k${String(i)}`, 0])));
  expect(text.endsWith('"[more]":2}')).toBe(true);
});

test("LaterChangesDoNotShow", () => {
  const list = ["a"];
  const frozen = freezeValue(list);
  list.push("b");
  expect(frozen).toEqual(["a"]);
});
