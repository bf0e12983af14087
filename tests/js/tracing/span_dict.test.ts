// The live cases of tests/golden/span_dict.json through LiveSpan, with the recorded ids.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Span } from "../../../js/index.js";
import { wordOfHex } from "../../../js/tracing/ids.js";
import { LiveSpan } from "../../../js/tracing/live_span.js";
import { LocalTrace } from "../../../js/tracing/local_trace.js";
import { tracer } from "../../../js/tracing/realm.js";
import { start } from "./harness.js";
import { untag } from "./recorded.js";

interface Operation {
  op: string;
  [argument: string]: unknown;
}
interface LiveCase {
  name: string;
  kind: string;
  input: {
    trace_id_hex: string;
    span_id_hex: string;
    parent_span_id_hex: string | null;
    name: string;
    start_time_ns: string;
    span_type: string;
    location: string | null;
    ops: Operation[];
  };
  expected: { to_dict_text: string };
}

const { cases } = JSON.parse(readFileSync(join(__dirname, "../../golden/span_dict.json"), "utf8")) as { cases: LiveCase[] };
const live = cases.filter(({ kind }) => kind === "live");

function spanOf({ input }: LiveCase): LiveSpan {
  const hex = input.trace_id_hex;
  const startNs = BigInt(input.start_time_ns);
  const anchor = { millis: Number(startNs / 1_000_000n), nanos: Number(startNs % 1_000_000n) };
  const words = [0, 8, 16, 24].map((place) => wordOfHex(hex, place)) as [number, number, number, number];
  const trace = new LocalTrace(tracer(), ...words, anchor, 1, "", 0);
  if (input.location !== null) trace.traceIdText = `trace:/${input.location}/${hex}`;
  const span = new LiveSpan(trace, null, input.name, 1, null);
  span._start = 0;
  span._adoptIds(input.span_id_hex, input.parent_span_id_hex);
  span.setSpanType(input.span_type);
  for (const operation of input.ops) play(span, operation);
  return span;
}

function play(span: LiveSpan, { op, ...tagged }: Operation): void {
  const given = untag(tagged) as Record<string, never>;
  const timeOf = (text: unknown): bigint | undefined =>
    text === undefined || text === null ? undefined : BigInt(text as string);
  switch (op) {
    case "set_inputs":
      return span.setInputs(given["value"]);
    case "set_outputs":
      return span.setOutputs(given["value"]);
    case "set_attribute":
      return span.setAttribute(given["key"] as never, given["value"]);
    case "set_attributes":
      return span.setAttributes(given["value"] as never);
    case "set_span_type":
      return span.setSpanType(given["value"] as never);
    case "set_status":
      return span.setStatus(given["status_code"] as never, (given["description"] ?? undefined) as never);
    case "add_event":
      return span.addEvent({
        name: given["name"] as never,
        timestamp: timeOf(given["timestamp"]),
        attributes: given["attributes"] as never,
      });
    case "add_link":
      return span.addLink({
        traceId: given["trace_id"] as never,
        spanId: given["span_id"] as never,
        attributes: given["attributes"] as never,
      });
    case "end":
      return span.end({
        outputs: given["outputs"] as never,
        attributes: given["attributes"] as never,
        status: given["status"] as never,
        endTimeNs: timeOf(given["end_time_ns"]),
      });
    default:
      throw new Error(`no operation ${op}`);
  }
}

/** Cases whose dictionary is another one here, with the reason. */
const DEVIATIONS: Record<string, string> = {
  "end before start": "the span has no length (S17)",
  "value int_2_63": "an integer beyond 64 bits is a string (value table)",
  "value int_huge": "an integer beyond 64 bits is a string (value table)",
  "value float_one": "JavaScript does not tell 1.0 from 1",
  "event attribute types": "JavaScript does not tell 1.0 from 1",
  "random 0": "JavaScript does not tell 1e+16 from the integer",
  "inputs and outputs nan": "inputs and outputs are JSON text, which has no NaN (rulings 13 and 15)",
  "link with a short span id": "a link needs whole ids (ruling 42)",
};

let passed = 0;

beforeAll(() => start());

test.each(live.map((golden) => [golden.name, golden] as const))("%s", (name, golden) => {
  const text = spanOf(golden).toJsonString();
  if (name in DEVIATIONS) expect(text).not.toBe(golden.expected.to_dict_text);
  else expect(text).toBe(golden.expected.to_dict_text);
  if (!(name in DEVIATIONS)) passed++;
});

afterAll(() => {
  const deviations = Object.entries(DEVIATIONS).map(([name, why]) => `  ${name}: ${why}`);
  process.stdout.write(
    `golden span_dict, kind live: passed ${String(passed)} of ${String(live.length)}\n${deviations.join("\n")}\n`,
  );
});

test("DictionariesRoundTripThroughSpan", () => {
  for (const golden of live) {
    const text = spanOf(golden).toJsonString();
    expect(Span.fromDict(text).toJsonString()).toBe(text);
    expect(JSON.parse(JSON.stringify(Span.fromDict(text).toDict()))).toHaveProperty("trace_id");
  }
});
