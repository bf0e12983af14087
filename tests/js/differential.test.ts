// Two implementations of LiveSpan, one record: random operations are played to the one in JavaScript
// and to the one of the core (replayOperations, src/manager/operations.h), and what their records
// decode to must be equal, order of attributes included.

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { Core } from "../../js/load/core.js";
import { loadClasses } from "../../js/load/classes_module.js";
import { Handover } from "../../js/load/handover.js";
import type { RawModule } from "../../js/load/raw_module.js";
import { StagingArea } from "../../js/load/staging.js";
import { AnchorSource } from "../../js/tracing/clock.js";
import { laterCode } from "../../js/tracing/later.js";
import { LiveSpan } from "../../js/tracing/live_span.js";
import { LocalTrace } from "../../js/tracing/local_trace.js";
import { readRecord } from "../../js/tracing/record_reader.js";
import { Recorder } from "../../js/tracing/recorder.js";
import { DEFAULT_SPAN_LIMITS, type Runtime, type SpanLimits } from "../../js/tracing/runtime.js";
import { FakeTime } from "./export/fake_time.js";
import { loadModule, TestLogger } from "./export/harness.js";
import { newTraceWords } from "./export/trace_words.js";

const RUNS = 1000;
const START = 1_700_000_000_123_456_789n;

let core: Core;
let classes: Handover;
const recorder = new Recorder(() => undefined);
const time = new FakeTime();

beforeAll(async () => {
  const raw: RawModule = await loadModule();
  core = new Core(raw, () => undefined);
  classes = new Handover(await loadClasses(undefined, () => undefined), () => undefined);
  recorder.attach(core, new StagingArea(core.handover));
});

afterAll(() => {
  expect(core.isDead || classes.isDead).toBe(false);
});

// --- what is played -------------------------------------------------------------------------

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("é😀", "\ud800x", "null", "1", '"q"', "x".repeat(300)),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1e21, 0.1),
);
const primitive = fc.oneof(text, number, fc.boolean());
const structure = fc.oneof(
  fc.dictionary(
    fc.string({ maxLength: 5 }).filter((key) => key !== "__proto__" && !key.startsWith("$")),
    fc.oneof(primitive, fc.constant(null)),
    { maxKeys: 3, noNullPrototype: true },
  ),
  fc.array(fc.oneof(primitive, fc.constant(null), fc.array(number, { maxLength: 2 })), { maxLength: 4 }),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: primitive },
  { weight: 1, arbitrary: fc.constantFrom(null, NaN, Infinity, -Infinity, -0) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  {
    weight: 3,
    arbitrary: fc.oneof(
      fc.array(text, { maxLength: 3 }),
      fc.array(number, { maxLength: 3 }),
      fc.array(fc.boolean(), { maxLength: 3 }),
    ),
  },
  { weight: 2, arbitrary: structure },
);
/** What JSON.stringify writes without loss: inputs and outputs are text on both sides. */
const jsonValue = fc.oneof(primitive, fc.constant(null), structure).map((v): unknown => JSON.parse(JSON.stringify(v)));
const key = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "key with spaces", "session.id", "user.id", "mlflow.chat.tools"),
  fc.string({ minLength: 1, maxLength: 6 }),
);
const attributes = fc.dictionary(fc.constantFrom("a", "b", "c", "é", "long key"), value, { maxKeys: 4, noNullPrototype: true });
const hex = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits })
    .filter((id) => !/^0+$/.test(id));
const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n });

type Operation =
  | { op: "set_inputs" | "set_outputs"; value: unknown }
  | { op: "set_attribute"; key: string; value: unknown }
  | { op: "set_attributes"; value: Record<string, unknown> }
  | { op: "set_span_type" | "set_description" | "set_log_level"; value: string }
  | { op: "set_status"; status_code: string; description: string }
  | { op: "add_event"; name: string; timestamp: bigint; attributes: Record<string, unknown> }
  | { op: "add_link"; trace_id: string; span_id: string; attributes: Record<string, unknown> }
  | { op: "end"; end_time_ns: bigint; attributes: Record<string, unknown>; outputs?: unknown; status?: string };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant("set_attribute" as const), key, value }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("set_inputs" as const, "set_outputs" as const), value: jsonValue }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("set_attributes" as const), value: attributes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("set_span_type" as const),
      value: fc.constantFrom("LLM", "TOOL", "own type", "UNKNOWN"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("set_description" as const), value: text }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("set_log_level" as const),
      value: fc.constantFrom("DEBUG", "info", "Critical", "loud"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("set_status" as const),
      status_code: fc.constantFrom("OK", "ERROR", "UNSET", "ok"),
      description: text,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("add_event" as const),
      name: fc.oneof(text, fc.constant("exception")),
      timestamp: nanos,
      attributes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("add_link" as const),
      trace_id: fc.oneof(
        hex(32),
        hex(32).map((id) => `tr-${id}`),
        hex(32).map((id) => `trace:/here/${id}`),
        hex(32).map((id) => `trace:/elsewhere/tr-${id}`),
        hex(5),
        fc.constantFrom(
          "zz",
          "",
          "0",
          "tr-",
          "tr-1",
          "TR-1",
          "ABCDEF",
          "trace:/here",
          "trace:/here/",
          "trace:/here/a/b",
          "trace://1",
          `1${"0".repeat(32)}`,
        ),
      ),
      span_id: fc.oneof(hex(16), hex(3), fc.constantFrom("", "xyz", "00", "0A", `1${"0".repeat(16)}`)),
      attributes,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        op: fc.constant("end" as const),
        end_time_ns: nanos,
        attributes,
        outputs: jsonValue.filter((v) => v !== null),
        status: fc.constantFrom("OK", "ERROR", "UNSET", "nonsense"),
      },
      { requiredKeys: ["op", "end_time_ns", "attributes"] },
    ),
  },
);

