// The package's JavaScript: js/ → dist/node (ES modules and CommonJS) and dist/browser (ES modules).
//
// What is loaded at once is one file: in pages eager.mjs, all that js/start.ts imports; in Node index.mjs, all that
// the main entry imports but what LATE names. The other files take from there what they share with it.
//
// How the built modules are found. Sources say `new URL("../../build/module/<file>.wasm", import.meta.url)`. In the
// package those files stand beside the bundles, so the prefix is rewritten to "./" while bundling.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT, StepError } from "./commands.mjs";

/** Each is a bundle of its own. "bundled" is the main entry for bundlers, which find no file that is read late. */
const WHOLE_IN_NODE = { bundled: "js/index.ts", wasm: "js/wasm.ts", inline: "js/inline.ts", cli: "js/cli/main.ts" };
const BESIDE_MAIN_IN_NODE = { testing: "js/testing/index.ts", register: "js/register.ts" };
const BESIDE_MAIN_IN_PAGES = {
  wasm: "js/wasm.ts",
  testing: "js/testing/index.ts",
  inline: "js/inline.ts",
  more: "js/more.ts",
  service: "js/load/service.ts",
};
/** Beside the main entry and its companions. */
const WITH_COMMONJS = ["wasm", "inline"];

/**
 * What no process needs at its start, and most never. In Node stand-ins of what these files export
 * (js/platform/node_late.ts) read late.cjs when the first of them is used.
 */
const LATE = [
  /^js\/mlflow\/(?!exporter_settings|spans_location)/,
  /^js\/tracing\/(any_value|create_span|local_trace_info|record_reader|trace_info|trace_manager)\.ts$/,
  /^js\/export\/(console_exporter|trace_destination)\.ts$/,
  /^js\/load\/(codec_core|lazy_trace_exporter|leak_reports|manager_core|query_core|trace_keeper)\.ts$/,
];

/** Characters of a line of Node's bundles. */
const LINE_LIMIT = 200;

export async function bundleForNode() {
  for (const [name, source] of Object.entries(WHOLE_IN_NODE)) await bundle("node", { [name]: source });
  await bundle("node", BESIDE_MAIN_IN_NODE, [mainEntry("./index.mjs")], { splitting: false });
  const besideBundled = Object.entries(BESIDE_MAIN_IN_NODE).map(([name, source]) => [`bundled_${name}`, source]);
  await bundle("node", Object.fromEntries(besideBundled), [mainEntry("./bundled.mjs")], { splitting: false });
  await bundleMain();
  await writeCommonJs();
}

/** index.mjs, and late.cjs: a function of what it takes from there, so that both have the same classes. */
async function bundleMain() {
  const inOne = { splitting: false, write: false };
  const { metafile } = await bundle("node", { index: "js/index.ts" }, [standIns(new Map())], inOne);
  const main = await namesOf(Object.keys(metafile.inputs).filter((path) => path.startsWith("js/")));
  const late = await namesOf(Object.keys(metafile.inputs).flatMap((path) => /^stand-in:(.*)/.exec(path)?.[1] ?? []));

  const read = await bundle("node", {}, [takenFrom("main", main)], { ...inOne, stdin: reExporting(late) });
  const { text } = read.outputFiles[0];
  const lists = [...text.matchAll(/\bimport\s*\{([^}]*)\}\s*from\s*"main"/g)].map(([, list]) => list);
  const taken = new Set(lists.flatMap((list) => list.split(",").map((name) => name.trim().split(/\s+as\s+/)[0])));
  const { code } = await (await import("esbuild")).transform(text, { format: "cjs", minify: true, lineLimit: LINE_LIMIT });
  const head =
    '"use strict";module.exports=main=>{const outer=require,module={exports:{}};{const require=n=>n==="main"?main:outer(n);';
  writeFileSync(join(ROOT, "dist/node/late.cjs"), `${head}\n${code}}return module.exports};\n`);

  const imports = [...main].map(([path, aliases]) => [path, aliases.filter(([, alias]) => taken.has(alias))]);
  const stdin = {
    contents: [
      'export * from "./js/index.ts";',
      'import { setLateReader } from "./js/platform/node_late.ts";',
      'import { requireFile } from "./js/platform/node_builtin.ts";',
      ...imports.map(([path, aliases]) => (aliases.length > 0 ? `import { ${listed(aliases)} } from "./${path}";` : "")),
      // A URL, so that those who copy what a program needs find the file.
      `setLateReader(() => requireFile(new URL("./late.cjs", import.meta.url))({ ${[...taken].join(", ")} }));`,
    ].join("\n"),
    resolveDir: ROOT,
    loader: "ts",
  };
  await bundle("node", {}, [standIns(late)], { stdin, entryNames: "index", splitting: false });
}

