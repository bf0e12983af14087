// npm run test:peers: Spandrel against a real MLflow. Installs the pinned MLflow into an environment of its own in
// build/peers, starts its server with SQLite on loopback, runs tests/peers, stops the server, prints what was
// checked and every difference with its reason.
//
//   node scripts/test_peers.mjs              the checks
//   node scripts/test_peers.mjs --bulk       10,000 traces, twice (tests/peers/bulk.mjs); takes a quarter of an hour
//   SPANDREL_PEERS_PYTHON=…/bin/python3      an environment with MLflow that is there already
//   SPANDREL_PEERS_PACKAGE=…/index.mjs       another build of the package; nothing is built then
//
// Where Python 3.10 or the package index is missing one line says "skipped: …", and the exit code is 0.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMlflow, quietEnvironment } from "../tests/peers/mlflow_server.mjs";
import { build } from "./build.mjs";
import { ROOT, capture, main, run, say } from "./commands.mjs";
import { findChromium } from "./setup.mjs";

const MLFLOW = "mlflow==3.17.2";
const FOLDER = join(ROOT, "build", "peers");
const ENVIRONMENT = join(FOLDER, "environment");
const REPORT = join(FOLDER, "report.jsonl");
const INSTALL_MINUTES = 8;

class Skipped extends Error {}

main(import.meta.url, async (args) => {
  const isBulk = args.includes("--bulk");
  let python;
  try {
    python = await environment();
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    console.log(`skipped: ${error.message}`);
    return;
  }
  if (!process.env["SPANDREL_PEERS_PACKAGE"]) await build(["wasm", "modules", "js", ...(isBulk ? [] : ["page"])]);

  const work = join(FOLDER, "server");
  rmSync(work, { recursive: true, force: true });
  rmSync(REPORT, { force: true });
  say("Starting mlflow server");
  const server = await startMlflow({ python, folder: work });
  const stopFor = (signal) => void server.stop().then(() => process.kill(process.pid, signal));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopFor(signal));
  try {
    const env = {
      SPANDREL_PEERS_URI: server.uri,
      SPANDREL_PEERS_PYTHON: python,
      SPANDREL_PEERS_REPORT: REPORT,
      SPANDREL_CHROMIUM: findChromium() ?? "",
    };
    say(`mlflow server answers on ${server.uri}`);
    if (isBulk) {
      const { code } = await run(process.execPath, ["tests/peers/bulk.mjs", ...args.filter((arg) => arg !== "--bulk")], {
        env,
        mayFail: true,
      });
      process.exitCode = code;
    } else {
      await checks(env);
    }
  } finally {
    await server.stop();
    say("mlflow server is stopped");
  }
  if (!isBulk) summary();
});

// --- Python ----------------------------------------------------------------------------------------

/** The interpreter of an environment with the pinned MLflow; throws Skipped where there can be none. */
async function environment() {
  const named = process.env["SPANDREL_PEERS_PYTHON"];
  if (named) return named;
  const python = join(ENVIRONMENT, "bin", "python3");
  const stamp = join(ENVIRONMENT, "installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === MLFLOW) return python;

  const host = hostPython();
  if (host === null) throw new Skipped("there is no Python 3.10 or newer with venv, so no MLflow to compare with");
  mkdirSync(FOLDER, { recursive: true });
  rmSync(ENVIRONMENT, { recursive: true, force: true });
  say(`Installing ${MLFLOW} into build/peers (about a minute)`);
  if (capture(host, ["-m", "venv", ENVIRONMENT]) === null) throw new Skipped(`${host} cannot make a virtual environment`);
  const args = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"];
  const result = spawnSync(python, [...args, "--retries", "1", "--timeout", "20", MLFLOW], {
    encoding: "utf8",
    timeout: INSTALL_MINUTES * 60_000,
    env: quietEnvironment(),
  });
  if (result.status !== 0) {
    const said = (result.stderr ?? "").split("\n").filter((line) => /error|warning/i.test(line));
    // No answer, and an answer that the version is not there, look alike to pip: both mean no MLflow here.
    throw new Skipped(`${MLFLOW} could not be installed: ${said.at(-1)?.trim() ?? "pip did not end in time"}`);
  }
  writeFileSync(stamp, MLFLOW);
  return python;
}

/** A Python of 3.10 or newer, newest first. */
function hostPython() {
  const probe = "import sys, venv, ensurepip; print(sys.version_info >= (3, 10))";
  const names = ["python3", "python3.13", "python3.12", "python3.11", "python3.10"];
  return names.find((name) => capture(name, ["-c", probe])?.trim() === "True") ?? null;
}

// --- the checks ------------------------------------------------------------------------------------

const total = { passed: 0, failed: 0 };

async function checks(env) {
  const files = readdirSync(join(ROOT, "tests/peers")).filter((name) => name.endsWith(".test.mjs"));
  for (const file of files) {
    say(`tests/peers/${file}`);
    const args = ["--test", "--test-reporter=tap", `tests/peers/${file}`];
    const { output, code } = await run(process.execPath, args, { env, mayFail: true, keep: true, quiet: true });
    const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    total.passed += count("pass");
    total.failed += code !== 0 && failed === 0 ? 1 : failed;
    // Names of the checks; of those that failed all that is known.
    console.log(code === 0 ? namesIn(output) : output);
  }
}

const namesIn = (tap) =>
  [...tap.matchAll(/^( *)ok \d+ - (.*?)( # SKIP.*)?$/gm)]
    .map(([, indent, name, skipped]) => `  ${indent.slice(0, 2)}${skipped ? "skipped" : "passed"}  ${name}${skipped ?? ""}`)
    .join("\n");

/** Differences by reason, then the sum as the last line. */
function summary() {
  const entries = existsSync(REPORT)
    ? readFileSync(REPORT, "utf8")
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  const byReason = new Map();
  for (const { check, why, count, example } of entries) {
    const known = byReason.get(why) ?? { fields: 0, checks: 0, example: `${check}: ${example}` };
    byReason.set(why, { ...known, fields: known.fields + count, checks: known.checks + 1 });
  }
  console.log(`\nDifferences that have a reason: ${byReason.size}`);
  for (const [why, { fields, checks: inChecks, example }] of byReason) {
    console.log(`  ${why}\n    ${fields} fields in ${inChecks} checks, for example ${example}`);
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
}
