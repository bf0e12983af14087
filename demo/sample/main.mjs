// The sample application: asks the service a few questions about this project and prints the answers.
//
//   node demo/sample/main.mjs [endpoint]     default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318
//
// Its spans are those of a client; the service's spans continue the same traces in another process.
import { flushTraces, init, injectTraceContext, SpanType, withSpan } from "spandrel";
import { readAnswer } from "./answer_stream.mjs";
import { QUESTIONS } from "./questions.mjs";

const endpoint = (process.argv[2] ?? process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "http://127.0.0.1:4318").replace(/\/+$/, "");
const conversation = `node-${process.pid}`;

await init({ serviceName: "spandrel-sample", exporter: "otlp", endpoint, exitTimeoutMillis: 1_000 });
try {
  for (const question of QUESTIONS) await askAndPrint(question);
} catch (error) {
  console.error(`The sample could not ask ${endpoint}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
const { status, delivered, dropped } = await flushTraces({ timeoutMillis: process.exitCode === 1 ? 1_000 : 10_000 });
if (status !== "flushed" || dropped > 0) {
  console.error(`Traces: ${status}, ${delivered} spans delivered, ${dropped} dropped`);
  process.exitCode = 1;
}

function askAndPrint(question) {
  const options = {
    name: "ask about the project",
    spanType: SpanType.CHAIN,
    inputs: { question },
    attributes: { "session.id": conversation },
  };
  return withSpan(options, async (span) => {
    const result = await request(question);
    span.setOutputs({ answer: result.answer });
    console.log(`\n? ${question}\n  ${result.answer}`);
    for (const tool of result.failedTools) console.log(`  (${tool} failed on the way; the agent went on without it)`);
    console.log(`  trace ${span.traceId}`);
  });
}

/** One HTTP request in a span of its own, its context in the headers. */
function request(question) {
  const url = `${endpoint}/sample/ask`;
  const options = {
    name: "POST /sample/ask",
    kind: "CLIENT",
    attributes: { "http.request.method": "POST", "url.full": url },
  };
  return withSpan(options, async (span) => {
    const headers = { "Content-Type": "application/json" };
    injectTraceContext(headers, span);
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ question, conversation }) });
    span.setAttribute("http.response.status_code", response.status);
    if (!response.ok || !response.body) throw new Error(`the service answered ${response.status}`);
    for await (const line of readAnswer(response.body)) {
      if ("step" in line) span.addEvent({ name: "agent step", attributes: { step: line.step } });
      if ("error" in line) throw new Error(line.error);
      if ("done" in line) {
        span.setOutputs(line.done);
        return line.done;
      }
    }
    throw new Error("the answer ended early");
  });
}
