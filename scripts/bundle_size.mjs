// What code weighs as an application ships it; shared by the size budget and the benchmark.
import { dirname, join, normalize } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** Files are compressed one by one, as a server sends them. */
export function sizesOf(contents) {
  const sum = (measure) => contents.reduce((total, bytes) => total + measure(bytes), 0);
  return {
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes).length),
  };
}

/** The entry and every chunk it imports statically. */
export async function bundle(source, resolveDir) {
  const esbuild = await import("esbuild");
  const result = await esbuild.build({
    stdin: { contents: source, resolveDir, loader: "js" },
    absWorkingDir: resolveDir,
    outdir: "bundle",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    minify: true,
    legalComments: "none",
    logOverride: { "ignored-bare-import": "silent" },
  });
  const outputs = result.metafile.outputs;
  const entry = Object.keys(outputs).find((path) => outputs[path].entryPoint === "<stdin>");
  const counted = new Set();
  const visit = (path) => {
    if (counted.has(path) || !(path in outputs)) return;
    counted.add(path);
    for (const item of outputs[path].imports) {
      if (item.kind === "import-statement") visit(item.path in outputs ? item.path : normalize(join(dirname(path), item.path)));
    }
  };
  visit(entry);
  return result.outputFiles
    .filter((file) => counted.has(file.path.slice(resolveDir.length + 1)))
    .map((file) => Buffer.from(file.contents));
}