/** In pages the service is a file of its own. Bundlers of applications take no file apart. */
export async function bundleForPages() {
  const service = [serviceBeside()];
  const start = { start: "js/start.ts" };
  const { metafile } = await bundle("browser", start, service, { write: false });
  const [{ inputs }] = Object.values(metafile.outputs);
  const names = await namesOf(Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0));
  await bundle("browser", {}, service, { stdin: reExporting(names), entryNames: "eager" });
  await bundle("browser", { ...start, ...BESIDE_MAIN_IN_PAGES }, [takenFrom("./eager.mjs", names), ...service]);
  // As js/index.ts has it, and says why; esbuild would name the files behind it.
  const stars = ["start", "more"].map((name) => `export*from"./${name}.mjs";`);
  writeFileSync(join(ROOT, "dist/browser/index.mjs"), `${stars.join("")}\n`);
  dropBareImports("dist/browser");
}

async function bundle(platform, entries, plugins = [], options = {}) {
  const esbuild = await import("esbuild");
  return await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(entries).map(([name, source]) => ({ in: source, out: name })),
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
    // Node prints the line of an error that nobody caught.
    lineLimit: platform === "node" ? LINE_LIMIT : 0,
    legalComments: "none",
    logOverride: { "ignored-bare-import": "silent" }, // shared chunks are free of side effects, as package.json says
    metafile: true,
    plugins: [...plugins, builtModule()],
    ...options,
  });
}

// --- files that share one ----------------------------------------------------------------------

/** What each file exports, and under which name the shared one has it: two files may use the same. */
async function namesOf(files) {
  const esbuild = await import("esbuild");
  const taken = new Set();
  const names = new Map();
  for (const path of new Set(files)) {
    const { metafile } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [path],
      outdir: "x",
      write: false,
      metafile: true,
    });
    const [{ exports }] = Object.values(metafile.outputs);
    const aliases = exports.map((name) => {
      let alias = name;
      while (taken.has(alias)) alias += "_";
      taken.add(alias);
      return [name, alias];
    });
    names.set(path, aliases);
  }
  return names;
}

const listed = (aliases) => aliases.map(([from, to]) => (from === to ? from : `${from} as ${to}`)).join(", ");

function reExporting(names) {
  const lines = [...names]
    .filter(([, aliases]) => aliases.length > 0)
    .map(([path, aliases]) => `export { ${listed(aliases)} } from "./${path}";`);
  return { contents: lines.join("\n"), resolveDir: ROOT, loader: "ts" };
}

/** Marks the questions of our own plugins. */
const ASKED = {};

/** A plugin that is asked about each import of one of our files, by its path from the root. */
function onImport(name, answer) {
  return {
    name,
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /^[.#]/ }, async ({ path, resolveDir, kind, importer, namespace, pluginData }) => {
        if (pluginData === ASKED) return undefined;
        const found = await pluginBuild.resolve(path, { resolveDir, kind, importer, namespace, pluginData: ASKED });
        return found.external || found.errors.length > 0 ? undefined : answer(relative(ROOT, found.path), kind);
      });
    },
  };
}

