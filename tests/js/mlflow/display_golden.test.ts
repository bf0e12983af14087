// tests/golden/display.json: what MLflow shows in a notebook for one, two or no traces.
//
// Its frame stands in markup with an inline handler, ours in <details>; so of the HTML what is compared
// is the frame: its id, style and source. Where MLflow shows nothing but text, our own view stands.
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { getDisplayHandler, getNotebookIframeHtml, Trace, TraceInfo } from "../../../js/index.js";
import { VERSION } from "../../../js/version.js";
import { goldenFile } from "../tracing/recorded.js";

interface Case {
  name: string;
  tracking_uri: string;
  traces: { trace_id: string; experiment_id: string | null }[];
  query_string: string;
  bundle: Record<string, string>;
}

const { cases } = goldenFile("display.json") as { cases: Case[] };
const DEVIATIONS = {
  "text/html": "the frame stands in <details open>, without the inline handler; its id, style and source are MLflow's",
  "own view": "where there is no server to ask, our own page stands in the frame; MLflow shows text alone",
};
let passed = 0;
const deviating = { "text/html": 0, "own view": 0 };

beforeEach(() => {
  delete process.env["DATABRICKS_RUNTIME_VERSION"];
});
afterEach(() => {
  delete process.env["MLFLOW_TRACKING_URI"];
});
afterAll(() => {
  const lines = Object.entries(DEVIATIONS).map(([key, why]) => `  ${String(deviating[key as keyof typeof deviating])}: ${why}`);
  process.stdout.write(`golden display: passed ${String(passed)} of ${String(cases.length)}, among them\n${lines.join("\n")}\n`);
});

function attributesOfFrame(html: string): Record<string, string> {
  const tag = /<iframe\s([^>]*?)\/?>/.exec(html)?.[1] ?? "";
  const found = [...tag.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, name, value]) => [name as string, value as string]);
  return Object.fromEntries(found) as Record<string, string>;
}

test.each(cases.map((recorded, index) => ({ ...recorded, index })))(
  "case $index: $name at $tracking_uri",
  ({ tracking_uri, traces, query_string, bundle }) => {
    process.env["MLFLOW_TRACKING_URI"] = tracking_uri;
    const ours = traces.map(({ trace_id, experiment_id }) => {
      const traceLocation =
        experiment_id === null
          ? { type: "INFERENCE_TABLE", inference_table: { full_table_name: "a.b.c" } }
          : { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id } };
      return new Trace(new TraceInfo({ traceId: trace_id, traceLocation }), []);
    });

    const { "text/html": html, ...rest } = getDisplayHandler().getMimeBundle(ours);

    const { "text/html": recorded, ...recordedRest } = bundle;
    expect(rest).toEqual(recordedRest);
    if (recorded !== undefined) {
      const { id, style, src } = attributesOfFrame(html ?? "");
      const expected = attributesOfFrame(recorded.replaceAll("VERSION", VERSION));
      expect({ id, style, src }).toEqual(expected);
      expect(src).toContain(query_string.replaceAll("&", "&amp;"));
      expect(html).toBe(getNotebookIframeHtml(ours));
      expect(html).not.toMatch(/\son[a-z]+=|<script/);
      deviating["text/html"]++;
    } else if (!("application/databricks.mlflow.trace" in bundle)) {
      expect(html).toContain("srcdoc=");
      deviating["own view"]++;
    } else {
      expect(html).toBeUndefined();
    }
    passed++;
  },
);
