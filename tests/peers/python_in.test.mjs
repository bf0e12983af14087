// Traces made with MLflow's Python SDK and stored by its server: read by our client, and from Python's own JSON
// (`Trace.to_json`), written again by ours, and compared.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { assertSame, parseExact } from "./compare.mjs";
import { newExperiment, openPeer, spandrel, trackingUri } from "./peers.mjs";

const { Trace, TracingClient, init, shutdown } = spandrel;
const peer = openPeer();
let client;
let made;

before(async () => {
  await init({ exporter: "none" });
  client = new TracingClient({ trackingUri });
  made = await peer.ask("make", { experiment_id: await newExperiment(peer, "made by Python") });
});
after(async () => {
  client.close();
  await shutdown();
  await peer.close();
});

test("every scenario of Python's made a trace", () => {
  assert.equal(made.length, 18);
});

test("JSON of MLflow's traces is read and written again, equal", async (t) => {
  for (const [name, traceId] of made) {
    await t.test(`Python's ${name}: our Trace.fromJson, toJson`, async () => {
      const { json } = await peer.ask("get_trace", { trace_id: traceId });
      const ours = Trace.fromJson(json);
      assertSame(`Python's ${name}, re-serialised`, parseExact(ours.toJson()), parseExact(json));
      // And MLflow reads what we wrote, and writes the same once more.
      const again = await peer.ask("read_json", { text: ours.toJson() });
      assertSame(`Python's ${name}, read by Python again`, parseExact(ours.toJson()), parseExact(again.json));
    });
  }
});

test("MLflow's traces are read by our client", async (t) => {
  for (const [name, traceId] of made) {
    await t.test(`Python's ${name}: our getTrace`, async () => {
      const { json, info, spans } = await peer.ask("get_trace", { trace_id: traceId });
      const ours = await client.getTrace(traceId);
      assertSame(`Python's ${name}, read by our client: toJson`, parseExact(ours.toJson()), parseExact(json));
      assertSame(`Python's ${name}, read by our client: toDict`, ours.toDict(), parseExact(json));
      assert.deepEqual(viewOf(ours), {
        info: { state: info.state, requestTime: info.request_time, duration: info.execution_duration, tokens: info.token_usage },
        spans: spans.map((span) => ({
          name: span.name,
          spanId: span.span_id,
          parentId: span.parent_id,
          type: span.span_type,
          times: [span.start_time_ns, span.end_time_ns],
          status: [span.status.code, span.status.description],
          events: span.events.map((event) => [event.name, event.timestamp]),
          links: span.links.map((link) => [link.trace_id, link.span_id]),
        })),
      });
    });
  }
});

/** What our getters say. */
function viewOf({ info, data }) {
  return {
    info: { state: info.state, requestTime: info.requestTime, duration: info.executionDuration, tokens: info.tokenUsage },
    spans: data.spans.map((span) => ({
      name: span.name,
      spanId: span.spanId,
      parentId: span.parentId,
      type: span.spanType,
      times: [String(span.startTimeNs), String(span.endTimeNs)],
      status: [span.status.statusCode, span.status.description],
      events: span.events.map((event) => [event.name, String(event.timestamp)]),
      links: span.links.map((link) => [link.traceId, link.spanId]),
    })),
  };
}
