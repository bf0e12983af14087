// The notebook display: when something is shown, what, and that it never disturbs the calls it hangs on.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  disableNotebookDisplay,
  enableNotebookDisplay,
  getDisplayHandler,
  getNotebookIframeHtml,
  getTraceHtml,
  init,
  Span,
  Trace,
  TraceInfo,
  TracingClient,
  type MimeBundle,
} from "../../../js/index.js";
import { DisplayHandler } from "../../../js/mlflow/display_handler.js";
import type { HttpClient } from "../../../js/export/transport.js";
import { tracer } from "../../../js/tracing/realm.js";
import { reset as resetTracing } from "../../../js/tracing/reset.js";
import { TestLogger } from "../tracing/harness.js";

const VARIABLES = ["MLFLOW_TRACKING_URI", "MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK", "DATABRICKS_RUNTIME_VERSION"];
const realm = globalThis as { Deno?: unknown };

/** Tasks that wait for their turn, as the event loop holds them. */
let tasks: (() => void)[];
let shown: MimeBundle[];
let handler: DisplayHandler;

beforeEach(() => {
  tasks = [];
  shown = [];
  handler = new DisplayHandler((run) => void tasks.push(run));
  handler.setSink((bundle) => void shown.push(bundle));
});
afterEach(() => {
  for (const name of VARIABLES) delete process.env[name];
  delete realm.Deno;
  getDisplayHandler().setSink(null);
  enableNotebookDisplay();
});

const trace = (id: string, name = ""): Trace => new Trace(new TraceInfo({ traceId: id, requestPreview: name }), []);
const runTasks = (): void => {
  for (const task of tasks.splice(0)) task();
};
const texts = (): (string | undefined)[] => shown.map((bundle) => bundle["text/plain"]);

test("traces of one task are shown together, in a task of its own, the later one of an id in the place of the earlier", () => {
  handler.displayTraces([trace("tr-1", "the earlier"), trace("tr-2")]);
  handler.displayTraces([trace("tr-1", "the later")]);
  expect(shown).toEqual([]);
  expect(tasks).toHaveLength(1);

  runTasks();

  expect(texts()).toEqual(["[Trace(trace_id='tr-1'), Trace(trace_id='tr-2')]"]);
  expect(shown[0]?.["text/html"]).toContain("the later");
  expect(shown[0]?.["text/html"]).not.toContain("the earlier");
});

test("what was shown is forgotten: the next task shows its own alone", () => {
  handler.displayTraces([trace("tr-1")]);
  runTasks();
  handler.displayTraces([trace("tr-2")]);
  runTasks();

  expect(texts()).toEqual(["Trace(trace_id='tr-1')", "Trace(trace_id='tr-2')"]);
});

test.each([
  [undefined, 10],
  ["3", 3],
  ["0", 0],
  ["many", 10],
])("the first traces are shown, as many as the variable says (%s: %s), the rest is forgotten", (value, expected) => {
  if (value !== undefined) process.env["MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK"] = value;
  handler.displayTraces(Array.from({ length: 12 }, (_, i) => trace(`tr-${String(i)}`)));
  runTasks();
  handler.displayNow();

  const ids = texts().flatMap((text) => [...(text ?? "").matchAll(/tr-\d+/g)].map(([id]) => id));
  expect(ids).toEqual(Array.from({ length: expected }, (_, i) => `tr-${String(i)}`));
});

test("without a notebook nothing is kept and no timer is set", () => {
  handler.setSink(null);
  expect(handler.isAvailable).toBe(false);

  handler.displayTraces([trace("tr-1")]);

  expect(tasks).toEqual([]);
  handler.setSink((bundle) => void shown.push(bundle));
  handler.displayNow();
  expect(shown).toEqual([]);
});

test("disabled between a trace and its display: nothing is shown, then or later", () => {
  handler.displayTraces([trace("tr-1")]);
  handler.isDisabled = true;
  runTasks();
  handler.isDisabled = false;
  handler.displayNow();

  expect(shown).toEqual([]);
});

test("one handler a realm, switched by two functions, on from the start", () => {
  const shared = getDisplayHandler();
  shared.setSink((bundle) => void shown.push(bundle));
  expect(getDisplayHandler()).toBe(shared);
  expect(shared.isDisabled).toBe(false);

  disableNotebookDisplay();
  shared.displayTraces([trace("tr-1")]);
  shared.displayNow();
  enableNotebookDisplay();
  shared.displayTraces([trace("tr-2")]);
  shared.displayNow();

  expect(texts()).toEqual(["Trace(trace_id='tr-2')"]);
});

test("after the cell's microtasks: the handler of a program waits for a task", async () => {
  const shared = getDisplayHandler();
  const order: string[] = [];
  shared.setSink(() => void order.push("shown"));
  shared.displayTraces([trace("tr-1")]);
  await Promise.resolve().then(() => order.push("microtask"));
  await new Promise((resolve) => setTimeout(resolve, 0));

  expect(order).toEqual(["microtask", "shown"]);
});

