// One trace of ours, sent to the server: what Python's client reads is compared with what was set
// (our_traces.mjs), and as a whole with our own trace as it was before it left.
import assert from "node:assert/strict";
import { assertSame, differences, parseExact } from "./compare.mjs";

/** Objects with odd keys come as {"$dict": [[key, value], …]}. */
function member(attributes, key) {
  const pairs = Object.hasOwn(attributes, "$dict") ? attributes["$dict"] : Object.entries(attributes);
  return pairs.find(([name]) => name === key)?.[1];
}

/** What was set and what a reading shows, as [{ path, ours, theirs }]. */
function differencesOfExpected(spans, expected) {
  return Object.entries(expected).flatMap(([name, fields]) => {
    const span = spans.find((one) => one.name === name);
    assert.ok(span, `no span "${name}" was read`);
    return Object.entries(fields).flatMap(([field, value]) =>
      field === "attributes"
        ? Object.entries(value).flatMap(([key, v]) => differences(v, member(span.attributes, key), `${name}.attributes.${key}`))
        : differences(value, span[field], `${name}.${field}`),
    );
  });
}

/**
 * `made`: { traceId, spans, info? } of our_traces.mjs. `local`: our Trace.toJson() from before it left.
 * Rulings are those of compare.mjs; their paths are those of MLflow's dictionary, or "span name.field".
 */
export async function checkOurs({ check, peer, made, local, rulings }) {
  const read = await peer.ask("get_trace", { trace_id: made.traceId });
  assertSame(check, parseExact(local), parseExact(read.json), rulings);

  const ofInfo = Object.entries(made.info ?? {}).flatMap(([field, value]) =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, v]) => differences(v, read.info[field]?.[key], `info.${field}.${key}`))
      : differences(value, read.info[field], `info.${field}`),
  );
  const wrong = [...differencesOfExpected(read.spans, made.spans), ...ofInfo];
  const unexplained = wrong.filter((d) => !rulings.some(({ path, covers }) => path.test(d.path) && (covers?.(d) ?? true)));
  assert.deepEqual(unexplained, [], `${check}: Python reads something else than was set`);
  return read;
}
