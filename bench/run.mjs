// npm run bench [-- section …]: our figures and the peers' in the same run.
//
// Each design has its own process, rounds are interleaved, figures are medians and the marks are
// ratios of one run: absolute times depend on the machine and on what else it does.
import { execFileSync, fork } from "node:child_process";
import { join } from "node:path";
import { build } from "../scripts/build.mjs";
import { setup } from "../scripts/setup.mjs";
import { installPeers, PEERS, ROOT } from "./peers.mjs";
import { Bench, interleaved, median } from "./processes.mjs";
import { sizes } from "./sizes.mjs";

const DESIGNS = ["spandrel", "otel-newest", "otel-older"];
const rows = [];

const ns = (value) => `${Math.round(value).toLocaleString("en")} ns`;
const bytes = (value) => `${Math.round(value).toLocaleString("en")} B`;
const millis = (value) => `${value.toFixed(1)} ms`;

/** One line of the table: a ratio `peer / ours` against the least it must be. */
function row(figure, ours, peer, peerName, mark, format) {
  const ratio = peer / ours;
  rows.push({
    figure,
    spandrel: format(ours),
    peer: `${format(peer)} (${peerName})`,
    ratio: `${ratio.toFixed(2)}×`,
    mark: mark === null ? "" : `${mark}×`,
    verdict: mark === null ? "" : ratio >= mark ? "reached" : "MISSED",
  });
}

