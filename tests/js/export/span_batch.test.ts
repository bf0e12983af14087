import { afterEach, describe, expect, test } from "@jest/globals";
import type { Outcome, SpanBatch as Batch } from "../../../js/export/exporter.js";
import { OtlpHttpSender } from "../../../js/export/otlp_http_sender.js";
import { SpanBatch } from "../../../js/export/span_batch.js";
import { CodecCore } from "../../../js/load/codec_core.js";
import type { Core } from "../../../js/load/core.js";
import { environmentConfig } from "../../../js/platform/browser_host.js";
import { TraceError } from "../../../js/trace_error.js";
import { setCodec } from "../../../js/tracing/span_codec.js";
import { spansFromRecords } from "../../../js/tracing/record_reader.js";
import type { Span } from "../../../js/tracing/span.js";
import { closeServers, FaultServer, status } from "./fault_server.js";
import { exporterOf, Harness } from "./harness.js";
import { spansOfRequest } from "./otlp_spans.js";

afterEach(async () => {
  setCodec(null);
  await closeServers();
});

async function heldSpans(count: number): Promise<Span[]> {
  let spans: Span[] = [];
  const harness = await Harness.open({
    spansFromRecords,
    exporter: exporterOf(async (batch): Promise<Outcome> => {
      spans = batch.spans();
      return { status: "success" };
    }),
  });
  const codecs = new CodecCore(harness.core as Core, harness.logger);
  setCodec(() => codecs);
  harness.endSpans(count, "held", { text: "välue", n: 7 });
  await harness.destination.flush();
  return spans;
}

describe("SpanBatch.of", () => {
  test("gives the spans in both encodings", async () => {
    const spans = await heldSpans(3);
    const batch = SpanBatch.of(spans);

    const names = ["held1", "held2", "held3"];
    expect(spans.map((span) => span.name)).toEqual(names);
    expect(spansOfRequest(batch.toOtlpBytes(), "").map((span) => span.name)).toEqual(names);
    expect(spansOfRequest(new TextEncoder().encode(batch.toOtlpJson()), "application/json").map((span) => span.name)).toEqual(
      names,
    );
    expect(batch.spanCount).toBe(3);
    expect(batch.byteLength).toBe(batch.toOtlpBytes().length);
    expect(batch.spans().map((span) => span.spanId)).toEqual(spans.map((span) => span.spanId));
  });

  test("writes into memory of the exporter where it fits", async () => {
    const batch = SpanBatch.of(await heldSpans(2));
    const fresh = batch.toOtlpBytes();
    const memory = new Uint8Array(fresh.length + 10).fill(7);
    const written = batch.toOtlpBytes(memory);
    expect(written.buffer).toBe(memory.buffer);
    expect(Buffer.compare(written, fresh)).toBe(0);
    expect([...memory.subarray(fresh.length)]).toEqual(Array(10).fill(7));
    const small = new Uint8Array(fresh.length - 1).fill(7);
    expect(Buffer.compare(batch.toOtlpBytes(small), fresh)).toBe(0);
    expect(small.every((byte) => byte === 7)).toBe(true);
  });

  test("an exporter sends it and reads the answer with the core's rules", async () => {
    const spans = await heldSpans(2);
    const server = await FaultServer.start();
    const exporter = new OtlpHttpSender({ endpoint: server.endpoint, logger: { ...console, warn: () => undefined } });
    expect(await exporter.export(SpanBatch.of(spans))).toEqual({ status: "success" });
    server.step = status(503, { "retry-after": "7" });
    expect(await exporter.export(SpanBatch.of(spans))).toEqual({ status: "retryable", afterMillis: 7_000 });
    server.step = status(401);
    expect(await exporter.export(SpanBatch.of(spans))).toMatchObject({ status: "failure" });
    expect(await exporter.export(SpanBatch.of([]))).toEqual({ status: "success" });
    expect(server.requests).toHaveLength(3);
    await exporter.shutdown();
    expect(await exporter.export(SpanBatch.of(spans))).toMatchObject({ status: "failure" });
  });

  test("without a module it says so", () => {
    expect(() => SpanBatch.of([])).toThrow(TraceError);
  });
});

test("H8: a request of more than 64 MiB is not sent", async () => {
  const server = await FaultServer.start();
  const exporter = new OtlpHttpSender({ endpoint: server.endpoint });
  const batch: Batch = {
    spanCount: 1,
    byteLength: 65 << 20,
    toOtlpBytes: () => new Uint8Array(65 << 20),
    toOtlpJson: () => "",
    spans: () => [],
  };
  expect(await exporter.export(batch)).toMatchObject({
    status: "failure",
    error: { errorCode: "TOO_LARGE", mayHalve: true, lossReason: "too_large" },
  });
  expect(server.requests).toEqual([]);
  await exporter.shutdown();
});

test("H21: browsers have no environment", () => {
  expect(environmentConfig(() => undefined)).toBeNull();
});
