// Builds everything, or the steps named: node scripts/build.mjs [wasm] [modules] [js] [types] [page]
//
//   wasm    C++ → build/wasm (CMake with Emscripten's toolchain file)
//   modules → build/module: the .wasm files, and the glue of the one that has classes, minified
//   js      → dist/node and dist/browser (scripts/bundle_js.mjs)
//   types   → dist/types (for import) and dist/types-cjs (for require)
//   page    demo/page → dist/page
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, StepError, main, ninjaProgress, run, say } from "./commands.mjs";
import { builtModule, bundleForNode, bundleForPages } from "./bundle_js.mjs";
import { emscriptenEnvironment, emscriptenVersion } from "./setup.mjs";
import { ensureProtobufSource } from "./protobuf_source.mjs";
import { hashOf, onceFor } from "./stamps.mjs";

const MODULES = ["spandrel_core", "spandrel", "spandrel_classes", "spandrel_viewer"];
const CORE_INPUTS = ["src", "wasm", "cmake", "CMakeLists.txt"];
const STEPS = { wasm: buildWasm, modules: gatherModules, js: buildJs, types: buildTypes, page: buildPage };

export async function build(steps = Object.keys(STEPS)) {
  for (const step of steps) {
    const work = STEPS[step];
    if (work === undefined) throw new StepError(`there is no build step "${step}": ${Object.keys(STEPS).join(", ")}`);
    await work();
  }
}

// --- wasm ---------------------------------------------------------------------------------------

async function buildWasm() {
  const compiler = emscriptenVersion();
  const outputs = MODULES.map((name) => `build/wasm/wasm/${name}.wasm`);
  await onceFor("wasm", hashOf(CORE_INPUTS, [compiler]), outputs, async () => {
    const env = emscriptenEnvironment();
    const source = await ensureProtobufSource();
    if (compilerOf("build/wasm") !== compiler) rmSync(join(ROOT, "build/wasm"), { recursive: true, force: true });
    say(`Building the WebAssembly modules with Emscripten ${compiler}`);
    const args = [
      "-G",
      "Ninja",
      "-S",
      ".",
      "-B",
      "build/wasm",
      "-DCMAKE_BUILD_TYPE=Release",
      `-DSPANDREL_PROTOBUF_SOURCE=${source}`,
    ];
    await run("emcmake", ["cmake", ...args], { quiet: true, env, what: "configuring the WebAssembly build" });
    writeFileSync(join(ROOT, "build/wasm/compiler"), compiler);
    await run("cmake", ["--build", "build/wasm"], {
      env,
      progress: ninjaProgress("C++ → WebAssembly"),
      what: "the WebAssembly build",
    });
  });
}

