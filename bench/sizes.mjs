// Sizes: the module, the wrapper as an application bundles it, what npm install puts on disk.
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bundle, sizesOf } from "../scripts/bundle_size.mjs";
import { peerFolder, ROOT } from "./peers.mjs";

function folderBytes(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true }).reduce((bytes, each) => {
    const path = join(folder, each.name);
    return bytes + (each.isDirectory() ? folderBytes(path) : lstatSync(path).size);
  }, 0);
}

export async function sizes() {
  const budget = JSON.parse(readFileSync(join(ROOT, "scripts/size_budget.json"), "utf8"));
  const file = (name) => readFileSync(join(ROOT, "dist/browser", name));
  const weigh = async (source, folder) => sizesOf(await bundle(source, folder));
  return {
    "tracing module": sizesOf([file("spandrel_core.wasm")]),
    "with manager and codecs": sizesOf([file("spandrel.wasm")]),
    wrapper: await weigh(budget.wrapper.bundle, ROOT),
    "OpenTelemetry JS, bundled": await weigh(
      'export { TracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace"; export { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"; export { trace } from "@opentelemetry/api";',
      peerFolder("otel-newest"),
    ),
    "installed: spandrel": { raw: folderBytes(join(ROOT, "dist")) },
    "installed: OpenTelemetry JS": { raw: folderBytes(join(peerFolder("otel-newest"), "node_modules/@opentelemetry")) },
  };
}
