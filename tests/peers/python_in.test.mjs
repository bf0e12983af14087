// Traces made with MLflow's Python SDK and stored by its server: what Python writes of them (`Trace.to_json`) is read
// by ours, written again, and compared.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { assertSame, parseExact } from "./compare.mjs";
import { newExperiment, openPeer, spandrel } from "./peers.mjs";

const { Trace, init, shutdown } = spandrel;
const peer = openPeer();
let made;

before(async () => {
  await init({ exporter: "none" });
  made = await peer.ask("make", { experiment_id: await newExperiment(peer, "made by Python") });
});
after(async () => {
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