test("a sink that throws or rejects, and traces that are none, are told at level debug alone", async () => {
  resetTracing();
  const logger = new TestLogger();
  const debug: string[] = [];
  logger.debug = (message?: string): void => void debug.push(String(message));
  await init({ exporter: "none", logger });
  handler.setSink(() => {
    throw new Error("no cell");
  });
  handler.displayTraces([trace("tr-1")]);
  runTasks();
  handler.setSink(() => Promise.reject(new Error("kernel gone")));
  handler.displayTraces([trace("tr-2")]);
  runTasks();
  handler.displayTraces([null as unknown as Trace]);
  handler.displayTraces(null as unknown as Trace[]);
  await new Promise((resolve) => setTimeout(resolve, 0));

  expect(debug.filter((line) => line.includes("displayed")).map((line) => line.replace(/TypeError.*/, "TypeError"))).toEqual([
    "traces could not be displayed: Error: no cell",
    "traces could not be displayed: TypeError",
    "traces could not be displayed: TypeError",
    "traces could not be displayed: Error: kernel gone",
  ]);
  expect(logger.lines).toEqual([]);
});

test("Deno's Jupyter kernel is found, and Deno outside of it is none", () => {
  const calls: unknown[][] = [];
  handler.setSink(null);
  realm.Deno = { jupyter: { display: (...args: unknown[]) => void calls.push(args) } };
  handler.displayTraces([trace("tr-1")]);
  runTasks();
  expect(calls).toEqual([[expect.objectContaining({ "text/plain": "Trace(trace_id='tr-1')" }), { raw: true }]]);

  realm.Deno = Object.defineProperty({}, "jupyter", {
    get() {
      throw new TypeError("only in the kernel");
    },
  });
  expect(handler.isAvailable).toBe(false);
});

test("a trace that is a cell's result shows itself, even where the display is switched off", () => {
  disableNotebookDisplay();
  const result = trace("tr-1") as unknown as Record<symbol, () => MimeBundle>;

  expect(result[Symbol.for("Jupyter.display")]?.()).toMatchObject({ "text/plain": "Trace(trace_id='tr-1')" });
});

test.each([
  ["it's", `Trace(trace_id="it's")`],
  [`'"\\\n\u202e`, `Trace(trace_id='\\'"\\\\\\x0a\\u202e')`],
])("ids in plain text are quoted", (id, text) => {
  expect(handler.getMimeBundle([trace(id)])["text/plain"]).toBe(text);
});

test("the server that traces go to shows the traces, whatever the variable says", () => {
  process.env["MLFLOW_TRACKING_URI"] = "http://other.test";
  tracer().trackingUri = "http://127.0.0.1:5000";
  const html = getNotebookIframeHtml([trace("tr-1")]);
  tracer().trackingUri = null;

  expect(html).toContain('src="http://127.0.0.1:5000/static-files/');
});

test("what the client reads is shown, unless told otherwise", async () => {
  await init({ exporter: "none" });
  const info = {
    trace_id: "tr-1",
    tags: { "mlflow.trace.spansLocation": "TRACKING_STORE" },
    trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } },
  };
  const answer = { trace: { trace_info: { ...info, request_time: "2026-01-01T00:00:00Z", state: "OK" }, spans: [] } };
  const http: HttpClient = {
    send: () =>
      Promise.resolve({
        kind: "answer",
        status: 200,
        contentType: "application/json",
        retryAfter: "",
        date: "",
        body: new TextEncoder().encode(JSON.stringify(answer)),
      }),
    close: () => undefined,
  };
  const client = new TracingClient({ trackingUri: "http://127.0.0.1:5000", http });
  getDisplayHandler().setSink((bundle) => void shown.push(bundle));

  await client.getTrace("tr-1", { display: false });
  getDisplayHandler().displayNow();
  expect(shown).toEqual([]);
  await client.getTrace("tr-1");
  getDisplayHandler().displayNow();
  expect(texts()).toEqual(["Trace(trace_id='tr-1')"]);
});

test("a tracking URI that is no URL gets our own page, not an error", () => {
  process.env["MLFLOW_TRACKING_URI"] = "http://[";

  expect(getNotebookIframeHtml([trace("tr-1")])).toContain("srcdoc=");
});

test("a page of no trace, of many, and of one that cannot be read", () => {
  const broken = { info: null, data: null } as unknown as Trace;

  expect(getTraceHtml([])).toContain("No trace.");
  expect(getTraceHtml([broken, trace("tr-2")])).toMatch(/could not be drawn: .*<section.*tr-2/);
  expect(getTraceHtml(Array.from({ length: 60 }, (_, i) => trace(`tr-${String(i)}`)))).toContain("10 traces more, not shown");
});

test("parents that are missing, circular, or twice there: every span stands once", async () => {
  await init({ exporter: "none" });
  const span = (id: number, parent: number | null, start: number): Span =>
    Span.fromOtlp({
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId: id.toString(16).padStart(16, "0"),
      ...(parent === null ? {} : { parentSpanId: parent.toString(16).padStart(16, "0") }),
      name: `s${String(id)}@${String(start)}`,
      startTimeUnixNano: String(1000 + start),
      endTimeUnixNano: String(1000 + start - (id === 9 ? 500 : 0)),
    });
  const spans = [
    span(1, null, 0),
    span(2, 1, 5),
    span(2, 1, 6),
    span(3, 2, 7),
    span(4, 5, 8),
    span(5, 4, 9),
    span(6, 6, 10),
    span(7, 0xabc, 11),
    span(9, 1, 12),
  ];

  const html = getTraceHtml([new Trace(new TraceInfo({ traceId: "tr-1" }), spans)]);

  const names = [...html.matchAll(/<span class="name"><bdi>([^<]*)</g)].map(([, name]) => name);
  expect(names).toEqual(["s1@0", "s2@5", "s3@7", "s2@6", "s9@12", "s4@8", "s5@9", "s6@10", "s7@11"]);
  expect(html).toContain("3 spans without the parent named in it");
});
