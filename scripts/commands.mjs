// Running programs, and saying what is being done.
import { spawn, spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const started = Date.now();

/** One line of progress with the seconds since the script began. */
export function say(text) {
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(3);
  process.stdout.write(`[${seconds} s] ${text}\n`);
}

/** A failure that is explained in its message; no stack is printed for it. */
export class StepError extends Error {}

/** What a program prints, or null when it is missing or fails. */
export function capture(program, args = [], options = {}) {
  const result = spawnSync(program, args, { encoding: "utf8", cwd: ROOT, maxBuffer: 1 << 26, ...options });
  return result.status === 0 ? result.stdout : null;
}

export const exists = (program) => capture("sh", ["-c", `command -v ${program}`]) !== null;

/**
 * Runs a program and waits. Its output goes to the terminal, or with `quiet` is shown only when it
 * fails; with `progress(line)` each line is offered and what comes back (or nothing) is shown.
 * Answers { code, output }; throws StepError on a failure unless `mayFail`.
 */
export function run(program, args = [], options = {}) {
  const { quiet = false, mayFail = false, keep = false, progress, env, cwd = ROOT, what } = options;
  return new Promise((done, fail) => {
    const passThrough = !quiet && !keep && !progress;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", passThrough ? "inherit" : "pipe", passThrough ? "inherit" : "pipe"],
    });
    let output = "";
    let rest = "";
    const take = (chunk) => {
      output += chunk;
      if (keep && !quiet) process.stdout.write(chunk);
      if (!progress) return;
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const shown = progress(line);
        if (shown) say(shown);
      }
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr?.setEncoding("utf8").on("data", take);
    child.on("error", (error) => fail(new StepError(`${program} could not be started: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0 || mayFail) return done({ code: code ?? 1, output });
      if (!passThrough && !(keep && !quiet)) process.stderr.write(problemsIn(output));
      fail(new StepError(`${what ?? [program, ...args.slice(0, 3)].join(" ")} failed (exit code ${code})`));
    });
  });
}

/** The part of a failed program's output worth showing: without ninja's lines of finished work, its end. */
function problemsIn(output) {
  const lines = output.split("\n").filter((line) => !/^\[\d+\/\d+\] (Building|Linking|Generating|protoc)/.test(line));
  return lines
    .map((line) => line.slice(0, 600))
    .slice(-60)
    .join("\n");
}

/** Shows ninja's "[12/48] …" once in a while: the first, the last and one every `everyMillis`. */
export function ninjaProgress(label, everyMillis = 5000) {
  let last = 0;
  return (line) => {
    const match = /^\[(\d+)\/(\d+)\]/.exec(line);
    if (!match) return undefined;
    const isLast = match[1] === match[2];
    if (!isLast && Date.now() - last < everyMillis) return undefined;
    last = Date.now();
    return `${label}: ${match[1]} of ${match[2]}`;
  };
}

/** Runs a script's main function when the file itself was started, and ends with a clear message. */
export function main(moduleUrl, body) {
  if (process.argv[1] === undefined || resolve(process.argv[1]) !== fileURLToPath(moduleUrl)) return;
  // Deferred, so that a script may define its constants below the call.
  const result = Promise.resolve().then(() => body(process.argv.slice(2)));
  result.catch((error) => {
    process.stderr.write(error instanceof StepError ? `\nspandrel: ${error.message}\n` : `\n${error.stack}\n`);
    process.exitCode = 1;
  });
}
