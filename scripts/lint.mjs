// npm run lint: clang-format, clang-tidy, TypeScript's checker, eslint, prettier. With --fix what can be mended is.
// Only files git knows are looked at, so that a build's or an editor's leftovers do not matter.
import { cpus } from "node:os";
import { StepError, capture, main, run, say } from "./commands.mjs";
import { emscriptenVersion, setup } from "./setup.mjs";
import { hashOf, onceFor } from "./stamps.mjs";

main(import.meta.url, async (args) => {
  const fix = args.includes("--fix");
  await setup({ lint: true, tests: true });
  const cpp = tracked(["src", "wasm", "tests/core", "tests/fuzz", "bench"]).filter((path) => /\.(cpp|h)$/.test(path));
  const failures = [];
  for (const [name, check] of Object.entries({
    "clang-format": () => run("clang-format", [...(fix ? ["-i"] : ["--dry-run", "-Werror"]), ...cpp], { mayFail: true }),
    "clang-tidy": () => clangTidy(cpp.filter((path) => path.startsWith("src/") && path.endsWith(".cpp"))),
    tsc: () => node("typescript/bin/tsc", ["-p", "tsconfig.json"]),
    eslint: () => node("eslint/bin/eslint.js", [".", ...(fix ? ["--fix"] : [])]),
    prettier: () =>
      node("prettier/bin/prettier.cjs", [fix ? "--write" : "--check", "--log-level=warn", ...tracked(["."]).filter(isPrettier)]),
  })) {
    say(`lint: ${name}`);
    const { code } = await check();
    if (code !== 0) failures.push(name);
  }
  if (failures.length > 0) throw new StepError(`lint: ${failures.join(", ")} found faults`);
  say("lint: clean");
});

const isPrettier = (path) =>
  /\.([cm]?[jt]s|css|html)$/.test(path) || /(^|\/)(package|tsconfig.*|CMakePresets|size_budget)\.json$/.test(path);
const node = (script, args) => run(process.execPath, [`node_modules/${script}`, ...args], { mayFail: true });

function tracked(folders) {
  const text = capture("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...folders]);
  if (text === null) throw new StepError("lint asks git for the list of files, but this is not a git checkout");
  return text.split("\n").filter(Boolean);
}

/** Slow (seconds a file), so files pass once: a stamp keeps the hash of all C++ sources. */
async function clangTidy(files) {
  const hash = hashOf(["src", ".clang-tidy", "cmake"], [capture("clang-tidy", ["--version"]) ?? "", emscriptenVersion() ?? ""]);
  let code = 0;
  const stamp = onceFor("clang-tidy", hash, [], async () => {
    await run("cmake", ["--preset", "dev"], { quiet: true });
    // protoc's headers must be there before a file that includes them can be read.
    const protos = (capture("ninja", ["-C", "build/dev", "-t", "targets", "all"]) ?? "").match(/^\S+\.pb\.h(?=:)/gm) ?? [];
    if (protos.length > 0) await run("ninja", ["-C", "build/dev", ...protos], { quiet: true });
    const args = ["-n", "1", "-P", String(cpus().length), "clang-tidy", "-p", "build/dev", "--quiet"];
    code = (
      await run("sh", ["-c", `printf '%s\\n' "$@" | xargs ${args.join(" ")} 2>/dev/null`, "sh", ...files], { mayFail: true })
    ).code;
    if (code !== 0) throw new StepError("clang-tidy");
  });
  await stamp.catch((error) => {
    if (!(error instanceof StepError) || code === 0) throw error;
  });
  return { code };
}
