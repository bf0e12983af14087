// Our traces sent to MLflow's server as MLflow's SDK does (spans by OTLP, then the trace info by REST), synchronously
// and asynchronously: read back by MLflow's Python client and by ours, and compared with what the exporter handed to
// its client, field by field.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOurs } from "./check_ours.mjs";
import { assertSame, parseExact } from "./compare.mjs";
import { OURS } from "./our_traces.mjs";
import { newExperiment, openClients, spandrel, trackingUri } from "./peers.mjs";

const { MlflowExporter, Trace, TraceManager, flushTraces, getLastActiveTraceId, init, stats } = spandrel;

const { peer, client } = openClients();

/** A client that remembers what it was handed, by trace id. */
class RecordingClient {
  trackingUri = trackingUri;
  traces = new Map();
  #spans = new Map();

  async startTrace(info) {
    const spans = this.#spans.get(info.traceId) ?? [];
    this.traces.set(info.traceId, new Trace(info, spans).toJson());
    return client.startTrace(info);
  }
  async logSpans(location, spans) {
    for (const span of spans) this.#spans.set(span.traceId, [...(this.#spans.get(span.traceId) ?? []), span]);
    return client.logSpans(location, spans);
  }
  uploadTraceData(info, data) {
    return client.uploadTraceData(info, data);
  }
  linkPromptVersionsToTrace(traceId, prompts) {
    return client.linkPromptVersionsToTrace(traceId, prompts);
  }
}

/** Messages of the exporters. */
const said = [];
const logger = { debug() {}, info() {}, warn: (text) => said.push(text), error: (text) => said.push(text) };

/** Why a trace that came by REST reads differently from what was handed over. */
const RULINGS = [
  {
    path: /^info\.(tags\.mlflow\.(artifactLocation|trace\.spansLocation)|trace_metadata\.mlflow\.trace\.infoFinalized)$/,
    why: "the server's own tags and metadata",
    covers: ({ ours }) => ours === undefined,
  },
  {
    path: /^(data\.spans\.\d+\.attributes\.mlflow\.llm\.cost|info\.trace_metadata\.mlflow\.trace\.cost)$/,
    why: "ruling 41: cost is worked out by the server, from its prices",
    covers: ({ ours }) => ours === undefined,
  },
];

for (const isAsync of [false, true]) {
  const check = `REST V3, ${isAsync ? "asynchronous" : "synchronous"}`;
  test(check, async (t) => {
    const experimentId = await newExperiment(peer, check);
    const recording = new RecordingClient();
    await init({ exporter: new MlflowExporter({ client: recording, experimentId, async: isAsync }), experimentId, logger });
    for (const [name, make] of Object.entries(OURS)) {
      await t.test(`${check}: ${name} is read by Python and by ours`, async () => {
        const made = await make(spandrel, getLastActiveTraceId);
        const flushed = await flushTraces();
        assert.equal(flushed.status, "flushed");
        assert.equal(flushed.dropped, 0);
        const local = recording.traces.get(made.traceId);
        assert.ok(local, "the trace was sent");
        const { json } = await checkOurs({ check: `${check}: ${name}`, peer, made, local, rulings: RULINGS });
        const ours = await client.getTrace(made.traceId);
        assertSame(`${check}: ${name}, read by our client`, parseExact(ours.toJson()), parseExact(json));
      });
    }
  });
}

test("prompts registered with a trace are linked by the exporter", async () => {
  const experimentId = await newExperiment(peer, "prompts");
  const name = `exported-${process.pid}`;
  const version = await peer.ask("register_prompt", { name, template: "Hello {{name}}" });
  await init({ exporter: "mlflow", trackingUri, experimentId });
  const span = spandrel.startSpan({ name: "uses a prompt" });
  TraceManager.getInstance().registerPrompt(span.traceId, { name, version });
  span.end();
  await flushTraces();
  const { info } = await peer.ask("get_trace", { trace_id: span.traceId });
  assert.deepEqual(JSON.parse(info.tags["mlflow.linkedPrompts"]), [{ name, version: String(version) }]);
  const found = await peer.ask("search_traces", { experiment_id: experimentId, filter_string: `prompt = "${name}/${version}"` });
  assert.deepEqual(found.trace_ids, [span.traceId]);
});

test("an experiment that does not exist: the spans are counted as lost, nothing is thrown", async () => {
  await init({ exporter: "mlflow", trackingUri, experimentId: "999999" });
  spandrel.withSpan({ name: "nowhere" }, () => 1);
  const flushed = await flushTraces();
  assert.equal(flushed.delivered, 0);
  assert.equal(flushed.dropped, 1, JSON.stringify(stats()));
  assert.equal(said.length, 1, said.join("\n"));
  assert.match(said[0], /999999|experiment/i);
});

test("traces of the exporter are found in MLflow's search by name, session, user and status", async () => {
  const experimentId = await newExperiment(peer, "found");
  await init({ exporter: "mlflow", trackingUri, experimentId });
  const ids = {};
  for (const name of ["traceLevel", "error", "tokens"]) ids[name] = (await OURS[name](spandrel, getLastActiveTraceId)).traceId;
  await flushTraces();
  const find = async (filter) =>
    (await peer.ask("search_traces", { experiment_id: experimentId, filter_string: filter })).trace_ids;
  assert.deepEqual(await find("name = 'trace level'"), [ids.traceLevel]);
  assert.deepEqual(await find("metadata.`mlflow.trace.session` = 'session-5'"), [ids.traceLevel]);
  assert.deepEqual(await find("metadata.`mlflow.trace.user` = 'user-6' AND tag.team = 'blue'"), [ids.traceLevel]);
  assert.deepEqual(await find("status = 'ERROR'"), [ids.error]);
  assert.deepEqual(await find("span.type = 'CHAT_MODEL'"), [ids.tokens]);
});