const limits = fc.oneof(
  fc.constant(DEFAULT_SPAN_LIMITS),
  fc.record({
    attributeCountLimit: fc.integer({ min: 0, max: 4 }),
    attributeValueLengthLimit: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 5 })),
    eventCountLimit: fc.integer({ min: 0, max: 2 }),
    linkCountLimit: fc.integer({ min: 0, max: 2 }),
    attributePerEventCountLimit: fc.integer({ min: 0, max: 2 }),
    attributePerLinkCountLimit: fc.integer({ min: 0, max: 2 }),
  }),
);

// --- how it is played -----------------------------------------------------------------------

function playInJavaScript(operations: Operation[], spanLimits: SpanLimits, location: string | null): LiveSpan {
  const runtime: Runtime = {
    logger: new TestLogger(),
    clock: time,
    limits: spanLimits,
    recorder,
    spanProcessors: [],
    endHooks: new Set(),
    beforeSeal: null,
    spanHasEnded: () => undefined,
    warn: () => undefined,
    startChild: () => null,
    later: laterCode,
    whenLater: (act) => {
      act(laterCode);
    },
    withSpan: () => null,
  };
  const [a, b, c, d] = newTraceWords();
  const trace = new LocalTrace(runtime, a, b, c, d, new AnchorSource(time).current(), 1, "", 0);
  if (location !== null) trace.traceIdText = `trace:/${location}/${trace.hex}`;
  const span = new LiveSpan(trace, null, "näme", 1, START);
  for (const each of operations) apply(span, each);
  return span;
}

function apply(span: LiveSpan, each: Operation): void {
  switch (each.op) {
    case "set_inputs":
      span.setInputs(each.value);
      return;
    case "set_outputs":
      span.setOutputs(each.value);
      return;
    case "set_attribute":
      span.setAttribute(each.key, each.value);
      return;
    case "set_attributes":
      span.setAttributes(each.value);
      return;
    case "set_span_type":
      span.setSpanType(each.value);
      return;
    case "set_description":
      span.setDescription(each.value);
      return;
    case "set_log_level":
      span.setLogLevel(each.value);
      return;
    case "set_status":
      span.setStatus(each.status_code, each.description);
      return;
    case "add_event":
      span.addEvent(each);
      return;
    case "add_link":
      span.addLink({ traceId: each.trace_id, spanId: each.span_id, attributes: each.attributes });
      return;
    case "end":
      span.end({
        outputs: each.outputs,
        attributes: each.attributes,
        endTimeNs: each.end_time_ns,
        ...(each.status === undefined ? {} : { status: each.status }),
      });
  }
}

/** JSON, with a tag for what JSON cannot say. */
function operationText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return { $int: String(member) };
    if (typeof member === "number" && (!Number.isFinite(member) || Object.is(member, -0)))
      return { $float: Object.is(member, -0) ? "-0.0" : String(member) };
    return member;
  }).replace(/"(timestamp|end_time_ns)":\{"\$int":"(\d+)"\}/g, '"$1":"$2"');
}

function playInTheCore(span: LiveSpan, operations: Operation[], spanLimits: SpanLimits): Uint8Array {
  const start = {
    trace_id_hex: span._fields().traceIdHex,
    span_id_hex: span.spanId,
    ...(span.traceId.startsWith("trace:/") ? { trace_id: span.traceId } : {}),
    name: span.name,
    start_time_ns: String(START),
    start_time_was_given: true,
  };
  const finite = Object.fromEntries(Object.entries(spanLimits).filter(([, limit]) => limit !== Infinity));
  const text = `{"span":${JSON.stringify(start)},"limits":${JSON.stringify(finite)},"ops":${operationText(operations)}}`;
  return classes.callBytes("replayOperations", text);
}

function shown(record: Uint8Array): unknown {
  const fields = readRecord(record);
  const list = (map: Map<string, unknown>): unknown[] => [...map];
  return {
    ...fields,
    attributes: list(fields.attributes),
    events: fields.events.map((event) => ({ ...event, attributes: list(event.attributes) })),
    links: fields.links.map((link) => ({ ...link, attributes: list(link.attributes) })),
  };
}

test(`${String(RUNS)} random sequences give equal spans in JavaScript and in the core`, () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 14 }),
      limits,
      fc.constantFrom(null, "here"),
      (operations, spanLimits, location) => {
        const span = playInJavaScript(operations, spanLimits, location);

        const replayed = playInTheCore(span, operations, spanLimits);

        expect(shown(replayed)).toStrictEqual(shown(span._record()));
      },
    ),
    { numRuns: RUNS },
  );
});
