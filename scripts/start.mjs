// npm start: set-up, build, receiver and page on 127.0.0.1, the sample application run against it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ROOT, StepError, main, say } from "./commands.mjs";
import { setup } from "./setup.mjs";

const SAMPLE = "demo/sample/main.mjs";

main(import.meta.url, async (args) => {
  await setup();
  await build();
  say("Starting the receiver");
  const view = spawn(process.execPath, ["scripts/serve.mjs", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.on("SIGTERM", () => view.kill("SIGTERM"));
  process.on("SIGINT", () => view.kill("SIGINT"));
  view.on("exit", (code) => process.exit(code ?? 0));

  const url = await firstUrl(view);
  if (existsSync(join(ROOT, SAMPLE))) {
    say("Running the sample application");
    await runSample(SAMPLE, url);
  }
  console.log(`\nSpandrel is at ${url}  (Ctrl+C ends it)`);
});

/** The receiver prints "Page: <url>" once it listens; its output is passed on. */
function firstUrl(view) {
  return new Promise((done, fail) => {
    let text = "";
    view.stdout.setEncoding("utf8").on("data", (chunk) => {
      process.stdout.write(chunk);
      text += chunk;
      const url = /^Page:\s+(\S+)$/m.exec(text)?.[1];
      if (url) done(url);
    });
    view.on("exit", (code) => fail(new StepError(`the receiver ended at once (exit code ${code})`)));
  });
}

async function runSample(file, url) {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: new URL(url).origin };
  const child = spawn(process.execPath, [file], { cwd: ROOT, env, stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise((done) => child.on("exit", done));
  if (code !== 0) say(`the sample application ended with code ${code}; the page is up all the same`);
}
