// Traces that are touched while they are open, that run too long, and that leave before their last span: what MLflow's
// Python client reads of them in the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newExperiment, openClients, spandrel, trackingUri } from "./peers.mjs";

const { flushTraces, init, startSpan, stats } = spandrel;

const { peer, client } = openClients();

const logger = { debug() {}, info() {}, warn() {}, error() {} };

async function use(name, options = {}) {
  const experimentId = await newExperiment(peer, name);
  await init({ exporter: "mlflow", trackingUri, experimentId, logger, ...options });
  return experimentId;
}

const read = (traceId) => peer.ask("get_trace", { trace_id: traceId });

test("tags and assessments of an open trace go with it; the server gives the assessments their ids", async () => {
  const experimentId = await use("open trace");
  const span = startSpan({ name: "open", parent: null });
  await client.setTraceTag(span.traceId, "team", "blue");
  await client.setTraceTag(span.traceId, "gone", "x");
  await client.deleteTraceTag(span.traceId, "gone");
  await client.logFeedback({ traceId: span.traceId, name: "helpful", value: true, rationale: "yes" });
  await client.logExpectation({ traceId: span.traceId, name: "facts", value: ["a", "b"] });
  span.end();
  assert.equal((await flushTraces()).status, "flushed");

  const { info } = await read(span.traceId);
  assert.equal(info.tags.team, "blue");
  assert.ok(!("gone" in info.tags));
  const { assessments } = await client.getTraceInfo(span.traceId);
  assert.deepEqual(assessments.map((each) => each.assessment_name).sort(), ["facts", "helpful"]);
  assert.ok(assessments.every((each) => /^a-[0-9a-f]{32}$/.test(each.assessment_id)));
  const found = await peer.ask("search_traces", { experiment_id: experimentId, filter_string: "feedback.helpful = 'true'" });
  assert.deepEqual(found.trace_ids, [span.traceId]);
});

test("a trace says where it was made, under the names of MLflow's SDK", async () => {
  await use("environment");
  const span = startSpan({ name: "made", parent: null });
  span.end();
  await flushTraces();
  const { trace_metadata: metadata } = (await read(span.traceId)).info;
  assert.equal(metadata["mlflow.source.type"], "LOCAL");
  assert.equal(metadata["mlflow.source.name"], process.argv[1]);
  for (const key of ["commit", "branch", "repoURL"]) assert.ok(`mlflow.source.git.${key}` in metadata);
});

test("a trace that leaves before its last span is whole when that one has ended", async () => {
  await use("early");
  const root = startSpan({ name: "root", parent: null });
  const child = root.startSpan({ name: "child" });
  root.end();
  await flushTraces();
  child.setOutputs({ answer: 42 });
  child.end();
  await flushTraces();
  const trace = await client.getTrace(root.traceId);
  assert.deepEqual(trace.data.spans.map(({ name }) => name).sort(), ["child", "root"]);
  assert.deepEqual(trace.data.spans.find(({ name }) => name === "child").outputs, { answer: 42 });
  const { info } = await read(root.traceId);
  assert.equal(info.state, "OK");
});

test("a trace that runs too long is an error in MLflow, with all of its spans", async () => {
  await use("timeout", { traceTimeoutMillis: 1000 });
  const root = startSpan({ name: "stuck", parent: null, inputs: { q: 1 } });
  root.startSpan({ name: "waits" });
  const deadline = Date.now() + 15_000;
  while (!root.hasEnded && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  await flushTraces();
  const { info } = await read(root.traceId);
  assert.equal(info.state, "ERROR");
  const { spans } = (await client.getTrace(root.traceId)).data;
  assert.deepEqual(
    spans.map(({ name, status }) => [name, status.statusCode]),
    [
      ["stuck", "ERROR"],
      ["waits", "ERROR"],
    ],
  );
  const { pending, dropped } = Object.values(stats().destinations).at(-1);
  assert.deepEqual([pending, Object.values(dropped).reduce((a, b) => a + b, 0)], [0, 0]);
});
