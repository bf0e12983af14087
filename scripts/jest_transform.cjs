// Jest runs CommonJS: each source file is turned into it by esbuild, with its source map.
const { createHash } = require("node:crypto");
const { extname } = require("node:path");
const esbuild = require("esbuild");

const OPTIONS = {
  format: "cjs",
  target: "node20",
  sourcemap: "inline",
  // Spans are named after functions: esbuild would rename some that shadow others.
  keepNames: true,
  // import() needs an experimental flag in Jest's realm; as a promise around require() it behaves the same.
  supported: { "dynamic-import": false },
  define: { "import.meta.url": "spandrelModuleUrl" },
};
/** "build/module-debug": the checked modules in place of the built ones (scripts/test_wasm_debug.mjs). */
const FOLDER = process.env["SPANDREL_MODULES"] ?? "build/module";
const BANNER = 'const spandrelModuleUrl = require("node:url").pathToFileURL(__filename).href;';

module.exports = {
  process(source, file) {
    source = source.replaceAll(/build\/module(?=\/spandrel)/g, FOLDER);
    const loader = extname(file).endsWith("ts") ? "ts" : "js";
    const banner = source.includes("import.meta.url") ? BANNER : undefined;
    return esbuild.transformSync(source, { ...OPTIONS, loader, banner, sourcefile: file });
  },
  getCacheKey(source, file) {
    return createHash("sha256")
      .update(`${esbuild.version} ${file} ${FOLDER} ${JSON.stringify(OPTIONS)}\n${source}`)
      .digest("hex");
  },
};
