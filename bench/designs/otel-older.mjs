import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { peerFolder } from "../peers.mjs";
import { byteSink, recorders } from "./otel_common.mjs";

const require = createRequire(pathToFileURL(join(peerFolder("otel-older"), "index.js")));

export async function createDesign({ queue = 1 << 24, enabled = true } = {}) {
  const api = require("@opentelemetry/api");
  const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
  const { ProtobufTraceSerializer } = require("@opentelemetry/otlp-transformer");
  const sink = byteSink(ProtobufTraceSerializer);
  const processor = new BatchSpanProcessor(sink.exporter, {
    maxQueueSize: queue,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 600_000,
    exportTimeoutMillis: 120_000,
  });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = enabled ? provider.getTracer("bench") : api.trace.getTracer("bench");
  return {
    record: recorders(tracer, api),
    flush: () => provider.forceFlush(),
    takeFigures: sink.takeFigures,
    startSpan: (name) => tracer.startSpan(name),
  };
}
