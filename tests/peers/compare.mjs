// Comparing what two implementations say, field by field, with the numbers exact. A difference is either covered
// by a ruling, which has a text, or it makes the check fail.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";

const TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\u0001number:";

/** JSON as Python writes it: NaN and infinities, integers beyond 2^53 as bigint, `1.0` equal to `1`. */
export function parseExact(text) {
  const marked = text.replace(TOKENS, (token) => (token.startsWith('"') ? token : `"\\u0001number:${token}"`));
  return JSON.parse(marked, (_key, value) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const digits = value.slice(MARK.length);
    const number = Number(digits);
    return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  });
}

const isObject = (value) => typeof value === "object" && value !== null;

const kindOf = (value) => (Array.isArray(value) ? "array" : isObject(value) ? "object" : "leaf");

/** [{ path, ours, theirs }] of the leaves; what one side does not have is undefined there. */
export function differences(ours, theirs, path = "") {
  if (Object.is(ours, theirs)) return [];
  const kinds = [kindOf(ours), kindOf(theirs)];
  // An object that one side lacks as a whole is told by its members, unless it has none.
  if (theirs === undefined && kinds[0] === "object" && Object.keys(ours).length > 0) return differences(ours, {}, path);
  if (ours === undefined && kinds[1] === "object" && Object.keys(theirs).length > 0) return differences({}, theirs, path);
  if (kinds[0] !== kinds[1] || kinds[0] === "leaf") return [{ path, ours, theirs }];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const at = (value, key) => (Object.hasOwn(value, key) ? value[key] : undefined);
  return [...keys].flatMap((key) => differences(at(ours, key), at(theirs, key), path === "" ? key : `${path}.${key}`));
}

const short = (value) => {
  const text = typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? "nothing");
  return text.length > 90 ? `${text.slice(0, 87)}...` : text;
};
const describe = ({ path, ours, theirs }) => `${path}: ours ${short(ours)}, MLflow's ${short(theirs)}`;

/** One line of the report that scripts/test_peers.mjs prints at its end. */
export function report(entry) {
  const file = process.env["SPANDREL_PEERS_REPORT"];
  if (file) appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/**
 * Fails on a difference that no ruling covers; the others go to the report.
 * A ruling is { path: RegExp, why, covers?: ({ path, ours, theirs }) => boolean }.
 */
export function assertSame(check, ours, theirs, rulings = []) {
  const unexplained = [];
  const seen = new Map();
  for (const difference of differences(ours, theirs)) {
    const ruling = rulings.find(({ path, covers }) => path.test(difference.path) && (covers?.(difference) ?? true));
    if (ruling === undefined) unexplained.push(describe(difference));
    else seen.set(ruling.why, [...(seen.get(ruling.why) ?? []), difference]);
  }
  for (const [why, all] of seen) report({ check, why, count: all.length, example: describe(all[0]) });
  assert.deepEqual(unexplained, [], `${check}: differences without a ruling`);
}
