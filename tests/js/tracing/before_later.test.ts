// A page before init() has loaded what tracing needs now and then (js/tracing/later.ts): nothing is lost.
import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { init, startSpan, type LiveSpan } from "../../../js/index.js";
import { laterCode } from "../../../js/tracing/later.js";
import { tracer } from "../../../js/tracing/realm.js";
import { ownStack, setStackOf } from "../../../js/tracing/span_event.js";
import { TestLogger } from "./harness.js";

const logger = new TestLogger();
let span: LiveSpan;

beforeAll(() => init({ exporter: "none", logger }));
beforeEach(() => {
  logger.lines.length = 0;
  tracer().later = null;
  setStackOf(ownStack);
  span = startSpan({ name: "early", parent: null }) as LiveSpan;
});

const stack = (): unknown => span.events[0]?.attributes["exception.stacktrace"];

test("AnErrorGetsItsCausesWhenTheyCanBeRead", () => {
  span.recordException(new Error("outer", { cause: new Error("inner") }));
  expect(stack()).not.toContain("Caused by");
  span.end();
  tracer().takeLater(laterCode);
  expect(stack()).toMatch(/Error: outer[^]*\nCaused by: Error: inner/);
});

test("ALinkGetsItsPlaceAndLaterOnesComeAfterIt", () => {
  span.addLink({ traceId: `tr-${"a".repeat(32)}`, spanId: "1", attributes: { n: 1 } });
  span.addLink({ traceId: "no id", spanId: "1" });
  tracer().takeLater(laterCode);
  span.addLink({ traceId: "b", spanId: "2" });
  expect(span.links.map(({ spanId, attributes }) => [spanId, attributes])).toEqual([
    ["0000000000000001", { n: 1 }],
    ["0000000000000002", null],
  ]);
  expect(logger.lines).toEqual([expect.stringContaining("a link needs a trace id")]);
});

test("AWarningIsSaidWhenItsWordsAreThere", () => {
  span.setAttribute("", 1);
  expect(logger.lines).toEqual([]);
  tracer().takeLater(laterCode);
  expect(logger.lines).toEqual([expect.stringContaining("an attribute key is empty; ignored")]);
});
