// OpenTelemetry JS as an application uses it; both generations share the recording API.
import { LLM_POOL, PATHS, SHAPES, TENANTS } from "../workloads.mjs";

/** The exporter side: every batch becomes OTLP bytes and is dropped. */
export function byteSink(serializer) {
  const figures = { bytes: 0, spans: 0 };
  return {
    exporter: {
      export(spans, done) {
        figures.bytes += serializer.serializeRequest(spans).length;
        figures.spans += spans.length;
        done({ code: 0 });
      },
      shutdown: () => Promise.resolve(),
      forceFlush: () => Promise.resolve(),
    },
    takeFigures: () => {
      const taken = { ...figures };
      figures.bytes = figures.spans = 0;
      return taken;
    },
  };
}

export function recorders(tracer, api) {
  const { ROOT_CONTEXT, trace } = api;

  function typical(shape, context, i) {
    const span = tracer.startSpan(shape.name, undefined, context);
    span.setAttribute("http.request.method", "GET");
    span.setAttribute("url.path", PATHS[i % 100]);
    span.setAttribute("server.address", "example.test");
    span.setAttribute("user_agent.original", "bench-client/1.0");
    span.setAttribute("app.tenant", TENANTS[i % 10]);
    span.setAttribute("http.response.status_code", 200);
    span.setAttribute("app.score", 0.5 + i / 7);
    span.setAttribute("cache.hit", (i & 1) === 0);
    span.addEvent("checkpoint", { stage: "middle", count: i });
    if (shape.children.length > 0) {
      const inner = trace.setSpan(context, span);
      for (const child of shape.children) typical(child, inner, i);
    }
    span.end();
  }

  function llm(shape, context, i) {
    const data = LLM_POOL[i & 15];
    const span = tracer.startSpan(shape.name, undefined, context);
    span.setAttribute("mlflow.spanType", "LLM");
    span.setAttribute("mlflow.spanInputs", JSON.stringify(data.inputs));
    span.setAttribute("mlflow.chat.tokenUsage", JSON.stringify(data.usage));
    if (shape.children.length > 0) {
      const inner = trace.setSpan(context, span);
      for (const child of shape.children) llm(child, inner, i + 1);
    }
    span.setAttribute("mlflow.spanOutputs", JSON.stringify(data.outputs));
    span.end();
  }

  function llmText(shape, context, i) {
    const data = LLM_POOL[i & 15];
    const span = tracer.startSpan(shape.name, undefined, context);
    span.setAttribute("mlflow.spanType", "LLM");
    span.setAttribute("mlflow.spanInputs", data.inputsText);
    span.setAttribute("mlflow.chat.tokenUsage", JSON.stringify(data.usage));
    if (shape.children.length > 0) {
      const inner = trace.setSpan(context, span);
      for (const child of shape.children) llmText(child, inner, i + 1);
    }
    span.setAttribute("mlflow.spanOutputs", data.outputsText);
    span.end();
  }

  const byName = { typical, llm, "llm-text": llmText };
  return (workload, i) => byName[workload](SHAPES[workload], ROOT_CONTEXT, i);
}
