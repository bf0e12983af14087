// An OTLP/JSON receiver in a few lines: keeps the spans it is sent.
import { createServer } from "node:http";

export async function startReceiver() {
  let spans = [];
  const handle = async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    for (const resource of JSON.parse(body).resourceSpans ?? []) {
      for (const scope of resource.scopeSpans ?? []) spans.push(...(scope.spans ?? []));
    }
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.writeHead(400).end(error.message));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** For a server that mounts the receiver on its own origin. */
    handle,
    takeSpans() {
      const taken = spans;
      spans = [];
      return taken;
    },
    close: () => new Promise((done) => server.close(done)),
  };
}
