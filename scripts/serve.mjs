// The receiver with the sample application's service on its origin; `npm start` runs this in a process of its own.
//
//   node scripts/serve.mjs [--port n]       prints the same lines as `spandrel view`
import { parseArgs } from "node:util";
import { startLocalViewer } from "../dist/node/cli.mjs";
import { createSampleService, projectRoot } from "../demo/sample/service.mjs";

const { values } = parseArgs({ options: { port: { type: "string", default: "4318" } } });
const wanted = Number(values.port);
const sample = createSampleService({ root: projectRoot });
try {
  const server = await startLocalViewer({ port: wanted, mounts: { "/sample": sample.mount } });
  // The service's own spans go to the receiver like any other application's: over HTTP.
  await sample.connect(server.origin);
  if (wanted !== 0 && server.port !== wanted) console.log(`Port ${wanted} is taken, using ${server.port}.`);
  console.log(`Traces: POST ${server.origin}/v1/traces`);
  console.log(`Page:   ${server.url}`);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, async () => {
      await sample.flush();
      await server.close();
      process.exit(0);
    });
  }
} catch (error) {
  console.error(`spandrel: ${error.message}`);
  process.exitCode = 1;
}
