// Our traces sent to MLflow's server by plain OTLP, in both encodings, plain and compressed, read back by
// MLflow's Python client.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { checkOurs } from "./check_ours.mjs";
import { OURS } from "./our_traces.mjs";
import { newExperiment, openPeer, spandrel, trackingUri } from "./peers.mjs";

const { TraceManager, flushTraces, getLastActiveTraceId, init, shutdown } = spandrel;

const peer = openPeer();
after(async () => {
  await shutdown();
  await peer.close();
});

const isUndefined = (side) => (difference) => difference[side] === undefined;
const digits = (text) => typeof text === "string" && /^-?\d+$/.test(text);

/** Why a trace that came by plain OTLP reads differently from our own (rulings: the project's design, section 7). */
const RULINGS = [
  {
    path: /^info\.trace_metadata\.mlflow\.(traceInputs|traceOutputs|trace_schema\.version)$/,
    why: "short copies and schema version are written by MLflow's clients into the trace info, which plain OTLP has not",
    covers: isUndefined("theirs"),
  },
  {
    path: /^info\.tags\.(mlflow\.traceName|mlflow\.artifactLocation|mlflow\.trace\.spansLocation|service\.name)$/,
    why: "the name tag is the REST client's; location tags and the resource's service.name are the server's",
  },
  {
    path: /^info\.(request|response)_preview$/,
    why: 'a preview without inputs: null equals ""',
    covers: ({ ours, theirs }) => ours === "" && theirs === undefined,
  },
  {
    path: /^info\.(request|response)_preview$/,
    why: "ruling 14: OTLP keeps the host's text of JSON, dictionaries space it as Python does",
    covers: ({ ours, theirs }) =>
      typeof theirs === "string" &&
      ours.replace(/([,:]) /g, "$1").slice(0, 700) === theirs.replace(/([,:]) /g, "$1").slice(0, 700),
  },
  {
    path: /^info\.execution_duration_ms$/,
    why: "the server subtracts milliseconds that were cut, MLflow's SDK and ours cut the difference",
    covers: ({ ours, theirs }) => Math.abs(ours - theirs) <= 1,
  },
  {
    path: /^data\.spans\.\d+\.attributes\.mlflow\.(experimentId|spanStartTimeNs|spanLogLevel|spanType)$/,
    why: "ruling 9: virtual attributes are not sent by plain OTLP",
    covers: ({ path, ours, theirs }) => theirs === undefined && (!path.endsWith("spanType") || ours === '"UNKNOWN"'),
  },
  {
    path: /^(info\.client_request_id|info\.trace_metadata\.version)$/,
    why: "ruling 10: the server keeps client request id and free metadata as attributes of the root span",
    covers: isUndefined("theirs"),
  },
  {
    path: /^data\.spans\.0\.attributes\.(mlflow\.trace(Tag|Metadata)\..*|mlflow\.traceClientRequestId|session\.id|user\.id)$/,
    why: "ruling 10: trace-level values travel as attributes of the root span",
    covers: isUndefined("ours"),
  },
  {
    path: /^(data\.spans\.0\.attributes\.mlflow\.llm\.cost|data\.spans\.[12]\.attributes\.mlflow\.llm\.cost|info\.trace_metadata\.mlflow\.trace\.cost)$/,
    why: "ruling 41: cost is worked out by the server, from its prices",
    covers: isUndefined("ours"),
  },
  {
    path: /(\.attributes\.text that is JSON$)/,
    why: "ruling 13: the server parses a native string that is a JSON object, array or quoted string",
  },
  {
    path: /\.attributes\.mlflow\.span(In|Out)puts$/,
    why: "ruling 13: JSON text of a bare number stays text on the server, because it parses objects, arrays and quoted strings only",
    covers: ({ ours, theirs }) => digits(ours) && theirs === `"${ours}"`,
  },
  {
    path: /^step 119\.inputs$/,
    why: "ruling 13: the same, seen by Python's getter",
    covers: ({ ours, theirs }) => theirs === String(ours),
  },
];

/** Of JSON alone: the server turns the hex ids of spans into bytes, and takes those of links for base64. */
const LOST_LINKS = {
  path: /^(data\.spans\.0|links)\.links(\.|$)/,
  why: "a fault of MLflow's server: it drops the links of OTLP/JSON (it reads their hex ids as base64)",
};

for (const protocol of ["http/protobuf", "http/json"]) {
  for (const compression of ["none", "gzip"]) {
    const check = `OTLP ${protocol === "http/json" ? "JSON" : "protobuf"}${compression === "gzip" ? ", gzip" : ""}`;
    const rulings = protocol === "http/json" ? [...RULINGS, LOST_LINKS] : RULINGS;
    test(check, async (t) => {
      const experimentId = await newExperiment(peer, check);
      const headers = { "x-mlflow-experiment-id": experimentId };
      await init({ exporter: "otlp", endpoint: trackingUri, headers, experimentId, protocol, compression, retainTraces: true });
      for (const [name, make] of Object.entries(OURS)) {
        await t.test(`${check}: ${name} is read by Python`, async () => {
          const made = await make(spandrel, getLastActiveTraceId);
          const local = TraceManager.getInstance().getTrace(made.traceId)?.toJson();
          assert.ok(local, "the trace is still known here");
          const flushed = await flushTraces();
          assert.equal(flushed.status, "flushed");
          assert.equal(flushed.dropped, 0);
          await checkOurs({ check: `${check}: ${name}`, peer, made, local, rulings });
        });
      }
    });
  }
}
