// Builds everything, or the steps named: node scripts/build.mjs [wasm] [glue] [js] [types] [page]
//
//   wasm    C++ → build/wasm (CMake with Emscripten's toolchain file)
//   glue    → build/module: for each module its .wasm, and Emscripten's glue minified, as ES module and CommonJS
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

const MODULES = ["spandrel_core", "spandrel", "spandrel_viewer"];
const CORE_INPUTS = ["src", "wasm", "cmake", "CMakeLists.txt"];
const STEPS = { wasm: buildWasm, glue: buildGlue, js: buildJs, types: buildTypes, page: buildPage };

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
  const outputs = ["build/wasm/wasm/spandrel.mjs", "build/wasm/wasm/spandrel.wasm"];
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

// --- glue ---------------------------------------------------------------------------------------

async function buildGlue() {
  const built = MODULES.filter((name) => existsSync(join(ROOT, `build/wasm/wasm/${name}.mjs`)));
  const inputs = built.flatMap((name) => [`build/wasm/wasm/${name}.mjs`, `build/wasm/wasm/${name}.wasm`]);
  const outputs = built.flatMap((name) => [
    `build/module/${name}_glue.mjs`,
    `build/module/${name}_glue.cjs`,
    `build/module/${name}.wasm`,
  ]);
  await onceFor("glue", hashOf([...inputs, "scripts/build.mjs"]), outputs, async () => {
    const esbuild = await import("esbuild");
    mkdirSync(join(ROOT, "build/module"), { recursive: true });
    for (const name of built) {
      const source = readFileSync(join(ROOT, `build/wasm/wasm/${name}.mjs`), "utf8");
      forbidEval(name, source);
      const declaration = "declare function createModule(options?: Record<string, unknown>): Promise<unknown>;\n";
      writeFileSync(join(ROOT, `build/module/${name}_glue.d.mts`), `${declaration}export default createModule;\n`);
      writeFileSync(join(ROOT, `build/module/${name}_glue.d.cts`), `${declaration}export = createModule;\n`);
      for (const [format, extension] of [
        ["esm", "mjs"],
        ["cjs", "cjs"],
      ]) {
        const { code } = await esbuild.transform(source, {
          format,
          minify: true,
          target: "es2022",
          // The glue never looks for its bytes: the loader passes `instantiateWasm`. A constant here keeps bundlers
          // from copying a second .wasm and lets the same text be CommonJS.
          define: { "import.meta.url": '"file:///"' },
          legalComments: "none",
        });
        writeFileSync(
          join(ROOT, `build/module/${name}_glue.${extension}`),
          code + (format === "cjs" ? "module.exports=module.exports.default;\n" : ""),
        );
      }
      cpSync(join(ROOT, `build/wasm/wasm/${name}.wasm`), join(ROOT, `build/module/${name}.wasm`));
    }
    writeInline();
  });
}

function forbidEval(name, source) {
  const found = /\bnew Function\b|\beval\(|process\.on\(/.exec(source);
  if (found) throw new StepError(`the glue of ${name} contains "${found[0]}": a strict content policy would refuse it`);
}

/** What spandrel/inline carries: the glue, and the module in base64. */
function writeInline() {
  const base64 = readFileSync(join(ROOT, "build/module/spandrel.wasm")).toString("base64");
  const text = `export { default as createModule } from "./spandrel_glue.mjs";\nexport const wasmBase64 =\n  "${base64}";\n`;
  writeFileSync(join(ROOT, "build/module/spandrel_inline.mjs"), text);
  const types = "export const createModule: unknown;\nexport const wasmBase64: string;\n";
  writeFileSync(join(ROOT, "build/module/spandrel_inline.d.mts"), types);
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
    for (const name of MODULES.filter((name) => existsSync(join(ROOT, `build/module/${name}.wasm`)))) {
      for (const folder of ["node", "browser"]) {
        for (const file of [`${name}.wasm`, `${name}_glue.mjs`, ...(folder === "node" ? [`${name}_glue.cjs`] : [])]) {
          cpSync(join(ROOT, "build/module", file), join(ROOT, "dist", folder, file));
        }
      }
    }
  });
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
  await onceFor("page", hashOf(["demo", "js", "build/module", "scripts/build.mjs"]), ["dist/page/index.html"], async () => {
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
      plugins: [builtModule(), keepGlueBeside()],
    });
    for (const file of readdirSync(join(ROOT, "demo/page"))) {
      if (!/\.tsx?$/.test(file)) cpSync(join(ROOT, "demo/page", file), join(ROOT, "dist/page", file), { recursive: true });
    }
    for (const name of MODULES) {
      for (const file of [`${name}.wasm`, `${name}_glue.mjs`]) {
        if (existsSync(join(ROOT, "build/module", file))) cpSync(join(ROOT, "build/module", file), join(ROOT, "dist/page", file));
      }
    }
  });
}

/** The page's bundle takes the package from dist/browser; its glue stays a file beside the page's own. */
function keepGlueBeside() {
  return {
    name: "glue-beside",
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /spandrel\w*_glue\.mjs$/ }, ({ path }) => ({
        path: `./${path.split("/").pop()}`,
        external: true,
      }));
    },
  };
}

main(import.meta.url, (args) => build(args.length > 0 ? args : undefined));
