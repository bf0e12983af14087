// Our TracingClient and MLflow's Python client on one server: tags, assessments, prompts, deletion; what one writes
// the other reads.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertSame, parseExact } from "./compare.mjs";
import { newExperiment, openPeer, spandrel, trackingUri } from "./peers.mjs";

const { TraceError, TracingClient, init, shutdown } = spandrel;
const peer = openPeer();
let client;
let experimentId;
/** One trace of Python's for all checks: id, and id of its root. */
let traceId;
let spanId;

before(async () => {
  await init({ exporter: "none" });
  client = new TracingClient({ trackingUri });
  experimentId = await newExperiment(peer, "client");
  [[, traceId]] = await peer.ask("make", { experiment_id: experimentId, names: ["nested"] });
  spanId = (await client.getTrace(traceId)).data.spans[0].spanId;
});
after(async () => {
  client.close();
  await shutdown();
  await peer.close();
});

const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof TraceError, `a TraceError, not ${error}`);
    return error.errorCode;
  }
  return null;
};

test("experiments: by name, made where the name is new, refused where an id is unknown", async () => {
  const name = `made by ours ${process.pid}`;
  const id = await client.setExperiment(name);
  assert.equal(await client.setExperiment(name), id);
  assert.equal((await client.getExperimentByName(name)).experimentId, id);
  assert.equal(await client.setExperiment(experimentId), experimentId);
  assert.equal(await rejection(client.setExperiment("999999999")), "RESOURCE_DOES_NOT_EXIST");
});

test("tags set and deleted by ours are seen by Python, and the other way round", async () => {
  await client.setTraceTag(traceId, "odd key ./-", "é 😀");
  await peer.ask("set_trace_tag", { trace_id: traceId, key: "of python", value: "blue" });
  assert.equal((await peer.ask("get_trace", { trace_id: traceId })).info.tags["odd key ./-"], "é 😀");
  assert.equal((await client.getTraceInfo(traceId)).tags["of python"], "blue");
  await client.deleteTraceTag(traceId, "of python");
  await peer.ask("delete_trace_tag", { trace_id: traceId, key: "odd key ./-" });
  const { tags } = await client.getTraceInfo(traceId);
  assert.ok(!("of python" in tags) && !("odd key ./-" in tags));
  assert.equal(await rejection(client.deleteTraceTag(traceId, "not there")), "RESOURCE_DOES_NOT_EXIST");
});

const FEEDBACK = [
  ["true", { value: true }],
  ["number", { value: 0.75, spanOfTrace: true }],
  ["integer", { value: 3 }],
  ["text", { value: "é 😀" }],
  ["list", { value: ["a", 1, null] }],
  ["object", { value: { a: { b: [true] } } }],
  ["error", { error: { errorCode: "FAILED", errorMessage: "no judge", stackTrace: "line 1" } }],
  [
    "everything",
    { value: "good", rationale: "because", metadata: { k: "v" }, source: { sourceType: "LLM_JUDGE", sourceId: "gpt" } },
  ],
];

test("feedback and expectations of ours are read by Python as ours reads them", async (t) => {
  const check = async (name, logged) => {
    const theirs = await peer.ask("get_assessment", { trace_id: traceId, assessment_id: logged.assessmentId });
    const ours = await client.getAssessment(traceId, logged.assessmentId);
    assertSame(`assessment ${name}, logged and read by ours`, logged.toDict(), ours.toDict());
    assertSame(`assessment ${name}, read by Python`, ours.toDict(), theirs);
    return theirs;
  };
  for (const [name, { spanOfTrace, ...feedback }] of FEEDBACK) {
    await t.test(`feedback: ${name}`, async () => {
      const logged = await client.logFeedback({ traceId, name: `our ${name}`, ...(spanOfTrace ? { spanId } : {}), ...feedback });
      const { feedback: read } = await check(name, logged);
      if ("value" in feedback) assert.deepEqual(read.value, feedback.value);
    });
  }
  for (const value of ["text", 7, ["a", { b: 1 }], { facts: ["é"] }]) {
    await t.test(`expectation: ${JSON.stringify(value)}`, async () => {
      const logged = await client.logExpectation({ traceId, name: `our expectation ${typeof value}`, value });
      await check("expectation", logged);
      assert.deepEqual((await client.getAssessment(traceId, logged.assessmentId)).expectation.value, value);
    });
  }
});

