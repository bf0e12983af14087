import { expect, test } from "@jest/globals";
import { LiveSpan, NoOpSpan, NO_OP_SPAN_TRACE_ID, Span } from "../../../js/index.js";

const members = [
  ...new Set([...Object.getOwnPropertyNames(LiveSpan.prototype), ...Object.getOwnPropertyNames(Span.prototype)]),
].filter((name) => !name.startsWith("_"));

test.each(members)("NoOpSpanHas %s", (name) => {
  const span = new NoOpSpan();
  expect(name in span).toBe(true);
  const value = (span as unknown as Record<string, unknown>)[name];
  if (typeof value === "function" && name !== "constructor" && name !== "withSpan") {
    expect(() => (value as () => unknown).call(span)).not.toThrow();
    expect(() => (value as (...args: unknown[]) => unknown).call(span, null, Symbol("x"), {})).not.toThrow();
  }
});

test("ReadsGiveNothing", () => {
  const span = new NoOpSpan();
  expect([span.traceId, span.requestId]).toEqual([NO_OP_SPAN_TRACE_ID, NO_OP_SPAN_TRACE_ID]);
  expect([
    span.spanId,
    span.parentId,
    span.name,
    span.startTimeNs,
    span.endTimeNs,
    span.status,
    span.spanType,
    span.inputs,
    span.outputs,
    span.context,
  ]).toEqual(Array.from({ length: 10 }, () => null));
  expect([span.attributes, span.events, span.links, span.getAttribute("x")]).toEqual([{}, [], [], null]);
  expect(JSON.parse(span.toJsonString())).toMatchObject({ trace_id: NO_OP_SPAN_TRACE_ID, span_id: null, attributes: {} });
  expect(span.startSpan({ name: "c" })).toBe(span);
  expect(span.withSpan({ name: "c" }, (given: NoOpSpan) => given)).toBe(span);
});
