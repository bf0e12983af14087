// The HTTP service of the sample: POST /sample/ask streams an answer as lines of JSON.
//
//   {"step":"open_document(…)"}                              what the agent does
//   {"token":" text"}                                        the answer, piece by piece
//   {"done":{"answer":…,"sources":[…],"failedTools":[…],"tokens":n}}    or {"error":"…"}
//
// It is mounted on the receiver's origin, in the receiver's process, and continues the trace its caller began.
import { fileURLToPath } from "node:url";
import { extractTraceContext, flushTraces, init, SpanType, withSpan } from "spandrel";
import { createAgent } from "./agent.mjs";
import { QUESTIONS } from "./questions.mjs";

const MAX_BODY_BYTES = 16 * 1024;
const MAX_QUESTION_CHARACTERS = 500;
/** Conversations whose last question is remembered, to link the next one to it. */
const MAX_CONVERSATIONS = 100;
const MAX_AT_ONCE = 8;

/**
 * @param {{ root: string }} options the project's folder, whose documents are asked about
 * @returns {{ mount(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse): Promise<void>,
 *             connect(endpoint: string): Promise<void>, flush(): Promise<void> }}
 *   connect: starts tracing to the receiver at `endpoint`; call it once the receiver listens
 */
export function createSampleService({ root }) {
  let agent = null;
  const lastQuestions = new Map();
  let running = 0;

  /** Questions of one conversation are traces of their own, each linked to the one before. */
  const continueConversation = (span, conversation) => {
    const previous = lastQuestions.get(conversation);
    if (previous) span.addLink({ ...previous, attributes: { "link.reason": "the question before in this conversation" } });
    span.setAttribute("session.id", conversation);
    remember(lastQuestions, conversation, { traceId: span.traceId, spanId: span.spanId });
  };

  const ask = async (request, response) => {
    const body = await readJson(request);
    const question = typeof body?.question === "string" ? body.question.trim() : "";
    if (question === "" || question.length > MAX_QUESTION_CHARACTERS) {
      return refuse(response, 400, `a question of 1 to ${MAX_QUESTION_CHARACTERS} characters is needed`);
    }
    const conversation =
      typeof body.conversation === "string" && /^[\w-]{1,64}$/.test(body.conversation) ? body.conversation : null;
    const options = {
      name: "POST /sample/ask",
      kind: "SERVER",
      spanType: SpanType.CHAIN,
      parent: extractTraceContext(request.headers) ?? undefined,
      inputs: { question },
      attributes: { "http.request.method": "POST", "url.path": "/sample/ask" },
    };

    response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    const write = (line) => {
      if (response.destroyed) throw new Error("the reader went away");
      return response.write(`${JSON.stringify(line)}\n`) ? undefined : drained(response);
    };
    try {
      agent ??= createAgent(root); // documents are read at the first question
      const { answerQuestion } = await agent;
      const result = await withSpan(options, async (span) => {
        if (conversation) continueConversation(span, conversation);
        const listener = { step: (step) => void write({ step }), token: (token) => write({ token }) };
        const answered = await answerQuestion(question, listener);
        span.setAttribute("http.response.status_code", 200);
        span.setOutputs(answered);
        return answered;
      });
      write({ done: result });
    } catch {
      // The span has the error; the caller learns only that there was one.
      if (!response.destroyed) response.write(`${JSON.stringify({ error: "the question could not be answered" })}\n`);
    }
    response.end();
    return undefined;
  };

  return {
    async mount(request, response) {
      const path = new URL(request.url ?? "/", "http://sample.invalid").pathname;
      if (path === "/sample/questions" && request.method === "GET") {
        response.writeHead(200, { "Content-Type": "application/json" });
        return void response.end(JSON.stringify(QUESTIONS));
      }
      if (path !== "/sample/ask") return refuse(response, 404, "no such route");
      if (request.method !== "POST") return refuse(response, 405, "POST a question", { Allow: "POST" });
      if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) return refuse(response, 415, "a question is JSON");
      if (running >= MAX_AT_ONCE) return refuse(response, 429, "too many questions at once", { "Retry-After": "1" });
      running += 1;
      try {
        await ask(request, response);
      } finally {
        running -= 1;
      }
    },
    connect: (endpoint) =>
      init({ serviceName: "spandrel-sample-service", exporter: "otlp", endpoint, batch: { delayMillis: 200 } }),
    flush: async () => void (await flushTraces()),
  };
}

/** The service for the project this file belongs to. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

async function readJson(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}

function refuse(response, status, message, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify({ error: message }));
}

function drained(response) {
  return new Promise((done) => {
    response.once("drain", done);
    response.once("close", done);
  });
}

function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_CONVERSATIONS) map.delete(map.keys().next().value);
}
