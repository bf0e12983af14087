// The sample in the page: the same question, asked from the browser. One trace then spans page and Node.
import { flushTraces, init, injectTraceContext, SpanType, withSpan } from "spandrel";
import { readAnswer, type Answer } from "./answer_stream.mjs";

/** Names a document that the project does not have: the agent's first step fails, and it recovers by searching. */
const QUESTION = "According to docs/security.md, who may read the traces that the local receiver keeps?";

export interface SampleRun {
  /** 32 hex digits, as OTLP has it. */
  traceId: string;
  question: string;
  answer: string;
  sources: string[];
}

export interface SampleOptions {
  /** The receiver's origin, usually the page's own. */
  endpoint: string;
  question?: string;
  /** The answer so far, each time it grows. */
  onText?: (text: string) => void;
}

/** Asks the sample's service and waits until the page's spans have left. Rejects where the service cannot be asked. */
export async function runFromPage({ endpoint, question = QUESTION, onText }: SampleOptions): Promise<SampleRun> {
  await init({ serviceName: "spandrel-page", exporter: "otlp", endpoint });
  const options = { name: "ask from the page", spanType: SpanType.CHAIN, inputs: { question } };
  const run = await withSpan(options, async (span) => {
    // After an await the browser has no active span: children are made from the span itself.
    const answer = await span.withSpan({ name: "POST /sample/ask", kind: "CLIENT" }, async (child) => {
      const headers: Record<string, string> = { "Content-Type": "application/json" };
      injectTraceContext(headers, child);
      const response = await fetch(`${endpoint}/sample/ask`, { method: "POST", headers, body: JSON.stringify({ question }) });
      child.setAttribute("http.response.status_code", response.status);
      // `spandrel view` alone has no such route; `npm start` mounts the service.
      if (response.status === 404 || response.status === 405) throw new Error("this receiver runs without the sample's service");
      if (!response.ok || !response.body) throw new Error(`the service answered ${response.status}`);
      child.addEvent({ name: "response headers" });
      const result = await collect(response.body, (text, isFirst) => {
        if (isFirst) child.addEvent({ name: "first token", attributes: { text } });
        onText?.(text);
      });
      child.setOutputs(result);
      return result;
    });
    span.setOutputs({ answer: answer.answer });
    return { traceId: otelTraceId(span.traceId), question, answer: answer.answer, sources: answer.sources };
  });
  await flushTraces({ timeoutMillis: 10_000 });
  return run;
}

async function collect(body: ReadableStream<Uint8Array>, onText: (text: string, isFirst: boolean) => void): Promise<Answer> {
  let text = "";
  for await (const line of readAnswer(body)) {
    if ("error" in line) throw new Error(line.error);
    if ("done" in line) return line.done;
    if ("token" in line) {
      const isFirst = text === "";
      text += line.token;
      onText(text, isFirst);
    }
  }
  throw new Error("the answer ended early");
}

function otelTraceId(traceId: string): string {
  return traceId.replace(/^tr-/, "");
}
