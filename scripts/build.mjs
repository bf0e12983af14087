// Builds everything, or the steps named: node scripts/build.mjs [wasm] [glue] [js] [types] [page]
//
//   wasm    C++ → build/wasm (CMake with Emscripten's toolchain file)
//   glue    → build/module: for each module its .wasm, and Emscripten's glue minified, as ES module and CommonJS
//   js      → dist/node (ESM and CommonJS) and dist/browser (ESM): bundles with shared chunks
//   types   → dist/types (for import) and dist/types-cjs (for require)
//   page    demo/page → dist/page
//
// How the built module is found. Sources say "../../build/module/<file>" (from js/load or js/platform), in
// `new URL("…", import.meta.url)`, in `import("…")` and in `createRequire(import.meta.url)("…")`. In the
// package those files stand beside the bundles, so the prefix is rewritten to "./" while bundling and the
// imports stay imports: glue and wasm are loaded when init() asks, never with the main entry.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT, StepError, main, ninjaProgress, run, say } from "./commands.mjs";
import { emscriptenEnvironment, emscriptenVersion } from "./setup.mjs";
import { ensureProtobufSource } from "./protobuf_source.mjs";
import { hashOf, onceFor } from "./stamps.mjs";

const MODULES = ["spandrel_core", "spandrel", "spandrel_viewer"];
const CORE_INPUTS = ["src", "wasm", "cmake", "CMakeLists.txt"];
/**
 * Name in dist, source file; `nodeOnly` entries need Node built-ins. In Node `besideIndex` entries take from the
 * main one what they import of it.
 */
const ENTRIES = [
  { name: "index", source: "js/index.ts" },
  { name: "wasm", source: "js/wasm.ts" },
  { name: "testing", source: "js/testing/index.ts", besideIndex: true },
  { name: "inline", source: "js/inline.ts" },
  { name: "more", source: "js/more.ts", browserOnly: true },
  { name: "service", source: "js/load/service.ts", browserOnly: true },
  { name: "register", source: "js/register.ts", nodeOnly: true, besideIndex: true },
  { name: "cli", source: "js/cli/main.ts", nodeOnly: true, esmOnly: true },
];
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
  const inputs = ["js", "build/module", "package.json", "package-lock.json", "scripts/build.mjs", "tsconfig.json"];
  await onceFor("js", hashOf(inputs), ["dist/node/index.mjs", "dist/browser/index.mjs"], async () => {
    say("Bundling the package");
    for (const folder of ["dist/node", "dist/browser"]) rmSync(join(ROOT, folder), { recursive: true, force: true });
    const entries = ENTRIES.filter((entry) => existsSync(join(ROOT, entry.source)));
    if (entries.length === 0) throw new StepError("js/index.ts is missing");
    // In Node every file of an import costs a third of a millisecond: each entry has its own.
    for (const entry of entries.filter((entry) => !entry.browserOnly)) await bundle("node", [entry]);
    await bundleForPages(entries.filter((entry) => !entry.nodeOnly));
    dropBareImports("dist/browser");
    await writeCommonJs();
    for (const name of MODULES.filter((name) => existsSync(join(ROOT, `build/module/${name}.wasm`)))) {
      for (const folder of ["node", "browser"]) {
        for (const file of [`${name}.wasm`, `${name}_glue.mjs`, ...(folder === "node" ? [`${name}_glue.cjs`] : [])]) {
          cpSync(join(ROOT, "build/module", file), join(ROOT, "dist", folder, file));
        }
      }
    }
  });
}

/**
 * What a page loads at once, all that js/start.ts imports, is one file, eager.mjs, with nothing in it that init()
 * loads. Bundlers of applications take no file apart, so the page has it in one piece too.
 */
