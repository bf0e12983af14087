// Installs what the build needs and a machine lacks. Plain Node, no packages; called by `npm start`,
// `npm test`, `npm run lint`, or alone: node scripts/setup.mjs [--tests] [--lint]
//
// On Debian and Ubuntu missing programs come from the system's packages, as root or by sudo. Nothing is
// touched when nothing is missing, so no root is needed then. What cannot be installed is named in one
// line with the way to get it. An `emcc` on the path (3.1.6 or newer) wins over the package.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, StepError, capture, exists, main, run, say } from "./commands.mjs";
import { ensureProtobufSource } from "./protobuf_source.mjs";
import { hashOf, onceFor } from "./stamps.mjs";

const MINIMUM_EMCC = [3, 1, 6];

const hasHeader = (path) =>
  ["/usr/include", "/usr/local/include", "/opt/homebrew/include"].some((d) => existsSync(join(d, path)));

/** What has to be there: `brew` is said on macOS, `otherwise` where neither apt nor brew is at hand. */
const NEEDS = [
  { name: "CMake", packages: ["cmake"], isPresent: () => exists("cmake") },
  { name: "Ninja", packages: ["ninja-build"], brew: "ninja", isPresent: () => exists("ninja") },
  { name: "a C++20 compiler", packages: ["g++"], brew: "llvm", isPresent: () => exists("c++") || exists("g++") },
  { name: "protoc 3.21", packages: ["protobuf-compiler"], brew: "protobuf@21", isPresent: () => exists("protoc") },
  {
    name: "libprotobuf-lite",
    packages: ["libprotobuf-dev"],
    brew: "protobuf@21",
    isPresent: () => hasHeader("google/protobuf/message_lite.h"),
  },
  {
    name: "nlohmann_json",
    packages: ["nlohmann-json3-dev"],
    brew: "nlohmann-json",
    isPresent: () => hasHeader("nlohmann/json.hpp"),
  },
  {
    name: "Emscripten 3.1.6 or newer",
    packages: ["emscripten"],
    brew: "emscripten",
    otherwise: "install emsdk and put emcc on the path",
    isPresent: () => exists("emcc"),
  },
];
const TEST_NEEDS = [
  { name: "GoogleTest", packages: ["libgtest-dev"], brew: "googletest", isPresent: () => hasHeader("gtest/gtest.h") },
  {
    name: "Chromium",
    packages: ["chromium"],
    brew: "chromium",
    otherwise: "or name one in SPANDREL_CHROMIUM",
    isPresent: () => findChromium() !== null,
  },
  {
    name: "a font for the browser",
    packages: ["fonts-dejavu-core"],
    isPresent: () => process.platform !== "linux" || existsSync("/usr/share/fonts"),
  },
];
const LINT_NEEDS = [
  { name: "clang-format", packages: ["clang-format"], isPresent: () => exists("clang-format") },
  { name: "clang-tidy", packages: ["clang-tidy"], brew: "llvm", isPresent: () => exists("clang-tidy") },
];

/** The browser the tests drive: SPANDREL_CHROMIUM, or one that is installed. */
export function findChromium() {
  const named = process.env["SPANDREL_CHROMIUM"];
  if (named) return existsSync(named) ? named : null;
  const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return places.find((path) => existsSync(path)) ?? null;
}

/** Environment for emcc. Debian's package keeps acorn, which its optimiser requires, outside Node's own search path. */
export function emscriptenEnvironment() {
  const debianModules = "/usr/share/nodejs";
  if (!existsSync(join(debianModules, "acorn"))) return {};
  return { NODE_PATH: [process.env["NODE_PATH"], debianModules].filter(Boolean).join(":") };
}

export function emscriptenVersion() {
  const text = capture("emcc", ["--version"], { env: { ...process.env, ...emscriptenEnvironment() } });
  return /(\d+\.\d+\.\d+)/.exec(text ?? "")?.[1] ?? null;
}

