// Jest against modules that check themselves: each access of the heap, the stack, every assertion of
// Emscripten's. node scripts/test_wasm_debug.mjs [Jest's arguments]; the modules are slow, so by default
// only the suites that use them much.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, main, ninjaProgress, run, say } from "./commands.mjs";
import { ensureProtobufSource } from "./protobuf_source.mjs";
import { emscriptenEnvironment } from "./setup.mjs";

const MODULES = ["spandrel_core", "spandrel", "spandrel_viewer"];
const SUITES = [
  "core_module",
  "wasm_module",
  "differential",
  "values_table",
  "tests/js/tracing",
  "tests/js/viewer",
  "tests/js/acceptance",
];

main(import.meta.url, async (args) => {
  const env = emscriptenEnvironment();
  await ensureProtobufSource();
  await run("emcmake", ["cmake", "--preset", "wasm-debug"], { quiet: true, env, what: "configuring the checked modules" });
  const progress = ninjaProgress("checked modules");
  await run("cmake", ["--build", "--preset", "wasm-debug"], { env, progress, what: "building the checked modules" });
  await writeGlue();
  say("Jest against the checked modules");
  // Silent: embind tells of every object that the collector frees in place of delete().
  const jest = [
    join(ROOT, "node_modules/jest/bin/jest.js"),
    "--silent",
    "--testTimeout=180000",
    ...(args.length > 0 ? args : SUITES),
  ];
  const folder = "build/module-debug";
  await run(process.execPath, jest, {
    env: { SPANDREL_MODULES: folder, SPANDREL_MODULE_FOLDER: join(ROOT, folder) },
    what: "Jest",
  });
});

/** As scripts/build.mjs writes it, but readable. */
async function writeGlue() {
  const esbuild = await import("esbuild");
  const folder = join(ROOT, "build/module-debug");
  mkdirSync(folder, { recursive: true });
  for (const name of MODULES) {
    const source = readFileSync(join(ROOT, `build/wasm-debug/wasm/${name}.mjs`), "utf8");
    for (const [format, extension] of [
      ["esm", "mjs"],
      ["cjs", "cjs"],
    ]) {
      const { code } = await esbuild.transform(source, { format, target: "es2022", define: { "import.meta.url": '"file:///"' } });
      const tail = format === "cjs" ? "module.exports = module.exports.default;\n" : "";
      writeFileSync(join(folder, `${name}_glue.${extension}`), code + tail);
    }
    cpSync(join(ROOT, `build/wasm-debug/wasm/${name}.wasm`), join(folder, `${name}.wasm`));
  }
}
