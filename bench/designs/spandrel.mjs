// Spandrel as an application uses it. The sink turns every batch into OTLP bytes, in memory of its own
// as an exporter would, and drops them.
import { LLM_POOL, PATHS, SHAPES, TENANTS } from "../workloads.mjs";

export async function createDesign({ queue = 1 << 30, endpoint, batch, enabled = true } = {}) {
  const { init, startSpan, flushTraces, disable, stats } = await import("spandrel");
  let bytes = 0;
  let spans = 0;
  let memory = new Uint8Array(0);
  const sink = {
    export(each) {
      const request = each.toOtlpBytes(memory);
      if (request.length > memory.length) memory = new Uint8Array(request.length * 1.25);
      bytes += request.length;
      spans += each.spanCount;
      return Promise.resolve({ status: "success" });
    },
  };
  await init({
    serviceName: "bench",
    batch: batch ?? { queueBytes: queue, maxSpans: 512, delayMillis: 600_000 },
    ...(endpoint === undefined ? { exporter: sink } : { exporter: "otlp", endpoint }),
  });
  if (!enabled) disable();

  function typical(shape, parent, i) {
    const span = startSpan({ name: shape.name, parent });
    span.setAttribute("http.request.method", "GET");
    span.setAttribute("url.path", PATHS[i % 100]);
    span.setAttribute("server.address", "example.test");
    span.setAttribute("user_agent.original", "bench-client/1.0");
    span.setAttribute("app.tenant", TENANTS[i % 10]);
    span.setAttribute("http.response.status_code", 200);
    span.setAttribute("app.score", 0.5 + i / 7);
    span.setAttribute("cache.hit", (i & 1) === 0);
    span.addEvent({ name: "checkpoint", attributes: { stage: "middle", count: i } });
    for (const child of shape.children) typical(child, span, i);
    span.end();
  }

  function llm(shape, parent, i) {
    const data = LLM_POOL[i & 15];
    const span = startSpan({ name: shape.name, parent, spanType: "LLM" });
    span.setInputs(data.inputs);
    span.setAttribute("mlflow.chat.tokenUsage", data.usage);
    for (const child of shape.children) llm(child, span, i + 1);
    span.setOutputs(data.outputs);
    span.end();
  }

  function llmText(shape, parent, i) {
    const data = LLM_POOL[i & 15];
    const span = startSpan({ name: shape.name, parent, spanType: "LLM" });
    span.setAttribute("mlflow.spanInputs", data.inputsText);
    span.setAttribute("mlflow.chat.tokenUsage", data.usage);
    for (const child of shape.children) llmText(child, span, i + 1);
    span.setAttribute("mlflow.spanOutputs", data.outputsText);
    span.end();
  }

  const recorders = { typical, llm, "llm-text": llmText };
  return {
    record: (workload, i) => recorders[workload](SHAPES[workload], null, i),
    flush: () => flushTraces({ timeoutMillis: 120_000 }),
    takeFigures: () => {
      const figures = { bytes, spans };
      bytes = spans = 0;
      return figures;
    },
    startSpan: (name) => startSpan({ name }),
    stats,
  };
}
