// The size budget (scripts/size_budget.json, bytes): prints raw, gzip and brotli sizes and fails above a limit.
// A raised limit takes a line in the changelog. "bundle" is measured as an application would ship it: esbuild,
// browser condition, minified; chunks that are loaded lazily are listed but do not count.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { ROOT, StepError, main } from "./commands.mjs";

main(import.meta.url, async () => {
  const budget = JSON.parse(readFileSync(join(ROOT, "scripts/size_budget.json"), "utf8"));
  const faults = [];
  console.log(row("", "raw", "gzip", "brotli", "budget (gzip)"));
  for (const [name, entry] of Object.entries(budget)) {
    const isMissing = entry.files?.some((file) => !existsSync(join(ROOT, file)));
    if (isMissing && entry.optional) continue;
    if (isMissing) throw new StepError(`check-size: ${entry.files.join(", ")} is not built (npm run build)`);
    const contents = entry.files ? entry.files.map((file) => readFileSync(join(ROOT, file))) : await bundle(entry.bundle);
    const sizes = sizesOf(contents);
    console.log(row(name, sizes.raw, sizes.gzip, sizes.brotli, entry.gzip ?? ""));
    for (const measure of ["raw", "gzip", "brotli"]) {
      if (entry[measure] !== undefined && sizes[measure] > entry[measure]) {
        faults.push(`${name}: ${sizes[measure]} bytes ${measure}, the budget is ${entry[measure]}`);
      }
    }
  }
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) throw new StepError("check-size: over the budget");
  console.log("check-size: within the budget");
});

const row = (name, ...cells) => String(name).padEnd(30) + cells.map((cell) => String(cell).padStart(14)).join("");

/** Files are compressed one by one, as a server sends them. */
function sizesOf(contents) {
  const sum = (measure) => contents.reduce((total, bytes) => total + measure(bytes), 0);
  return {
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes).length),
  };
}

/** The entry and every chunk it imports statically. */
async function bundle(source) {
  const esbuild = await import("esbuild");
  const result = await esbuild.build({
    stdin: { contents: source, resolveDir: ROOT, loader: "js" },
    absWorkingDir: ROOT,
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
    // The glue and what belongs to it stay files: they are loaded by init().
    external: ["*_glue.mjs"],
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
    .filter((file) => counted.has(file.path.slice(ROOT.length + 1)))
    .map((file) => Buffer.from(file.contents));
}
