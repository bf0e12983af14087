import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type * as Spandrel from "../../../js/index.js";
import { makeProject } from "./sample.js";

// The sample imports the package by its name; here that is the sources.
jest.mock("spandrel", () => jest.requireActual("../../../js/index.ts"), { virtual: true });

interface Service {
  mount(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const root = makeProject({
  "README.md": "# Kettle\n\nKettle is a small boiler for tea. The lid weighs forty grams and the bottom is made of copper.\n",
  "docs/whistle.md": "# Whistle\n\nSteam drives the whistle. A silent whistle has chalk in its mouth.\n",
});
const spans: Spandrel.Span[] = [];
let spandrel: typeof Spandrel;
let server: Server;
let port: number;

beforeAll(async () => {
  spandrel = jest.requireActual<typeof Spandrel>("../../../js/index.ts");
  await spandrel.init({
    exporter: {
      export: (batch) => {
        spans.push(...batch.spans());
        return Promise.resolve({ status: "success" });
      },
    },
  });
  const module = (await import("../../../demo/sample/service.mjs" as string)) as {
    createSampleService(options: { root: string }): Service;
  };
  const { mount } = module.createSampleService({ root });
  server = createServer((incoming, outgoing) => {
    mount(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  await spandrel.shutdown();
  await new Promise((resolve) => server.close(resolve));
});

interface Reply {
  status: number;
  lines: Record<string, unknown>[];
}

function send(body: string, { path = "/sample/ask", method = "POST", headers = {} } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers: { "content-type": "application/json", ...headers }, agent: false },
      (incoming) => {
        let text = "";
        incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
        incoming.on("end", () => {
          const lines = text
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as Record<string, unknown>);
          resolve({ status: incoming.statusCode ?? 0, lines });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const ask = (question: string, rest = {}, headers = {}): Promise<Reply> =>
  send(JSON.stringify({ question, ...rest }), { headers });

async function spansOf(traceId: string): Promise<Spandrel.Span[]> {
  await spandrel.flushTraces();
  return spans.filter((span) => span.traceId.endsWith(traceId));
}

describe("The sample's service", () => {
  test("streams steps, the answer token by token, and the result", async () => {
    const { status, lines } = await ask("What is Kettle?");

    expect(status).toBe(200);
    expect(lines[0]).toEqual({ step: 'search_documents({"query":"What is Kettle?"})' });
    const streamed = lines.map(({ token }) => token ?? "").join("");
    expect(streamed).toMatch(/^Kettle is a small boiler for tea\. .*\(From README\.md\.\)$/);
    expect(lines.at(-1)).toMatchObject({ done: { answer: streamed } });
    expect(lines.filter((line) => "token" in line).length).toBeGreaterThan(10);
    expect(lines.at(-1)).toMatchObject({ done: { sources: ["README.md"], failedTools: [] } });
  });

  test("continues its caller's trace: one tree with the failed tool in it, and the recovery after it", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

    const { lines } = await ask("According to docs/lid.md, how much does the lid weigh?", {}, { traceparent });

    const tree = await spansOf(traceId);
    const byName = (name: string): Spandrel.Span | undefined => tree.find((span) => span.name === name);
    const ids = new Set(tree.map(({ spanId }) => spanId));
    expect(lines.at(-1)).toMatchObject({ done: { failedTools: ["open_document"], sources: ["README.md"] } });
    expect(byName("POST /sample/ask")?.parentId).toBe("b7ad6b7169203331");
    expect(tree.filter(({ parentId }) => parentId !== null && !ids.has(parentId))).toHaveLength(1);
    expect(byName("open_document")?.status.statusCode).toBe("ERROR");
    expect(byName("open_document")?.events.map(({ name }) => name)).toContain("exception");
    expect(byName("search_documents")?.status.statusCode).toBe("OK");
    expect(byName("POST /sample/ask")?.status.statusCode).toBe("OK");
    expect(tree.map(({ name, spanType }) => `${name}: ${spanType}`)).toEqual(
      expect.arrayContaining([
        "answer question: AGENT",
        "compose answer: CHAT_MODEL",
        "retrieve passages: RETRIEVER",
        "open_document: TOOL",
      ]),
    );
  });

  test("reports the tokens it read and wrote", async () => {
    const traceId = "1af7651916cd43dd8448eb211c80319c";

    const { lines } = await ask("What is Kettle?", {}, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });

    const compose = (await spansOf(traceId)).find(({ name }) => name === "compose answer");
    const usage = compose?.getAttribute("mlflow.chat.tokenUsage") as Record<string, number>;
    expect(usage.output_tokens).toBe(lines.filter((line) => "token" in line).length);
    expect(usage.total_tokens).toBe((usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
    expect(compose?.events.map(({ name }) => name)).toEqual(expect.arrayContaining(["sentence chosen", "first token"]));
  });

  test("links a question to the one before it in the conversation", async () => {
    const [first, second] = ["2af7651916cd43dd8448eb211c80319c", "3af7651916cd43dd8448eb211c80319c"];
    await ask("What is Kettle?", { conversation: "talk-1" }, { traceparent: `00-${first}-b7ad6b7169203331-01` });
    await ask("Why is the whistle silent?", { conversation: "talk-1" }, { traceparent: `00-${second}-b7ad6b7169203331-01` });

    const before = (await spansOf(first)).find(({ name }) => name === "POST /sample/ask");
    const after = (await spansOf(second)).find(({ name }) => name === "POST /sample/ask");

    expect(before?.links).toEqual([]);
    expect(after?.links).toHaveLength(1);
    expect(after?.links[0]?.spanId).toBe(before?.spanId);
    expect(after?.getAttribute("session.id")).toBe("talk-1");
  });

  test("refuses what is no question", async () => {
    const bodies = [
      "",
      "{",
      "[]",
      "null",
      '{"question":7}',
      '{"question":" "}',
      JSON.stringify({ question: "x".repeat(501) }),
      `{"question":"${"x".repeat(20_000)}"}`,
    ];

    for (const body of bodies) expect([body.slice(0, 20), (await send(body)).status]).toEqual([body.slice(0, 20), 400]);
    expect((await send("{}", { headers: { "content-type": "text/plain" } })).status).toBe(415);
    expect((await send("", { method: "GET" })).status).toBe(405);
    expect((await send("{}", { path: "/sample/other" })).status).toBe(404);
    expect((await send("", { path: "/sample/questions", method: "GET" })).status).toBe(200);
  });
});
