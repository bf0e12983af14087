// Jest against modules that check themselves: each access of the heap, the stack, every assertion of
// Emscripten's. node scripts/test_wasm_debug.mjs [Jest's arguments]; the modules are slow, so by default
// only the suites that use them much.
import { join } from "node:path";
import { writeModules } from "./build.mjs";
import { ROOT, main, ninjaProgress, run, say } from "./commands.mjs";
import { ensureProtobufSource } from "./protobuf_source.mjs";
import { emscriptenEnvironment } from "./setup.mjs";

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
  await writeModules("build/wasm-debug/wasm", "build/module-debug", { minify: false });
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