/** Objects of another Emscripten (with -flto: bitcode) cannot be linked, so the folder remembers its own. */
function compilerOf(folder) {
  const file = join(ROOT, folder, "compiler");
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

// --- modules ------------------------------------------------------------------------------------

async function gatherModules() {
  const outputs = [...MODULES.map((name) => `${name}.wasm`), "spandrel_classes_glue.mjs", "spandrel_inline.mjs"];
  const inputs = [...MODULES.map((name) => `build/wasm/wasm/${name}.wasm`), "build/wasm/wasm/spandrel_classes.mjs"];
  const paths = outputs.map((name) => `build/module/${name}`);
  await onceFor("modules", hashOf([...inputs, "scripts/build.mjs"]), paths, async () => {
    await writeModules("build/wasm/wasm", "build/module", { minify: true });
    writeInline();
  });
}

/** The modules, and the glue of the one that has classes. */
export async function writeModules(from, to, { minify }) {
  const esbuild = await import("esbuild");
  mkdirSync(join(ROOT, to), { recursive: true });
  for (const name of MODULES) cpSync(join(ROOT, from, `${name}.wasm`), join(ROOT, to, `${name}.wasm`));
  const source = readFileSync(join(ROOT, from, "spandrel_classes.mjs"), "utf8");
  if (minify) forbidEval("spandrel_classes", source);
  const { code } = await esbuild.transform(source, {
    format: "esm",
    minify,
    target: "es2022",
    // The glue never looks for its bytes: the loader passes `instantiateWasm`. A constant here keeps bundlers from
    // copying a second .wasm, and lets the same text be part of a CommonJS file.
    define: { "import.meta.url": '"file:///"' },
    legalComments: "none",
  });
  writeFileSync(join(ROOT, to, "spandrel_classes_glue.mjs"), code);
  writeFileSync(
    join(ROOT, to, "spandrel_classes_glue.d.mts"),
    "declare function createModule(options?: Record<string, unknown>): Promise<unknown>;\nexport default createModule;\n",
  );
}

function forbidEval(name, source) {
  const found = /\bnew Function\b|\beval\(|process\.on\(/.exec(source);
  if (found) throw new StepError(`the glue of ${name} contains "${found[0]}": a strict content policy would refuse it`);
}

/** What spandrel/inline carries: the module in base64. */
function writeInline() {
  const base64 = readFileSync(join(ROOT, "build/module/spandrel.wasm")).toString("base64");
  writeFileSync(join(ROOT, "build/module/spandrel_inline.mjs"), `export const wasmBase64 =\n  "${base64}";\n`);
  writeFileSync(join(ROOT, "build/module/spandrel_inline.d.mts"), "export const wasmBase64: string;\n");
}

// --- js -----------------------------------------------------------------------------------------

async function buildJs() {
  const inputs = [
    "js",
    "build/module",
    "package.json",
    "package-lock.json",
    "scripts/build.mjs",
    "scripts/bundle_js.mjs",
    "tsconfig.json",
  ];
  await onceFor("js", hashOf(inputs), ["dist/node/index.mjs", "dist/browser/index.mjs"], async () => {
    say("Bundling the package");
    for (const folder of ["dist/node", "dist/browser"]) rmSync(join(ROOT, folder), { recursive: true, force: true });
    await bundleForNode();
    await bundleForPages();
    copyModules("node", MODULES);
    copyModules("browser", ["spandrel_core", "spandrel", "spandrel_classes"]);
  });
}

function copyModules(folder, names) {
  for (const name of names) cpSync(join(ROOT, `build/module/${name}.wasm`), join(ROOT, `dist/${folder}/${name}.wasm`));
}

// --- types --------------------------------------------------------------------------------------

async function buildTypes() {
  await onceFor(
    "types",
    hashOf(["js", "tsconfig.json", "tsconfig.build.json", "package-lock.json"]),
    ["dist/types/index.d.ts"],
    async () => {
      say("Writing type declarations");
      for (const folder of ["dist/types", "dist/types-cjs"]) rmSync(join(ROOT, folder), { recursive: true, force: true });
      await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--noCheck"], {
        quiet: true,
        what: "tsc",
      });
      // (Types are checked by `npm run lint`.) The same declarations for require(): what a .d.ts file is follows the nearest package.json.
      cpSync(join(ROOT, "dist/types"), join(ROOT, "dist/types-cjs"), { recursive: true });
      writeFileSync(join(ROOT, "dist/types-cjs/package.json"), '{ "type": "commonjs" }\n');
    },
  );
}

// --- page -----------------------------------------------------------------------------------------

/** demo/page/main.ts and its workers are bundled; other files (html, css, icons) are copied as they are. */
async function buildPage() {
  if (!existsSync(join(ROOT, "demo/page"))) return;
  await onceFor(
    "page",
    hashOf(["demo", "js", "build/module", "scripts/build.mjs", "scripts/bundle_js.mjs"]),
    ["dist/page/index.html"],
    async () => {
      say("Building the page");
      rmSync(join(ROOT, "dist/page"), { recursive: true, force: true });
      const esbuild = await import("esbuild");
      const entries = ["main", "worker"].filter((name) => existsSync(join(ROOT, `demo/page/${name}.ts`)));
      await esbuild.build({
        absWorkingDir: ROOT,
        entryPoints: entries.map((name) => ({ in: `demo/page/${name}.ts`, out: name })),
        outdir: "dist/page",
        bundle: true,
        splitting: true,
        format: "esm",
        platform: "browser",
        conditions: ["browser"],
        target: "es2022",
        minify: true,
        legalComments: "none",
        chunkNames: "chunk-[hash]",
        logOverride: { "ignored-bare-import": "silent" },
        plugins: [builtModule()],
      });
      for (const file of readdirSync(join(ROOT, "demo/page"))) {
        if (!/\.tsx?$/.test(file)) cpSync(join(ROOT, "demo/page", file), join(ROOT, "dist/page", file), { recursive: true });
      }
      copyModules("page", ["spandrel_core", "spandrel", "spandrel_viewer"]);
    },
  );
}

main(import.meta.url, (args) => build(args.length > 0 ? args : undefined));
