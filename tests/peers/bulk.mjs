// 10,000 traces of 3 spans against the real server, by `npm run test:peers -- --bulk`; too long for CI (the server
// takes about 30 traces a second). Two runs, each in a process of its own:
//
//   large queue   async, a queue of 10,000, a flush that may take 15 minutes: stored 10,000, dropped 0
//   defaults      async, what the queue has by default, the same flush: stored + dropped = 10,000
//
// `-- --bulk --traces 500` sends fewer, `--run defaults` makes one run.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const SPANS = 3;
const FLUSH_MILLIS = 15 * 60_000;
const RUNS = {
  "large queue": { MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE: "10000" },
  defaults: {},
};

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: "10000" },
    run: { type: "string" },
    worker: { type: "boolean", default: false },
    experiment: { type: "string" },
  },
});
const traces = Number(values.traces);

if (values.worker) await work();
else await compareRuns();

/** Makes the traces and says what became of them, as one line of JSON. */
async function work() {
  const { spandrel, trackingUri } = await import("./peers.mjs");
  const { flushTraces, init, shutdown, stats, withSpan } = spandrel;
  await init({ exporter: "mlflow", trackingUri, experimentId: values.experiment });
  const began = Date.now();
  for (let i = 0; i < traces; i += 1) {
    withSpan({ name: "bulk", spanType: "CHAIN", inputs: { i } }, () => {
      withSpan({ name: "first", spanType: "RETRIEVER", inputs: i }, () => ["a", "b"]);
      return withSpan({ name: "second", spanType: "LLM", inputs: { prompt: `number ${i}` } }, () => ({ answer: i }));
    });
  }
  const madeMillis = Date.now() - began;
  const flushed = await flushTraces({ timeoutMillis: FLUSH_MILLIS });
  const flushMillis = Date.now() - began - madeMillis;
  const { destinations } = stats();
  await shutdown({ timeoutMillis: 60_000 });
  process.stdout.write(`${JSON.stringify({ madeMillis, flushMillis, flushed, destinations })}\n`);
}

async function compareRuns() {
  const { newExperiment, openPeer } = await import("./peers.mjs");
  const peer = openPeer();
  let failed = 0;
  for (const [name, variables] of Object.entries(RUNS)) {
    if (values.run !== undefined && values.run !== name) continue;
    const experiment = await newExperiment(peer, `bulk, ${name}`);
    const result = await runWorker(experiment, variables);
    const stored = await peer.ask("count_traces", { experiment_id: experiment });
    const whole = await peer.ask("count_whole", { experiment_id: experiment, spans: SPANS });
    const account = Object.values(result.destinations)[0];
    const droppedSpans = Object.values(account.dropped).reduce((sum, count) => sum + count, 0);
    const dropped = droppedSpans / SPANS;
    const isRight =
      stored.traces === stored.distinct &&
      stored.traces + dropped === traces &&
      whole.whole === stored.traces &&
      (name !== "large queue" || dropped === 0) &&
      account.produced === traces * SPANS &&
      account.pending === 0;
    if (!isRight) failed += 1;
    const rate = (stored.traces / (result.flushMillis / 1000)).toFixed(1);
    console.log(
      `${name}: ${traces} traces of ${SPANS} spans: stored ${stored.traces}, with all spans ${whole.whole}, dropped ${dropped}`,
    );
    console.log(`  made in ${result.madeMillis} ms, flushed in ${(result.flushMillis / 1000).toFixed(1)} s (${rate} traces/s)`);
    console.log(`  flushTraces: ${JSON.stringify(result.flushed)}; spans: ${JSON.stringify(account)}`);
    for (const line of result.warnings) console.log(`  said: ${line}`);
    console.log(isRight ? "  as it must be" : "  WRONG");
  }
  await peer.close();
  console.log(`\n${values.run === undefined ? 2 - failed : 1 - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function runWorker(experiment, variables) {
  const args = [fileURLToPath(import.meta.url), "--worker", "--traces", String(traces), "--experiment", experiment];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, MLFLOW_ENABLE_ASYNC_TRACE_LOGGING: "true", ...variables },
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`the worker ended with ${code}:\n${errors.slice(-2000)}`);
  return { ...JSON.parse(output.trim().split("\n").at(-1)), warnings: errors.trim().split("\n").filter(Boolean).slice(0, 10) };
}
