// Feeds the core's readers with bytes nobody means well with (tests/fuzz, clang's libFuzzer):
// node scripts/fuzz.mjs [target …] [--seconds 20]. What is found stays in build/fuzz/found; what
// the targets have learned in build/fuzz/corpus.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, StepError, capture, main, ninjaProgress, run, say } from "./commands.mjs";

const DICTIONARIES = {
  otlp_json: "json.dict",
  mlflow: "json.dict",
  json_text: "json.dict",
  filter: "filter.dict",
  attachments: "json.dict",
};

main(import.meta.url, async () => {
  const { targets, seconds } = settings(process.argv.slice(2));
  if (capture("clang++", ["--version"]) === null)
    throw new StepError("fuzzing needs clang with libFuzzer: apt-get install clang libclang-rt-14-dev");
  await run("cmake", ["--preset", "fuzz"], { quiet: true, what: "configuring the fuzz targets" });
  await run("cmake", ["--build", "--preset", "fuzz"], { progress: ninjaProgress("fuzz targets"), what: "the fuzz build" });
  await run("build/fuzz/tests/fuzz/fuzz_seeds", ["build/fuzz/seeds"], { quiet: true, what: "writing the seeds" });
  mkdirSync(join(ROOT, "build/fuzz/found"), { recursive: true });
  const known = readdirSync(join(ROOT, "build/fuzz/seeds")).sort();
  for (const target of targets.length > 0 ? targets : known) {
    if (!known.includes(target)) throw new StepError(`there is no fuzz target "${target}": ${known.join(", ")}`);
    await fuzz(target, seconds);
  }
});

async function fuzz(target, seconds) {
  const corpus = `build/fuzz/corpus/${target}`;
  mkdirSync(join(ROOT, corpus), { recursive: true });
  const dictionary = DICTIONARIES[target];
  const args = [
    corpus,
    `build/fuzz/seeds/${target}`,
    `-max_total_time=${seconds}`,
    "-max_len=4096",
    "-timeout=5",
    "-rss_limit_mb=1024",
    "-print_final_stats=1",
    `-artifact_prefix=build/fuzz/found/${target}-`,
    ...(dictionary === undefined ? [] : [`-dict=tests/fuzz/${dictionary}`]),
  ];
  const { code, output } = await run(`build/fuzz/tests/fuzz/fuzz_${target}`, args, { quiet: true, mayFail: true });
  const executions = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1];
  if (code !== 0) {
    process.stderr.write(output.slice(-6000));
    throw new StepError(`${target}: an input was found that fails; it is in build/fuzz/found`);
  }
  say(`${target}: ${executions ?? "?"} inputs in ${seconds} s, none fails`);
}

function settings(args) {
  const at = args.indexOf("--seconds");
  const seconds = at < 0 ? 20 : Number(args[at + 1]);
  if (!Number.isInteger(seconds) || seconds < 1) throw new StepError("--seconds takes a whole number");
  return { targets: at < 0 ? args : args.toSpliced(at, 2), seconds };
}