test("assessments of Python's are read by ours; updated, overridden and deleted by ours, Python sees it", async () => {
  const source = { source_type: "HUMAN", source_id: "anna" };
  const theirs = await peer.ask("log_feedback", { trace_id: traceId, name: "theirs", value: 0.5, source, rationale: "r" });
  const id = theirs.assessment_id;
  assertSame("Python's feedback, read by ours", (await client.getAssessment(traceId, id)).toDict(), theirs);
  const expectation = await peer.ask("log_expectation", { trace_id: traceId, name: "e", value: { facts: [1, "two"] } });
  const read = await client.getAssessment(traceId, expectation.assessment_id);
  assertSame("Python's expectation, read by ours", read.toDict(), expectation);
  assert.deepEqual(read.expectation.value, { facts: [1, "two"] });

  await client.updateAssessment(traceId, id, { feedback: { value: "better" }, rationale: "looked again" });
  const updated = await peer.ask("get_assessment", { trace_id: traceId, assessment_id: id });
  assert.equal(updated.feedback.value, "better");
  assert.equal(updated.rationale, "looked again");

  const over = await client.logFeedback({ traceId, name: "theirs", value: "best", overrides: id });
  assert.equal((await peer.ask("get_assessment", { trace_id: traceId, assessment_id: id })).valid, false);
  assert.equal((await peer.ask("get_assessment", { trace_id: traceId, assessment_id: over.assessmentId })).overrides, id);

  await client.deleteAssessment(traceId, over.assessmentId);
  await assert.rejects(peer.ask("get_assessment", { trace_id: traceId, assessment_id: over.assessmentId }));
});

test("prompts linked by ours are found by Python, and the trace by its prompt", async () => {
  const name = `greeting-${process.pid}`;
  const version = await peer.ask("register_prompt", { name, template: "Hello {{name}}" });
  await client.linkPromptVersionsToTrace(traceId, [{ name, version }]);
  const { info } = await peer.ask("get_trace", { trace_id: traceId });
  assert.deepEqual(JSON.parse(info.tags["mlflow.linkedPrompts"]), [{ name, version: String(version) }]);
  const filter = `prompt = "${name}/${version}"`;
  const { traces } = await client.searchTraces({ locations: [experimentId], filter, includeSpans: false });
  assert.deepEqual(
    traces.map((trace) => trace.info.traceId),
    [traceId],
  );
});

test("several traces at once come in the order of their ids; unknown ones are absent", async () => {
  const made = await peer.ask("make", { experiment_id: experimentId, names: ["events", "chat", "empty"] });
  const wanted = made.map(([, id]) => id).reverse();
  const unknown = "tr-00000000000000000000000000000000";
  const traces = await client.batchGetTraces([wanted[0], unknown, wanted[1], wanted[2]]);
  assert.deepEqual(
    traces.map((trace) => trace.info.traceId),
    wanted,
  );
  for (const trace of traces) {
    const { json } = await peer.ask("get_trace", { trace_id: trace.info.traceId });
    assertSame("batch of traces", parseExact(trace.toJson()), parseExact(json));
  }
  assert.equal(await rejection(client.getTrace(unknown)), "RESOURCE_DOES_NOT_EXIST");
  assert.equal(await client.getTrace(unknown, { silent: true }), null);
});

test("traces deleted by ours are gone for Python", async () => {
  const [[, id]] = await peer.ask("make", { experiment_id: experimentId, names: ["given_times"] });
  assert.equal(await client.deleteTraces({ experimentId, traceIds: [id] }), 1);
  await assert.rejects(peer.ask("get_trace", { trace_id: id }), { code: "RESOURCE_DOES_NOT_EXIST" });
});

test("what the server refuses is one TraceError with its code", async () => {
  assert.equal(await rejection(client.getTraceInfo("tr-ffffffffffffffffffffffffffffffff")), "RESOURCE_DOES_NOT_EXIST");
  assert.equal(
    await rejection(client.searchTraces({ locations: [experimentId], filter: "nonsense" })),
    "INVALID_PARAMETER_VALUE",
  );
});