const SECTIONS = {
  async throughput() {
    const marks = {
      typical: { newestTotal: 6, newestRecord: 4, olderTotal: null },
      "llm-text": { newestTotal: 15, newestRecord: null, olderTotal: 6 },
      llm: { newestTotal: 3.5, newestRecord: null, olderTotal: 1.9 },
    };
    for (const [workload, mark] of Object.entries(marks)) {
      const traces = workload === "typical" ? 500 : 200;
      const figures = await interleaved(DESIGNS, "throughput", { workload, traces, millis: 400 }, { rounds: 9, warmUp: 3 });
      const { spandrel, "otel-newest": newest, "otel-older": older } = figures;
      row(`${workload}: record`, spandrel.recordNs, newest.recordNs, "newest", mark.newestRecord, ns);
      row(`${workload}: export`, spandrel.totalNs - spandrel.recordNs, newest.totalNs - newest.recordNs, "newest", null, ns);
      row(`${workload}: record to OTLP bytes`, spandrel.totalNs, newest.totalNs, "newest", mark.newestTotal, ns);
      row(`${workload}: record to OTLP bytes`, spandrel.totalNs, older.totalNs, "older", mark.olderTotal, ns);
      row(`${workload}: bytes a span on the wire`, spandrel.bytesPerSpan, newest.bytesPerSpan, "newest", null, bytes);
    }
  },

  async memory() {
    const designs = ["spandrel", "otel-newest"];
    const figures = {};
    for (const [task, key] of [
      ["memory", "endedBytes"],
      ["liveMemory", "liveBytes"],
    ]) {
      for (const design of designs) {
        const results = [];
        for (let i = 0; i < 3; i++) {
          const bench = await Bench.start(design, {});
          results.push((await bench.ask(task, { spans: 100_000 }))[key]);
          bench.stop();
        }
        (figures[key] ??= {})[design] = median(results);
      }
    }
    row("memory of an ended typical span", figures.endedBytes.spandrel, figures.endedBytes["otel-newest"], "newest", 4, bytes);
    row("memory of a live span", figures.liveBytes.spandrel, figures.liveBytes["otel-newest"], "newest", null, bytes);
  },

  async decode() {
    const output = execFileSync(process.execPath, ["--expose-gc", join(ROOT, "bench/decode.mjs")], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const figures = JSON.parse(output.trim().split("\n").pop());
    row("decode of 10,000 typical spans", figures.spandrel, figures.protobufjs, "protobufjs, exact 64 bits", 8, ns);
    row("decode of 10,000 typical spans", figures.spandrel, figures.pbf, "pbf, integers as numbers", null, ns);
  },

  async block() {
    const sink = fork(join(ROOT, "bench/sink.mjs"), [], { cwd: ROOT });
    const endpoint = await new Promise((resolve) => sink.once("message", resolve));
    const create = {
      spandrel: { endpoint, batch: { maxSpans: 512, delayMillis: 600_000 } },
      "otel-newest": { endpoint, queue: 10_000 },
    };
    const figures = await interleaved(["spandrel", "otel-newest"], "block", { spans: 10_000 }, { rounds: 9, create });
    sink.kill();
    row(
      "longest block while 10,000 spans are exported",
      figures.spandrel.blockMillis,
      figures["otel-newest"].blockMillis,
      "newest",
      10,
      millis,
    );
    row(
      "until the flush of these settles",
      figures.spandrel.flushMillis,
      figures["otel-newest"].flushMillis,
      "newest",
      null,
      millis,
    );
  },

  async disabled() {
    const figures = await interleaved(
      ["spandrel", "otel-newest"],
      "disabled",
      { spans: 500_000 },
      { rounds: 9, create: { all: { enabled: false } } },
    );
    row(
      "a disabled span with 8 attributes",
      figures.spandrel.disabledNs,
      figures["otel-newest"].disabledNs,
      "newest",
      1,
      (v) => `${v.toFixed(1)} ns`,
    );
  },

  async startup() {
    const times = { spandrel: [], "otel-newest": [] };
    for (let i = 0; i < 11; i++) {
      for (const design of Object.keys(times)) {
        times[design].push(
          Number(execFileSync(process.execPath, [join(ROOT, "bench/startup.mjs"), design], { cwd: ROOT, encoding: "utf8" })),
        );
      }
    }
    row("import and init in Node", median(times.spandrel), median(times["otel-newest"]), "newest, unbundled", 5, millis);
  },

  async burst() {
    const bench = await Bench.start("spandrel", { batch: {} });
    const { arrived } = await bench.ask("burst", { spans: 50_000 });
    bench.stop();
    const peer = await Bench.start("otel-newest", { queue: 2048 });
    const { arrived: peerArrived } = await peer.ask("burst", { spans: 10_000 });
    peer.stop();
    rows.push({
      figure: "burst in one task, defaults: spans lost",
      spandrel: `${50_000 - arrived} of 50,000`,
      peer: `${10_000 - peerArrived} of 10,000 (newest)`,
      ratio: "",
      mark: "0 lost",
      verdict: arrived === 50_000 ? "reached" : "MISSED",
    });
  },

  async sizes() {
    const all = await sizes();
    const kB = (value) => (value === undefined ? "" : `${(value / 1000).toFixed(1)} kB`);
    const marks = { "tracing module": 70_000, wrapper: 14_000 };
    for (const [figure, { raw, gzip, brotli }] of Object.entries(all)) {
      const mark = marks[figure];
      rows.push({
        figure,
        spandrel: `raw ${kB(raw)}${gzip === undefined ? "" : `, gzip ${kB(gzip)}, brotli ${kB(brotli)}`}`,
        peer: "",
        ratio: "",
        mark: mark === undefined ? "" : `gzip ≤ ${kB(mark)}`,
        verdict: mark === undefined ? "" : gzip <= mark ? "reached" : "MISSED",
      });
    }
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in SECTIONS)) {
    console.error(`there is no section "${name}": ${Object.keys(SECTIONS).join(", ")}`);
    process.exit(1);
  }
}
await setup();
await build(["wasm", "modules", "js"]);
installPeers();
for (const [name, { title }] of Object.entries(PEERS)) console.log(`${name}: ${title}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(SECTIONS)) {
  console.log(`measuring ${name} …`);
  await SECTIONS[name]();
}
const columns = ["figure", "spandrel", "peer", "ratio", "mark", "verdict"];
console.log(`\n| ${columns.join(" | ")} |\n|${columns.map(() => " --- |").join("")}`);
for (const each of rows) console.log(`| ${columns.map((column) => each[column]).join(" | ")} |`);
