import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { peerFolder } from "../peers.mjs";
import { byteSink, recorders } from "./otel_common.mjs";

const require = createRequire(pathToFileURL(join(peerFolder("otel-newest"), "index.js")));

export async function createDesign({ queue = 1 << 24, endpoint, enabled = true } = {}) {
  const api = require("@opentelemetry/api");
  const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");
  const { ProtobufTraceSerializer } = require("@opentelemetry/otlp-transformer");
  const sink = byteSink(ProtobufTraceSerializer);
  let exporter = sink.exporter;
  if (endpoint !== undefined) {
    const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
    exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  }
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: queue,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 600_000,
    exportTimeoutMillis: 120_000,
  });
  const provider = new TracerProvider({ spanProcessors: [processor] });
  const tracer = enabled ? provider.getTracer("bench") : api.trace.getTracer("bench");
  return {
    record: recorders(tracer, api),
    flush: () => provider.forceFlush(),
    takeFigures: sink.takeFigures,
    startSpan: (name) => tracer.startSpan(name),
  };
}
