// npm test, from a bare clone: set-up, build, every suite, one line with the sum at the end.
// Suites can be named: node scripts/test.mjs core tsan js browser package
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ROOT, StepError, exists, main, ninjaProgress, run, say } from "./commands.mjs";
import { findChromium, setup } from "./setup.mjs";
import { filesBelow } from "./stamps.mjs";

/** Each answers { passed, failed } in tests, not in suites. */
const SUITES = { core: () => core("dev"), tsan: () => core("tsan"), js: javaScript, browser, package: packageSmoke };

main(import.meta.url, async (args) => {
  const names = args.length > 0 ? args : Object.keys(SUITES);
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown) throw new StepError(`there is no suite "${unknown}": ${Object.keys(SUITES).join(", ")}`);
  await setup({ tests: true });
  if (names.some((name) => name === "js")) await build(["wasm", "modules", "js"]); // README's examples run the bundles
  if (names.some((name) => name !== "core" && name !== "tsan" && name !== "js")) await build();

  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    const result = await SUITES[name]();
    say(`${name}: ${result.passed} passed, ${result.failed} failed`);
    total.passed += result.passed;
    total.failed += result.failed;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
});

// --- C++ ----------------------------------------------------------------------------------------

/** One preset: configure, build, ctest. Tests are counted from GoogleTest's own reports. */
async function core(preset) {
  const reports = join(ROOT, "build", preset, "reports");
  rmSync(reports, { recursive: true, force: true });
  say(`Building the C++ tests (preset ${preset})`);
  const launcher = exists("ccache") ? ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] : [];
  await run("cmake", ["--preset", preset, ...launcher], { quiet: true, what: `configuring ${preset}` });
  await run("cmake", ["--build", "--preset", preset], {
    progress: ninjaProgress(`C++ tests (${preset})`),
    what: `building ${preset}`,
  });
  const { code } = await run("ctest", ["--preset", preset], {
    mayFail: true,
    // Reports by suite, and the first report of a sanitizer ends the process with an error.
    env: { GTEST_OUTPUT: `xml:${reports}/`, TSAN_OPTIONS: "halt_on_error=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  const result = { passed: 0, failed: 0 };
  for (const name of existsSync(reports) ? readdirSync(reports) : []) {
    const head = /<testsuites tests="(\d+)" failures="(\d+)" disabled="\d+" errors="(\d+)"/.exec(
      readFileSync(join(reports, name), "utf8"),
    );
    if (!head) continue;
    const failed = Number(head[2]) + Number(head[3]);
    result.failed += failed;
    result.passed += Number(head[1]) - failed;
  }
  // A suite that died wrote no report: the preset still counts as failed.
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (result.passed + result.failed === 0) throw new StepError(`preset ${preset} ran no tests`);
  return result;
}

// --- JavaScript ---------------------------------------------------------------------------------

async function javaScript() {
  return jest("js", ["--config", "jest.config.mjs"]);
}

async function jest(name, args, env = {}) {
  const report = join(ROOT, "build", `jest-${name}.json`);
  rmSync(report, { force: true });
  const all = ["node_modules/jest/bin/jest.js", ...args, "--json", `--outputFile=${report}`];
  // Without --json's own text on stdout: Jest prints the report there too unless a file is named.
  await run(process.execPath, all, { mayFail: true, env: { FORCE_COLOR: "0", ...env } });
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, "utf8"));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
}

async function browser() {
  if (filesBelow(["tests/browser"]).every((path) => !path.endsWith(".test.ts"))) return { passed: 0, failed: 0 };
  return jest("browser", ["--config", "tests/browser/jest.config.mjs", "--runInBand"], { SPANDREL_CHROMIUM: findChromium() });
}

async function packageSmoke() {
  return nodeTest(["tests/package/package.test.mjs"]);
}

/** node:test with its TAP output, shown and counted. */
async function nodeTest(files) {
  const { output, code } = await run(process.execPath, ["--test", "--test-reporter=tap", ...files], {
    mayFail: true,
    keep: true,
  });
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  return { passed: count("pass"), failed: code !== 0 && failed === 0 ? 1 : failed };
}
