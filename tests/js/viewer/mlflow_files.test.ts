// MLflow's JSON through the viewer module, as the page's worker and `spandrel view` use it.
import { beforeAll, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCoreDecoder } from "../../../js/cli/core_decoder.js";
import { addFile } from "../../../js/cli/files.js";
import { readFacts } from "../../../js/viewer/trace_facts.js";
import { openViewer, type Viewer } from "../../../js/viewer/viewer.js";
import { importBytes } from "../../../js/viewer/worker_host.js";

const WASM = readFileSync(join(__dirname, "../../../build/module/spandrel_viewer.wasm"));
const golden = JSON.parse(readFileSync(join(__dirname, "../../golden/filters.json"), "utf8")) as {
  traces: { trace_text: string }[];
};
const texts = golden.traces.map(({ trace_text }) => trace_text);

let viewer: Viewer;
beforeAll(async () => {
  viewer = await openViewer(WASM);
});

test("recorded traces are shown with their spans, names and facts", () => {
  const report = importBytes(viewer, new TextEncoder().encode(`[${texts.join(",\n")}]`));

  expect(report).toMatchObject({ spans: 80, added: 80, broken: 0, errors: [] });
  expect(viewer.traceCount()).toBe(40);
  const traceId = "b3bea3e85d26075bf93e8755ec6790d9";
  const head = viewer.openTrace(traceId);
  expect(head).toMatchObject({ name: "chat", spans: 2, startTimeNs: "1700000000123456789" });
  const [root, child] = viewer.window(0, 10)?.rows ?? [];
  expect([root?.name, root?.type, child?.name, child?.type]).toEqual(["chat", "CHAIN", "call_llm", "LLM"]);
  const detail = viewer.spanDetail(root?.spanId ?? "", 1000);
  expect(detail?.attributes.find(({ key }) => key === "mlflow.spanInputs")?.value).toBe(
    '{"question": "What is item 0?", "lang": "de"}',
  );
  expect(viewer.traceFacts()).toEqual({
    traceId: `tr-${traceId}`,
    experimentId: "1",
    state: "OK",
    clientRequestId: "req-0",
    requestPreview: '{"question": "What is item 0?", "lang": "de"}',
    responsePreview: '{"answer": "Item 0 is broken 😀"}',
    tags: expect.arrayContaining([["env", "prod"]]) as unknown,
    metadata: expect.arrayContaining([["mlflow.trace.user", "user-0"]]) as unknown,
    assessments: [
      {
        name: "correct",
        kind: "feedback",
        value: "true",
        rationale: "",
        error: "",
        source: "CODE",
        spanId: "",
        isValid: true,
      },
    ],
  });
});

test("JSON lines with a broken one, an answer of REST, and OTLP JSON still", () => {
  const lines = [texts[1], "{oops", texts[2]].join("\n");
  const restSpan = {
    trace_id: "ZuMj2zmxR7rNoYIKVSG7zQ==",
    span_id: "qF89NOQ5vhM=",
    name: "rest",
    start_time_unix_nano: 1,
    end_time_unix_nano: 2,
    attributes: [{ key: "mlflow.spanType", value: { string_value: "TOOL" } }],
    status: { code: "STATUS_CODE_OK" },
  };
  const otlpSpan = {
    traceId: "0a".repeat(16),
    spanId: "0b".repeat(8),
    name: "otlp",
    startTimeUnixNano: "1",
    endTimeUnixNano: "2",
  };

  expect(viewer.checkJson(lines)).toMatchObject({ spans: 4, errors: [{ code: "MALFORMED" }] });
  expect(viewer.checkJson(JSON.stringify({ trace: { trace_info: {}, spans: [restSpan] } }))).toMatchObject({
    spans: 1,
    errors: [],
  });
  expect(viewer.checkJson(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [otlpSpan] }] }] }))).toMatchObject({
    spans: 1,
    errors: [],
  });
});

test("spandrel view takes such files, told by their content", async () => {
  const decoder = await loadCoreDecoder();
  const folder = mkdtempSync(join(tmpdir(), "spandrel-"));
  const add = async (content: string): Promise<unknown> => {
    const path = join(folder, "traces.bin");
    writeFileSync(path, content);
    return addFile(path, (bytes, encoding) => decoder.check(bytes, encoding));
  };

  expect(await add(texts[0] ?? "")).toEqual({ spans: 2 });
  expect(await add(`\n[${texts[0] ?? ""}, ${texts[1] ?? ""}]`)).toEqual({ spans: 4 });
  expect(await add(texts.slice(0, 5).join("\n"))).toEqual({ spans: 10 });
  expect(await add(JSON.stringify({ traces: [{ trace_id: "tr-1", trace_location: {} }] }))).toEqual({
    spans: 0,
    problem: "a trace without spans has nothing to show (at byte 11)",
  });
});

test("facts of hostile shape are left out, long ones cut", () => {
  expect(readFacts("")).toBeNull();
  expect(readFacts("[1]")).toBeNull();
  expect(readFacts('{"tags": NaN}')).toBeNull();
  expect(readFacts('{"spanId": 1, "tags": 7, "trace_location": [], "assessments": {}}')).toBeNull();
  const facts = readFacts(
    JSON.stringify({
      request_id: 5,
      tags: [{ key: "a", value: { b: 1 } }, null, "x"],
      request_metadata: { "mlflow.trace.cost": '{"total_cost": 0.5}', long: "x".repeat(10_000) },
      assessments: [null, { expectation: { serialized_value: { value: "[1]" } } }, ...Array<object>(500).fill({})],
    }),
  );
  expect(facts).toMatchObject({
    traceId: "5",
    cost: 0.5,
    tags: [
      ["a", '{"b":1}'],
      ["", ""],
      ["", ""],
    ],
  });
  expect(facts?.metadata[1]?.[1]).toHaveLength(5001);
  expect(facts?.assessments).toHaveLength(200);
  expect(facts?.assessments[1]).toMatchObject({ kind: "expectation", value: "[1]" });
});
