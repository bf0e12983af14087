// Who may depend on whom (docs/architecture.md): reads #include lines and import statements, and fails on
// an arrow that points the wrong way. The arrows themselves stand in the two tables below.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import { ROOT, StepError, main } from "./commands.mjs";
import { filesBelow } from "./stamps.mjs";

/** A room of src/ → the rooms it may include. A room may always include itself. */
const ROOMS = {
  base: [],
  trace: ["base"],
  record: ["base", "trace"],
  otlp: ["base", "trace", "record"],
  mlflow: ["base", "trace", "record"],
  query: ["base", "trace", "record"],
  client: ["base", "trace", "record", "otlp", "mlflow"],
  manager: ["base", "trace", "record", "otlp", "mlflow", "query"],
  exporting: ["base", "trace", "record", "otlp", "mlflow", "query", "manager"],
  view: ["base", "trace", "record", "otlp", "mlflow", "query"],
};
/** Headers the core must not see: the host's and the compiler's worlds, and what bloats or breaks a module. */
const FORBIDDEN_HEADERS = [
  [/^emscripten/, "the core has never heard of a browser"],
  [/^(iostream|fstream|filesystem|regex|format|ranges|thread)$/, "no I/O, no std::regex, nothing that 3.1.6 lacks in src/"],
];
/** Only these import the built modules or name their files. */
const MODULE_USERS = /^js\/(load|platform|viewer)\/|^js\/(inline|cli\/core_decoder)\.ts$/;
/** Only these import Node built-ins: the platform's Node files and the command. */
const NODE_USERS = /^js\/platform\/node(_\w+)?\.ts$|^js\/cli\//;
/** demo/ uses the package by name; the viewer's side of js/ is not an entry of the package yet. */
const DEMO_MAY_USE = /^js\/viewer\//;
/** Rooms of js/ that the others must not import. */
const JS_LEAVES = ["cli", "testing"];

main(import.meta.url, async () => {
  const faults = [...coreFaults(), ...bindingFaults(), ...scriptFaults()];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) throw new StepError(`check-layers: ${faults.length} arrows point the wrong way`);
  console.log("check-layers: every arrow points the right way");
});

const read = (path) => readFileSync(join(ROOT, path), "utf8");

function includesOf(path) {
  return [...read(path).matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map((match) => match[1]);
}

function* coreFaults() {
  for (const path of filesBelow(["src"]).filter((name) => /\.(cpp|h)$/.test(name))) {
    const room = path.split("/")[1];
    if (!(room in ROOMS)) {
      yield `${path}: "${room}" is not a room of the core`;
      continue;
    }
    for (const header of includesOf(path)) {
      const target = header.split("/")[0];
      if (target in ROOMS && header.includes("/") && target !== room && !ROOMS[room].includes(target)) {
        yield `${path}: ${room} may not use ${target} (${header})`;
      }
      for (const [pattern, reason] of FORBIDDEN_HEADERS) if (pattern.test(header)) yield `${path}: <${header}>: ${reason}`;
    }
  }
}

function* bindingFaults() {
  const outside = filesBelow(["src", "tests/core"]).filter((name) => /\.(cpp|h)$/.test(name));
  for (const path of outside) {
    for (const header of includesOf(path)) if (header.startsWith("wasm/")) yield `${path}: only wasm/ uses wasm/ (${header})`;
  }
}

function importsOf(path) {
  const text = read(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
  const patterns = [/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g, /\brequire\(\s*["']([^"']+)["']\s*\)/g];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]));
}

function* scriptFaults() {
  const isBuiltin = (name) => name.startsWith("node:") || builtinModules.includes(name);
  const isScript = (name) => /\.([cm]?[jt]s)$/.test(name);
  for (const path of filesBelow(["js"]).filter(isScript)) {
    if (/build\/module\//.test(read(path)) && !MODULE_USERS.test(path))
      yield `${path}: only js/load, js/platform and js/viewer name the built modules`;
    for (const name of importsOf(path)) {
      if (isBuiltin(name) && !NODE_USERS.test(path))
        yield `${path}: only js/platform/node*.ts and js/cli/ import Node built-ins (${name})`;
      if (!name.startsWith(".")) continue;
      const target = normalize(join(dirname(path), name));
      if (/^(demo|tests|bench|src|wasm)\//.test(target)) yield `${path}: js/ may not use ${target}`;
      const leaf = JS_LEAVES.find((room) => target.startsWith(`js/${room}/`) && !path.startsWith(`js/${room}/`));
      if (leaf !== undefined) yield `${path}: nothing in js/ uses js/${leaf}/ (${name})`;
    }
  }
  for (const path of filesBelow(["demo"]).filter(isScript)) {
    for (const name of importsOf(path)) {
      if (!name.startsWith(".")) continue;
      const target = normalize(join(dirname(path), name));
      if (!target.startsWith("demo/") && !DEMO_MAY_USE.test(target))
        yield `${path}: demo/ imports the package by its name, not ${name}`;
    }
  }
}
