// With the smaller module, what it lacks is refused and nothing else is harmed.
import { expect, test } from "@jest/globals";
import { flushTraces, init, Span, startSpan, stats, TraceInfo, TraceManager } from "../../js/index.js";
import type { LiveSpan, TraceError } from "../../js/index.js";
import { InMemorySpanExporter } from "../../js/testing/index.js";

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as TraceError).errorCode;
  }
  return "no error";
}

test("WhatTheSmallModuleLacksIsRefusedAndTracingGoesOn", async () => {
  const exporter = new InMemorySpanExporter();
  await init({ module: "core", exporter });
  const span = startSpan({ name: "before" }) as LiveSpan;
  const manager = TraceManager.getInstance();
  const trace = manager.getTrace(span.traceId);

  const codes = [
    () => span.toDict(),
    () => span.toOtlpBytes(),
    () => Span.fromDict({} as never),
    () => Span.fromOtlp(new Uint8Array(), "location"),
    () => trace?.toJson(),
    () => {
      manager.registerTrace("ab".repeat(16), new TraceInfo({ traceId: "tr-x" }));
    },
    () => manager.popTrace("ab".repeat(16)),
    () => manager.getMlflowTraceIdFromOtelId("ab".repeat(16)),
    () => {
      TraceManager.reset();
    },
  ].map(codeOf);
  span.end();
  startSpan({ name: "after" }).end();
  await flushTraces();

  expect(codes).toEqual(codes.map(() => "NOT_IMPLEMENTED"));
  expect(stats().module).toBe("ready");
  expect(exporter.spans.map(({ name }) => name)).toEqual(["before", "after"]);
});
