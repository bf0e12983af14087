// jsonTextOf() writes plain values itself: letter for letter what JSON.stringify writes.
import { expect, test } from "@jest/globals";
import { jsonTextOf } from "../../../js/tracing/values.js";

const AROUND_THE_SHORT = [0, 1, 22, 23, 24, 25, 100];
const PIECES = [
  ...Array.from({ length: 0x20 }, (_, unit) => String.fromCharCode(unit)),
  ...['"', "\\", "/", " ", "\x7f", "\x80", "ÿ", "Ā", "\u2028", "\u2029", "\ud7ff", "\ue000", "\uffff", "😀"],
];

test.each(AROUND_THE_SHORT)("EveryCharacterIsEscapedAsTheHostDoes: after %i others", (count) => {
  for (const piece of PIECES) {
    for (const text of [piece, "a".repeat(count) + piece, piece + "ä".repeat(count), `${"€".repeat(count)}${piece}b`]) {
      expect(jsonTextOf(text)).toBe(JSON.stringify(text));
      expect(jsonTextOf({ [text]: [text] })).toBe(JSON.stringify({ [text]: [text] }));
    }
  }
});

test.each(AROUND_THE_SHORT)("HalfASurrogatePairIsReplaced: after %i others", (count) => {
  for (const half of ["\ud800", "\udfff", "\udc00\ud800"]) {
    const text = "a".repeat(count) + half;
    // As the host escapes it, or as the character that stands for what cannot be read.
    expect([JSON.stringify(text), JSON.stringify(text.replace(/[\ud800-\udfff]/g, "\ufffd"))]).toContain(jsonTextOf(text));
  }
});

test("NumbersAndNestingAreTheHosts", () => {
  const values = [0, -0, 1, -1.5, 1e21, 1e-7, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE, 0.1 + 0.2, true, false, null];
  for (const value of [...values, values, {}, [], [[]], { a: {} }, { a: [], b: { c: [{ d: null }] } }]) {
    expect(jsonTextOf(value)).toBe(JSON.stringify(value));
  }
});

test("OnlyOwnMembersAreWritten", () => {
  const bare = Object.assign(Object.create(null) as object, { a: 1 });
  expect(jsonTextOf(bare)).toBe('{"a":1}');
  Object.defineProperty(Object.prototype, "inherited", { value: 1, enumerable: true, configurable: true });
  try {
    expect(jsonTextOf({ own: 2 })).toBe('{"own":2}');
  } finally {
    delete (Object.prototype as { inherited?: number }).inherited;
  }
  expect(jsonTextOf({ ["__proto__"]: 1, b: 2 })).toBe(JSON.stringify({ ["__proto__"]: 1, b: 2 }));
});

test("ManyDifferentKeysAreAllRight", () => {
  for (let i = 0; i < 3000; i++)
    expect(jsonTextOf({ [`key ${String(i)}`]: i, same: 1 })).toBe(`{"key ${String(i)}":${String(i)},"same":1}`);
});

test("KeysInOtherOrdersAreAllRight", () => {
  const values = [{ a: 1, b: 2, c: 3 }, { a: 1, c: 3 }, { b: 2, a: { a: 1, b: 2 }, c: 3 }, { c: 3 }, { c: 3, b: { c: 3 }, a: 1 }];
  for (const value of [...values, ...[...values].reverse(), values]) expect(jsonTextOf(value)).toBe(JSON.stringify(value));
});

test("UpToTenThousandMembersAreWritten", () => {
  const most = { list: Array.from({ length: 9_999 }, (_, i) => i) };
  expect(jsonTextOf(most)).toBe(JSON.stringify(most));
  expect(jsonTextOf({ list: [...most.list, 0] })).toContain("more]");
});

test("AGetterIsReadOnce", () => {
  let reads = 0;
  const value = {
    get a() {
      return ++reads;
    },
  };
  expect(jsonTextOf(value)).toBe('{"a":1}');
  expect(reads).toBe(1);
});
