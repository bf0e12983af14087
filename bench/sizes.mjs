// Sizes: the module and its glue, the wrapper as an application bundles it, what npm install puts on disk.
import { brotliCompressSync, gzipSync } from "node:zlib";
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { peerFolder, ROOT } from "./peers.mjs";

const measure = (content) => ({
  raw: content.length,
  gzip: gzipSync(content, { level: 9 }).length,
  brotli: brotliCompressSync(content).length,
});
const sum = (a, b) => ({ raw: a.raw + b.raw, gzip: a.gzip + b.gzip, brotli: a.brotli + b.brotli });

async function bundle(source, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir },
    bundle: true,
    format: "esm",
    splitting: true,
    outdir: "out",
    minify: true,
    conditions: ["browser"],
    platform: "browser",
    external: ["*_glue.mjs"],
    write: false,
    logLevel: "error",
  });
  const entry = outputFiles.find(({ path }) => path.endsWith("stdin.js"));
  const chunks = outputFiles.filter(
    (file) => file !== entry && new RegExp(`from"\\\\./${file.path.split("/").pop()}"`).test(entry.text),
  );
  return Buffer.concat([entry, ...chunks].map(({ contents }) => Buffer.from(contents)));
}

function folderBytes(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true }).reduce((bytes, each) => {
    const path = join(folder, each.name);
    return bytes + (each.isDirectory() ? folderBytes(path) : lstatSync(path).size);
  }, 0);
}

export async function sizes() {
  const module = measure(readFileSync(join(ROOT, "dist/browser/spandrel.wasm")));
  const glue = measure(readFileSync(join(ROOT, "dist/browser/spandrel_glue.mjs")));
  const wrapper = measure(await bundle('export { init, trace, withSpan, startSpan } from "spandrel";', ROOT));
  const peer = measure(
    await bundle(
      'export { TracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace"; export { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"; export { trace } from "@opentelemetry/api";',
      peerFolder("otel-newest"),
    ),
  );
  return {
    "tracing module: wasm": module,
    "tracing module: glue": glue,
    "tracing module, wasm and glue": sum(module, glue),
    wrapper,
    "OpenTelemetry JS, bundled": peer,
    "installed: spandrel": { raw: folderBytes(join(ROOT, "dist")) },
    "installed: OpenTelemetry JS": { raw: folderBytes(join(peerFolder("otel-newest"), "node_modules/@opentelemetry")) },
  };
}
