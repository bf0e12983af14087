// MLflow's Python client, asked from Node: one process for a test file, one request at a time (python/peer.py).
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { quietEnvironment } from "./mlflow_server.mjs";

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), "python/peer.py");

/** What Python's client raised. */
export class PeerError extends Error {
  constructor({ type, message, code }) {
    super(`${type}: ${message}`);
    this.type = type;
    this.code = code;
  }
}

export class PythonPeer {
  #child;
  #waiting = [];
  #stderr = "";

  constructor({ python, uri }) {
    this.#child = spawn(python, [SCRIPT], {
      stdio: ["pipe", "pipe", "pipe"],
      env: quietEnvironment({ MLFLOW_TRACKING_URI: uri, PYTHONDONTWRITEBYTECODE: "1" }),
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#stderr = (this.#stderr + text).slice(-4000)));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.done(JSON.parse(line)));
    this.#child.on("exit", (code) => {
      const error = new Error(`the Python peer ended with ${code}:\n${this.#stderr}`);
      for (const { fail } of this.#waiting.splice(0)) fail(error);
    });
  }

  /** Throws PeerError where Python raised. */
  async ask(op, args = {}) {
    const answer = await new Promise((done, fail) => {
      this.#waiting.push({ done, fail });
      this.#child.stdin.write(`${JSON.stringify({ op, ...args })}\n`);
    });
    if (answer.error) throw new PeerError(answer.error);
    return answer.value;
  }

  async close() {
    if (this.#child.exitCode !== null) return;
    const end = new Promise((done) => this.#child.once("exit", done));
    this.#child.stdin.end();
    await end;
  }
}
