// A real MLflow server on a free loopback port, with SQLite in a fresh folder. It has a process group of its own
// (the server starts workers), which is ended by its id.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const START_MILLIS = 120_000;

/** Variables that keep MLflow to itself: nothing about the user's own set-up, nothing to the network. */
export function quietEnvironment(more = {}) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MLFLOW_")));
  return { ...environment, MLFLOW_DISABLE_TELEMETRY: "true", DO_NOT_TRACK: "true", GIT_PYTHON_REFRESH: "quiet", ...more };
}

/** { uri, pid, stop() }; throws with the end of the server's log when it does not come up. */
export async function startMlflow({ python, folder }) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const logFile = join(folder, "mlflow.log");
  const log = openSync(logFile, "w");
  const args = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
  args.push("--backend-store-uri", `sqlite:///${join(folder, "mlflow.db")}`);
  // Artifacts by the server's own endpoints.
  args.push("--artifacts-destination", join(folder, "artifacts"), "--default-artifact-root", "mlflow-artifacts:/");
  const child = spawn(python, args, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", log, log],
    env: quietEnvironment({ MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false" }),
  });
  closeSync(log);
  let ended = false;
  const end = new Promise((done) => child.once("exit", () => done((ended = true))));
  const stop = async () => {
    if (ended) return;
    signalGroup(child.pid, "SIGTERM");
    const late = setTimeout(() => signalGroup(child.pid, "SIGKILL"), 10_000);
    await end;
    clearTimeout(late);
  };
  const uri = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MILLIS;
  while (!(await isHealthy(uri))) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`mlflow server did not start:\n${readFileSync(logFile, "utf8").slice(-2000)}`);
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  return { uri, pid: child.pid, stop };
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended by itself
  }
}

async function isHealthy(uri) {
  try {
    return (await fetch(`${uri}/health`)).ok;
  } catch {
    return false;
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
