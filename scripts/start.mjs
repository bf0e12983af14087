// npm start: set-up, build, receiver and page on 127.0.0.1:4318 (another port when taken), with the sample's
// service mounted; then the sample application runs against it and the page's URL is printed.
// Options: --port <n>, --no-sample.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { ROOT, StepError, main, say } from "./commands.mjs";
import { setup } from "./setup.mjs";

main(import.meta.url, async (args) => {
  const at = args.indexOf("--port");
  const port = at < 0 ? 4318 : Number(args[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new StepError(`"${args[at + 1]}" is not a port`);
  await setup();
  await build();

  const { startLocalViewer } = await fromProject("dist/node/cli.mjs");
  const { createSampleService } = await fromProject("demo/sample/service.mjs");
  const service = createSampleService({ root: ROOT });
  const server = await startLocalViewer({ port, mounts: { "/sample": service.mount } });
  let closing = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      service
        .flush()
        .catch(() => {})
        .then(() => server.close())
        .then(() => process.exit(0));
    });
  }
  if (port !== 0 && server.port !== port) say(`Port ${port} is taken, using ${server.port}`);
  await service.connect(server.origin);

  if (!args.includes("--no-sample")) {
    say("Running the sample application");
    const code = await runSample(server.origin);
    if (code !== 0) say(`The sample application ended with code ${code}; the page is up all the same`);
    await service.flush();
  }
  console.log(`\nTraces: POST ${server.origin}/v1/traces\nPage:   ${server.url}\n\nCtrl+C ends it.`);
});

const fromProject = (path) => import(pathToFileURL(join(ROOT, path)).href);

function runSample(endpoint) {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const child = spawn(process.execPath, ["demo/sample/main.mjs"], { cwd: ROOT, env, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((done) => child.on("exit", done));
}