/** Imports of files that `shared` has come from there. */
function takenFrom(shared, names) {
  return replacing("taken", shared, (path) => {
    const aliases = names.get(path);
    return aliases && `export { ${listed(aliases.map(([name, alias]) => [alias, name]))} } from "${shared}";`;
  });
}

function serviceBeside() {
  return onImport("service-beside", (path, kind) =>
    kind === "dynamic-import" && path === "js/load/service.ts" ? { path: "./service.mjs", external: true } : undefined,
  );
}

/** What stands in for late files. */
function standIns(late) {
  return replacing("stand-in", null, (path) => {
    if (!LATE.some((pattern) => pattern.test(path))) return undefined;
    const aliases = new Map(late.get(path));
    const source = readFileSync(join(ROOT, path), "utf8");
    const kinds = [...source.matchAll(/^export (?:abstract |async )*(class|function|const|let|enum)\*? ?(\w+)/gm)];
    const lines = kinds.map(([, kind, name]) => {
      const make = { class: "lateClass", function: "lateFunction" }[kind];
      if (make === undefined) throw new StepError(`${path} is read late, but exports the value ${name}`);
      return `export const ${name} = /* @__PURE__ */ ${make}("${aliases.get(name) ?? name}");`;
    });
    return `import { lateClass, lateFunction } from "./js/platform/node_late.ts";\n${lines.join("\n")}`;
  });
}

/** The main entry's own names are imported from there. */
function mainEntry(file) {
  return {
    name: "main-entry",
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /\/(index|load\/init)\.js$/ }, () => ({ path: file, external: true }));
    },
  };
}

/** Files whose contents are other than what stands there, where `contentsOf` has some for them. */
function replacing(namespace, shared, contentsOf) {
  const plugin = onImport(namespace, (path) => (contentsOf(path) === undefined ? undefined : { path, namespace }));
  return {
    name: namespace,
    setup(pluginBuild) {
      plugin.setup(pluginBuild);
      if (shared !== null)
        pluginBuild.onResolve({ filter: /./ }, ({ path }) => (path === shared ? { path, external: true } : undefined));
      pluginBuild.onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: contentsOf(path),
        loader: "ts",
        resolveDir: ROOT,
      }));
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

/** URLs of "../../build/module/x.wasm" → "./x.wasm" (see the head of this file). */
export function builtModule() {
  return {
    name: "built-module",
    setup(pluginBuild) {
      pluginBuild.onLoad({ filter: /[\\/]js[\\/].*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        return { contents: source.replace(/"(?:\.\.\/)+build\/module\/(\w+\.wasm)"/g, '"./$1"'), loader: "ts" };
      });
    },
  };
}

/** CommonJS twins of the bundles, file by file, so that both have the same chunks and a class exists once in each. */
async function writeCommonJs() {
  const esbuild = await import("esbuild");
  const folder = join(ROOT, "dist/node");
  const written = new Set();
  const write = async (name) => {
    if (written.has(name)) return;
    written.add(name);
    const source = readFileSync(join(folder, `${name}.mjs`), "utf8")
      .replace(/(["']\.\/[\w-]+)\.mjs(["'])/g, "$1.cjs$2")
      .replace(/new URL\(\s*"\.\/([\w.]+)"\s*,\s*import\.meta\.url\s*\)/g, 'require("node:url").pathToFileURL(__dirname+"/$1")');
    const { code } = await esbuild.transform(source, {
      format: "cjs",
      platform: "node",
      target: "node20",
      minifyWhitespace: true,
      lineLimit: LINE_LIMIT,
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "spandrelModuleUrl" },
      banner: source.includes("import.meta.url")
        ? 'const spandrelModuleUrl=require("node:url").pathToFileURL(__filename).href;'
        : "",
    });
    writeFileSync(join(folder, `${name}.cjs`), code);
    for (const [, chunk] of source.matchAll(/"\.\/(chunk-\w+)\.cjs"/g)) await write(chunk);
  };
  for (const name of ["index", ...Object.keys(BESIDE_MAIN_IN_NODE), ...WITH_COMMONJS]) await write(name);
}