async function bundleForPages(entries) {
  const started = await bundle("browser", [{ name: "start", source: "js/start.ts" }], [served(() => false)], { write: false });
  const [start] = Object.values(started.metafile.outputs);
  const eager = Object.keys(start.inputs).filter((path) => start.inputs[path].bytesInOutput > 0);
  const text = eager.map((path) => `export * from "./${path}";`).join("\n");
  const stdin = { contents: text, resolveDir: ROOT, loader: "ts" };
  await bundle("browser", [], [served(() => false)], { stdin, entryNames: "eager" });
  const rest = entries.filter((entry) => entry.name !== "index");
  await bundle("browser", rest, [served((path) => eager.includes(path))]);
  writeFileSync(join(ROOT, "dist/browser/start.mjs"), `export{${start.exports.join(",")}}from"./eager.mjs";\n`);
  // As js/index.ts has it, and says why; esbuild would name the files behind it.
  const stars = ["start", "more"].map((name) => `export*from"./${name}.mjs";`);
  writeFileSync(join(ROOT, "dist/browser/index.mjs"), `${stars.join("")}\n`);
}

/** The service is a file of its own; so is, for the others, what pages load at once. */
function served(isEager) {
  const SEEN = "seen";
  return {
    name: "served",
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /^(\.|#)/ }, async ({ path, resolveDir, kind, importer, pluginData }) => {
        if (pluginData === SEEN) return undefined;
        if (kind === "dynamic-import" && path.endsWith("/service.js")) return { path: "./service.mjs", external: true };
        const found = await pluginBuild.resolve(path, { resolveDir, kind, importer, pluginData: SEEN });
        return isEager(relative(ROOT, found.path)) ? { path: "./eager.mjs", external: true } : found;
      });
    },
  };
}

async function bundle(platform, entries, plugins = [], options = {}) {
  const esbuild = await import("esbuild");
  return await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: entries.map((entry) => ({ in: entry.source, out: entry.name })),
    outdir: `dist/${platform}`,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: platform === "node" ? "node" : "browser",
    conditions: [platform],
    target: platform === "node" ? "node20" : "es2022",
    // Pages count bytes, and Node the milliseconds it takes to parse them.
    minify: true,
    legalComments: "none",
    logOverride: { "ignored-bare-import": "silent" }, // shared chunks are free of side effects, as package.json says
    metafile: true,
    plugins: [...plugins, ...(entries[0]?.besideIndex && platform === "node" ? [mainEntry()] : []), builtModule()],
    ...options,
  });
}

/** What the main entry exports is imported from there. */
function mainEntry() {
  return {
    name: "main-entry",
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /\/(index|load\/init)\.js$/ }, () => ({ path: "./index.mjs", external: true }));
    },
  };
}

/**
 * `import "./chunk.mjs"` only loads a chunk early, which another of the file's imports loads anyway; but it makes an
 * application's bundler count the chunk among what is needed at once.
 */
function dropBareImports(folder) {
  for (const file of readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".mjs"))) {
    const path = join(ROOT, folder, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(/\bimport"\.\/chunk-\w+\.mjs";/g, ""));
  }
}

/** "../../build/module/x" → "./x", and imports of it stay as they are (see the head of this file). */
function builtModule() {
  return {
    name: "built-module",
    setup(pluginBuild) {
      pluginBuild.onLoad({ filter: /[\\/]js[\\/].*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        return { contents: source.replace(/(["'])(?:\.\.\/)+build\/module\/(?!spandrel_inline)/g, "$1./"), loader: "ts" };
      });
      pluginBuild.onResolve({ filter: /^\.\/spandrel\w*(_glue\.[cm]js|\.wasm)$/ }, ({ path, importer }) =>
        importer.endsWith("spandrel_inline.mjs") ? undefined : { path, external: true },
      );
    },
  };
}

/** CommonJS twins of the bundles, file by file, so that both have the same chunks and a class exists once in each. */
async function writeCommonJs() {
  const esbuild = await import("esbuild");
  const folder = join(ROOT, "dist/node");
  const skipped = new Set(ENTRIES.filter((entry) => entry.esmOnly).map((entry) => `${entry.name}.mjs`));
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".mjs") || skipped.has(file)) continue;
    const source = readFileSync(join(folder, file), "utf8").replace(/(["']\.\/[\w-]+)\.mjs(["'])/g, "$1.cjs$2");
    const { code } = await esbuild.transform(source, {
      format: "cjs",
      platform: "node",
      target: "node20",
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "spandrelModuleUrl" },
      banner: source.includes("import.meta.url")
        ? 'const spandrelModuleUrl=require("node:url").pathToFileURL(__filename).href;'
        : "",
    });
    writeFileSync(join(folder, file.replace(/\.mjs$/, ".cjs")), code);
  }
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
