// Attachments, both ways: ours are read by MLflow's Python client, by the endpoint MLflow's own page asks, and by our
// client; those of MLflow's SDK by our client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newExperiment, openClients, spandrel, trackingUri } from "./peers.mjs";

const { Attachment, MlflowExporter, TracingClient, flushTraces, getLastActiveTraceId, init, stats, withSpan } = spandrel;

const { peer, client } = openClients();

const said = [];
const logger = { debug() {}, info() {}, warn: (text) => said.push(text), error: (text) => said.push(text) };
const PNG = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 255]);
const SOUND = Buffer.from("hello");
const uriOf = (type, bytes) => `data:${type};base64,${bytes.toString("base64")}`;
/** One content of each shape, in order, with its type. */
const VALUE = {
  chat: [{ type: "image_url", image_url: { url: uriOf("image/jpeg", PNG) } }],
  sound: { type: "input_audio", input_audio: { data: SOUND.toString("base64"), format: "mp3" } },
  drawn: { data: [{ b64_json: PNG.toString("base64") }] },
  claude: { type: "image", source: { type: "base64", media_type: "image/webp", data: PNG.toString("base64") } },
  bedrock: { image: { format: "gif", source: { bytes: PNG.toString("base64") } } },
  gemini: { inline_data: { mime_type: "application/pdf", data: SOUND.toString("base64") } },
  plain: "data:,stays",
};
const TYPES = ["image/jpeg", "audio/mpeg", "image/png", "image/webp", "image/gif", "application/pdf"];
const CONTENTS = [PNG, SOUND, PNG, PNG, PNG, SOUND];

for (const isAsync of [false, true]) {
  const how = isAsync ? "asynchronous" : "synchronous";
  test(`attachments, ${how}: ours are read by Python, by MLflow's page and by ours`, async () => {
    const experimentId = await newExperiment(peer, `attachments ${how}`);
    const exporter = new MlflowExporter({ client: new TracingClient({ trackingUri }), experimentId, async: isAsync });
    await init({ exporter, experimentId, logger });
    const picture = new Attachment({ contentType: "image/png", contentBytes: PNG });
    withSpan({ name: "ask", inputs: { picture } }, () => VALUE);
    const traceId = getLastActiveTraceId();
    assert.equal((await flushTraces()).status, "flushed");
    assert.deepEqual(Object.values(stats().destinations).at(-1).attachments, { uploaded: 7, failed: 0, tooLarge: 0 });

    const trace = await client.getTrace(traceId);
    assert.equal(trace.data.spans[0].inputs.picture, picture.ref(traceId));
    assert.equal(trace.data.spans[0].outputs.plain, VALUE.plain);
    assert.match(trace.info.requestPreview, /mlflow-attachment:/);

    const found = await peer.ask("attachments", { trace_id: traceId });
    assert.deepEqual(
      found.map(({ content_type, content, size, trace_id }) => [content_type, content, size, trace_id]),
      [["image/png", PNG], ...TYPES.map((type, i) => [type, CONTENTS[i]])].map(([type, bytes]) => [
        type,
        bytes.toString("hex"),
        bytes.length,
        traceId,
      ]),
    );
    for (const { reference, attachment_id: id, content, content_type: type } of found) {
      const ours = await client.getAttachment(reference);
      assert.deepEqual([ours.id, ours.contentType, Buffer.from(ours.contentBytes).toString("hex")], [id, type, content]);
      const shown = await fetch(`${trackingUri}/ajax-api/2.0/mlflow/get-trace-artifact?request_id=${traceId}&path=${id}`);
      assert.equal(Buffer.from(await shown.arrayBuffer()).toString("hex"), content);
    }
    assert.deepEqual(said, []);
  });
}

test("attachments of MLflow's SDK are read by our client, and stand where ours stand", async () => {
  const experimentId = await newExperiment(peer, "attachments of Python");
  const traceId = await peer.ask("make_attachments", { experiment_id: experimentId, content: PNG.toString("hex"), value: VALUE });
  const { inputs, outputs } = (await client.getTrace(traceId)).data.spans[0];
  const references = JSON.stringify([inputs, outputs]).match(/mlflow-attachment:\/\/[^"]+/g);
  const read = await Promise.all(references.map((reference) => client.getAttachment(reference)));
  assert.deepEqual(
    read.map(({ contentType, contentBytes }) => [contentType, Buffer.from(contentBytes).toString("hex")]),
    [["image/png", PNG], ...TYPES.map((type, i) => [type, CONTENTS[i]])].map(([type, bytes]) => [type, bytes.toString("hex")]),
  );
  for (const [i, reference] of references.entries()) assert.equal(read[i].ref(traceId), reference);
  assert.equal(outputs.plain, VALUE.plain);
});
