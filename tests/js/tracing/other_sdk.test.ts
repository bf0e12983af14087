// Spans of @opentelemetry/api that createSpan() is given.

import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createSpan, LiveSpan, Span } from "../../../js/index.js";
import { ended, logger, start } from "./harness.js";

const CONTEXT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
const OTHER = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 0 };
const TRACE_ID = `tr-${CONTEXT.traceId}`;

beforeAll(() => start());
beforeEach(async () => {
  await ended();
  logger.lines.length = 0;
});

/** Notes every call. */
class RunningSpan {
  readonly name = "other";
  readonly calls: unknown[][] = [];
  isOpen = true;
  spanContext = (): object => CONTEXT;
  isRecording = (): boolean => this.isOpen;
  setAttribute = (...args: unknown[]): void => void this.calls.push(["setAttribute", ...args]);
  setStatus = (...args: unknown[]): void => void this.calls.push(["setStatus", ...args]);
  addEvent = (...args: unknown[]): void => void this.calls.push(["addEvent", ...args]);
  addLink = (...args: unknown[]): void => void this.calls.push(["addLink", ...args]);
  end = (...args: unknown[]): void => {
    this.isOpen = false;
    this.calls.push(["end", ...args]);
  };
  taken(): unknown[][] {
    return this.calls.splice(0);
  }
}

function pair(): { other: RunningSpan; span: LiveSpan } {
  const other = new RunningSpan();
  const span = createSpan(other, TRACE_ID) as LiveSpan;
  expect(span).toBeInstanceOf(LiveSpan);
  return { other, span };
}

test("SettersReachTheOtherSpanInTheFormsOfPlainOtlp", async () => {
  const { other, span } = pair();
  span.setAttributes({ text: "a", list: [1, 2], mixed: [1, "a"], object: { a: 1n }, nothing: undefined });
  expect(other.taken()).toEqual([
    ["setAttribute", "text", "a"],
    ["setAttribute", "list", [1, 2]],
    ["setAttribute", "mixed", '[1,"a"]'],
    ["setAttribute", "object", '{"a":1}'],
  ]);
  span.setInputs({ q: 1 });
  span.setOutputs("done");
  span.setSpanType("TOOL");
  span.setDescription("d");
  span.setLogLevel("ERROR");
  expect(other.taken()).toEqual([
    ["setAttribute", "mlflow.spanInputs", '{"q":1}'],
    ["setAttribute", "mlflow.spanOutputs", '"done"'],
    ["setAttribute", "mlflow.spanType", "TOOL"],
    ["setAttribute", "mlflow.spanDescription", "d"],
    ["setAttribute", "mlflow.spanLogLevel", 40],
  ]);
  span.addEvent({ name: "e", timestamp: 1_000_000_002n, attributes: { n: { m: 1 } } });
  span.addLink({ traceId: `tr-${OTHER.traceId}`, spanId: OTHER.spanId, attributes: { why: "x" } });
  span.setStatus("ERROR", "no");
  expect(other.taken()).toEqual([
    ["addEvent", "e", { n: '{"m":1}' }, [1, 2]],
    ["addLink", { context: OTHER, attributes: { why: "x" } }],
    ["setStatus", { code: 2, message: "no" }],
  ]);
  span.recordException(new TypeError("bad"));
  expect(other.taken().map(([method, first]) => [method, first])).toEqual([
    ["addEvent", "exception"],
    ["setStatus", { code: 2, message: "TypeError: bad" }],
  ]);
  span.end({ outputs: 5, endTimeNs: 2n ** 62n });
  expect(other.taken()).toEqual([
    ["setAttribute", "mlflow.spanOutputs", "5"],
    ["end", [4611686018, 427387904]],
  ]);
  span.setAttribute("late", 1);
  span.end();
  expect(other.taken()).toEqual([]);
  const [record, ...more] = await ended();
  expect(more).toEqual([]);
  expect([record?.spanId, record?.outputs, record?.endTimeNs, record?.attributes["object"]]).toEqual([
    CONTEXT.spanId,
    5,
    2n ** 62n,
    { a: 1 },
  ]);
});

test("WhatIsRefusedHereIsNotForwardedAndWhatTheOtherRefusesDoesNotHurt", () => {
  const { other, span } = pair();
  span.setStatus("BOGUS");
  span.setLogLevel("LOUD");
  span.setSpanType(5 as never);
  span.setAttribute("", 1);
  expect(other.taken()).toEqual([]);
  other.setAttribute = () => {
    throw new Error("no room");
  };
  expect(() => {
    span.setAttribute("a", 1);
    span.setStatus(null as never);
    span.addEvent(null as never);
    span.addLink(5 as never);
    span.addLink({ traceId: 5, spanId: "x" } as never);
  }).not.toThrow();
  expect(span.getAttribute("a")).toBe(1);
  span.end();
  expect(other.taken()).toEqual([["end", undefined]]);
});

const FINISHED = {
  spanContext: () => CONTEXT,
  isRecording: () => false,
  ended: true,
  name: "done",
  kind: 2,
  startTime: [1, 5],
  endTime: [2, 0],
  status: { code: 2, message: "failed" },
  parentSpanContext: { ...OTHER, isRemote: true },
  attributes: { text: '{"a": 1}', plain: "value1", number: 5, list: [1, 2], flag: false },
  events: [{ name: "e", time: [1, 7], attributes: { k: 1 } }],
  links: [{ context: OTHER, attributes: { why: "x" } }],
  droppedAttributesCount: 3,
};

test("AFinishedSpanHasADictionaryWithItsAttributesAsTheyWereSet", () => {
  const span = createSpan(FINISHED, TRACE_ID, "TOOL") as Span;
  const dict = span.toDict();
  expect(dict.attributes).toEqual({
    "mlflow.traceRequestId": `"${TRACE_ID}"`,
    "mlflow.spanType": '"TOOL"',
    text: '{"a": 1}',
    plain: "value1",
    number: 5,
    list: [1, 2],
    flag: false,
  });
  expect([dict.name, dict.start_time_unix_nano, dict.end_time_unix_nano, dict.status]).toEqual([
    "done",
    1_000_000_005n,
    2_000_000_000n,
    { code: "STATUS_CODE_ERROR", message: "failed" },
  ]);
  expect(dict.events).toEqual([{ name: "e", time_unix_nano: 1_000_000_007n, attributes: { k: 1 } }]);
  const read = Span.fromDict(span.toJsonString());
  for (const key of Object.keys(span.attributes)) expect(read.getAttribute(key)).toEqual(span.getAttribute(key));
  expect([read.traceId, read.spanType, read.links]).toEqual([span.traceId, "TOOL", span.links]);
});

test("AFinishedSpanGoesOutAsOtlp", () => {
  const span = createSpan(FINISHED, `trace:/catalog.schema/${CONTEXT.traceId}`) as Span;
  const otlp = span.toOtlp();
  expect(otlp).toMatchObject({
    traceId: CONTEXT.traceId,
    spanId: CONTEXT.spanId,
    parentSpanId: OTHER.spanId,
    kind: 3,
    flags: 0x301,
    droppedAttributesCount: 3,
    status: { code: 2, message: "failed" },
  });
  expect(otlp["attributes"]).toContainEqual({ key: "plain", value: { stringValue: "value1" } });
  expect(Span.fromOtlp(span.toOtlpBytes()).getAttribute("number")).toBe(5);
  expect(span.traceId).toBe(`trace:/catalog.schema/${CONTEXT.traceId}`);
});
