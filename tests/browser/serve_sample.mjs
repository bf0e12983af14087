// The built receiver with the sample's service, on a free port, for tests that want it in a process of its own:
// prints its URL and ends when its input does.
import { startLocalViewer } from "../../dist/node/cli.mjs";
import { createSampleService, projectRoot } from "../../demo/sample/service.mjs";

const sample = createSampleService({ root: projectRoot });
const server = await startLocalViewer({ port: 0, mounts: { "/sample": sample.mount } });
await sample.connect(server.origin);
console.log(server.url);
process.stdin.resume().on("end", async () => {
  await sample.flush();
  await server.close();
  process.exit(0);
});
