// MLflow's search language: the recorded cases of tests/golden/filters.json, which the core's evaluator is held to,
// run by our client against the real server over the same 40 traces, stored by our client.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseExact, report } from "./compare.mjs";
import { newExperiment, openPeer, spandrel, trackingUri } from "./peers.mjs";

const { Trace, TraceInfo, TracingClient, init, shutdown } = spandrel;
const golden = JSON.parse(readFileSync(new URL("../golden/filters.json", import.meta.url), "utf8"));
const ids = golden.traces.map(({ trace_text }) => JSON.parse(trace_text).info.trace_id);

const peer = openPeer();
let client;
let experimentId;

before(async () => {
  await init({ exporter: "none" });
  client = new TracingClient({ trackingUri, retry: { maxRetries: 0 } }); // some filters make the server answer 500
  experimentId = await newExperiment(peer, "search");
  for (const { trace_text } of golden.traces) await store(trace_text);
});
after(async () => {
  client.close();
  await shutdown();
  await peer.close();
});

/** What the server adds by itself; it does so here too. */
const OF_THE_SERVER = ["mlflow.artifactLocation", "mlflow.trace.spansLocation", "mlflow.trace.infoFinalized"];

async function store(text) {
  const { info } = parseExact(text);
  const without = (values) => Object.fromEntries(Object.entries(values ?? {}).filter(([key]) => !OF_THE_SERVER.includes(key)));
  const { assessments = [], ...rest } = {
    ...info,
    trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: experimentId } },
    trace_metadata: without(info.trace_metadata),
    tags: without(info.tags),
  };
  await client.logSpans(experimentId, Trace.fromJson(text).data.spans);
  await client.startTrace(TraceInfo.fromDict(rest));
  for (const { assessment_name: name, span_id: spanId, source, feedback, expectation } of assessments) {
    const common = { traceId: info.trace_id, name, source: { sourceType: source.source_type, sourceId: source.source_id } };
    const given = spanId === undefined ? common : { ...common, spanId };
    if (feedback !== undefined) await client.logFeedback({ ...given, value: feedback.value });
    else await client.logExpectation({ ...given, value: expectation.value ?? JSON.parse(expectation.serialized_value.value) });
  }
}

/** Indexes of the traces, in order; or the error's code. */
async function answerOf(options) {
  try {
    const { traces, nextPageToken } = await client.searchTraces({ locations: [experimentId], includeSpans: false, ...options });
    return { traces: traces.map(({ info }) => ids.indexOf(info.traceId)), more: nextPageToken !== null };
  } catch (error) {
    return { error: error.errorCode };
  }
}

/** Where our client is meant to differ from Python's: what it sends, not what the server answers. */
const DEVIATIONS = [
  { is: ({ filter }) => filter?.trim() === "" && filter !== "", why: "a blank filter is no filter", answersAll: true },
  { is: ({ max_results }) => max_results <= 0, why: "no more than 0 results: an empty answer", answersAll: false },
  {
    is: ({ max_results }) => max_results > 500,
    why: "more than 500 results are asked for in several requests",
    answersAll: true,
  },
];
const NEWEST_FIRST = ids.map((_, i) => ids.length - 1 - i);

test("the recorded filters and orders find the same traces, through our client, on the real server", async () => {
  const wrong = [];
  for (const given of golden.cases) {
    const { filter, order_by, max_results, traces, more, error } = given;
    const options = { maxResults: max_results };
    if (filter !== null) options.filter = filter;
    if (order_by !== null) options.orderBy = order_by;
    const answer = await answerOf(options);
    const deviation = DEVIATIONS.find(({ is }) => is(given));
    let expected = error === undefined ? { traces, more } : { error: error.error_code };
    if (deviation !== undefined) {
      expected = { traces: deviation.answersAll ? NEWEST_FIRST : [], more: false };
      report({ check: "search", why: deviation.why, count: 1, example: JSON.stringify({ filter, max_results }) });
    }
    try {
      assert.deepEqual(answer, expected);
    } catch {
      wrong.push(JSON.stringify({ filter, order_by, max_results, answer, expected }));
    }
  }
  assert.deepEqual(wrong, [], `${wrong.length} of ${golden.cases.length} differ`);
});

test("pages follow each other", async () => {
  const pages = [];
  let pageToken = null;
  do {
    const found = await client.searchTraces({
      locations: [experimentId],
      includeSpans: false,
      maxResults: 17,
      orderBy: ["timestamp_ms ASC"],
      pageToken,
    });
    pages.push(found.traces.map(({ info }) => ids.indexOf(info.traceId)));
    pageToken = found.nextPageToken;
  } while (pageToken !== null);
  assert.deepEqual(pages, golden.pages_of_17);
});

test("Python's client finds the same as ours, with the same spans", async () => {
  const filter = "status = 'ERROR' AND tag.env = 'prod'";
  const { traces } = await client.searchTraces({ locations: [experimentId], filter });
  const theirs = await peer.ask("search_traces", { experiment_id: experimentId, filter_string: filter });
  assert.deepEqual(
    traces.map(({ info }) => info.traceId),
    theirs.trace_ids,
  );
  assert.ok(traces.length > 0);
  for (const trace of traces) {
    const { json } = await peer.ask("get_trace", { trace_id: trace.info.traceId });
    assert.deepEqual(parseExact(trace.toJson()), parseExact(json));
  }
});
