// Child processes that answer one message at a time.
import { fork } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./peers.mjs";

export class Bench {
  #process;
  #waiting = null;

  static async start(design, options) {
    const bench = new Bench();
    bench.#process = fork(join(ROOT, "bench/child.mjs"), [design], { execArgv: ["--expose-gc"], cwd: ROOT });
    bench.#process.on("message", (answer) => bench.#settle(answer));
    bench.#process.on("exit", (code) => bench.#settle({ error: `${design} exited with ${code}` }));
    await new Promise((resolve, reject) => (bench.#waiting = { resolve, reject }));
    await bench.ask("create", options);
    return bench;
  }

  #settle(answer) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer.error) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer);
  }

  ask(task, options = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#process.send({ task, ...options });
    });
  }

  stop() {
    this.#process.removeAllListeners("exit");
    this.#process.kill();
  }
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Runs `task` in every design by turns; medians of every figure, by design. */
export async function interleaved(designs, task, options, { rounds, warmUp = 2, create } = {}) {
  const benches = {};
  for (const design of designs) benches[design] = await Bench.start(design, create?.[design] ?? create?.all ?? {});
  const figures = Object.fromEntries(designs.map((design) => [design, []]));
  try {
    for (let round = 0; round < rounds + warmUp; round++) {
      for (const design of designs) {
        const answer = await benches[design].ask(task, options);
        if (round >= warmUp) figures[design].push(answer);
      }
    }
  } finally {
    for (const bench of Object.values(benches)) bench.stop();
  }
  return Object.fromEntries(
    designs.map((design) => [
      design,
      Object.fromEntries(Object.keys(figures[design][0]).map((key) => [key, median(figures[design].map((each) => each[key]))])),
    ]),
  );
}