export async function setup({ tests = false, lint = false } = {}) {
  checkNode();
  await installMissing([...NEEDS, ...(tests ? TEST_NEEDS : []), ...(lint ? LINT_NEEDS : [])]);
  checkEmscripten();
  await installNpmPackages();
  await ensureProtobufSource();
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) throw new StepError(`Node ${process.versions.node} is too old: install Node 20 or newer`);
}

async function installMissing(needs) {
  const missing = needs.filter((need) => !need.isPresent());
  if (missing.length === 0) return;
  const names = missing.map((need) => need.name).join(", ");
  const packages = missing.flatMap((need) => need.packages);
  const command = `apt-get install ${packages.join(" ")}`;
  if (!exists("apt-get")) throw new StepError(`missing: ${names}. ${wayWithoutApt(missing)}`);

  const isRoot = process.getuid?.() === 0;
  if (!isRoot && capture("sudo", ["-n", "true"]) === null && !(process.stdin.isTTY && exists("sudo"))) {
    throw new StepError(`missing: ${names}. As root: ${command}`);
  }
  say(`Installing ${names} (${packages.join(" ")}; Emscripten alone takes a few minutes)`);
  await apt(isRoot, ["update", "-q"], "package lists", true);
  await apt(isRoot, ["install", "-q", "-y", "--no-install-recommends", ...packages], "packages", true);

  const left = missing.filter((need) => !need.isPresent());
  if (left.length > 0) {
    const hints = left.map((need) => `${need.name} (${need.otherwise ?? `apt-get install ${need.packages.join(" ")}`})`);
    throw new StepError(`could not be installed: ${hints.join("; ")}`);
  }
}

function wayWithoutApt(missing) {
  if (exists("brew")) return `Run: brew install ${[...new Set(missing.map((need) => need.brew ?? need.packages[0]))].join(" ")}`;
  return missing
    .map((need) => `${need.name}: ${need.otherwise ?? `your system's package like Debian's ${need.packages[0]}`}`)
    .join("; ");
}

/** Failures show apt's last lines; what is still missing afterwards is named by the caller. */
async function apt(isRoot, args, what, mayFail) {
  const program = isRoot ? "apt-get" : "sudo";
  const all = isRoot ? args : ["apt-get", ...args];
  let last = 0;
  const result = await run(program, all, {
    mayFail,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    progress: (line) => {
      const match = /^(Unpacking|Setting up) (\S+)/.exec(line);
      if (!match || Date.now() - last < 3000) return undefined;
      last = Date.now();
      return `${match[1].toLowerCase()} ${match[2]}`;
    },
  });
  if (result.code !== 0) process.stderr.write(`${what}: apt-get ended with ${result.code}\n${result.output.slice(-1500)}\n`);
}

function checkEmscripten() {
  const version = emscriptenVersion();
  const numbers = (version ?? "0.0.0").split(".").map(Number);
  const difference = numbers.map((n, i) => n - MINIMUM_EMCC[i]).find((n) => n !== 0) ?? 0;
  if (version === null || difference < 0) {
    throw new StepError(
      `emcc ${version ?? "does not run"}: 3.1.6 or newer is needed (Debian 12's package, or emsdk on the path)`,
    );
  }
}

async function installNpmPackages() {
  const hash = hashOf(["package-lock.json"], [process.versions.modules, process.platform, process.arch]);
  await onceFor("npm", hash, ["node_modules/esbuild/package.json"], async () => {
    say("Installing npm packages (npm ci)");
    const npmCli = process.env["npm_execpath"];
    const args = ["ci", "--no-audit", "--no-fund"];
    const isScript = npmCli?.endsWith(".js") ?? false;
    await run(isScript ? process.execPath : "npm", isScript ? [npmCli, ...args] : args, { quiet: true, what: "npm ci" });
  });
}

main(import.meta.url, async (args) => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  await setup({ tests: args.includes("--tests"), lint: args.includes("--lint") });
  say(`Everything is there (emcc ${emscriptenVersion()})`);
});
