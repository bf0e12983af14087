// What a process pays until the first span can be exported: import and init, in a process of its own.
// node bench/startup.mjs <spandrel|otel-newest>; prints milliseconds.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { peerFolder } from "./peers.mjs";

const [design] = process.argv.slice(2);
const begin = performance.now();
if (design === "spandrel") {
  const { init } = await import("spandrel");
  await init({ serviceName: "bench" });
} else {
  const require = createRequire(pathToFileURL(join(peerFolder("otel-newest"), "index.js")));
  const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] });
  provider.getTracer("bench");
}
console.log(performance.now() - begin);
process.exit(0);
