import { beforeAll, expect, test } from "@jest/globals";
import { init, startSpan, Trace, TraceError, TraceInfo, TraceManager, type LiveSpan } from "../../../js/index.js";
import { ended, start } from "./harness.js";

beforeAll(() => start());

function registered(): { manager: TraceManager; root: LiveSpan; info: TraceInfo } {
  const manager = TraceManager.getInstance();
  const root = startSpan({ name: "root", parent: null, inputs: { text: "hello" } }) as LiveSpan;
  const info = new TraceInfo({ traceId: root.traceId, requestTime: 1 });
  manager.registerTrace(root.context.traceId, info);
  manager.registerSpan(root);
  return { manager, root, info };
}

test("OneInstanceUntilReset", () => {
  const first = TraceManager.getInstance();
  expect(TraceManager.getInstance()).toBe(first);
  TraceManager.reset();
  expect(TraceManager.getInstance()).not.toBe(first);
});

test("APoppedTraceHasItsSpansInStartOrderAndItsPreviews", async () => {
  const { manager, root } = registered();
  const child = root.startSpan({ name: "child" }) as LiveSpan;
  manager.registerSpan(child);
  child.end();
  root.end({ outputs: [1] });

  const popped = manager.popTrace(root.context.traceId);

  expect(popped?.trace.data.spans.map(({ name }) => name)).toEqual(["root", "child"]);
  expect(popped?.trace.info).toMatchObject({
    traceId: root.traceId,
    state: "OK",
    requestPreview: '{"text": "hello"}',
    responsePreview: "[1]",
  });
  expect(manager.popTrace(root.context.traceId)).toBeNull();
  expect(manager.getSpanFromId(root.traceId, root.spanId)).toBeNull();
  await ended();
});

test("PoppingTakesTheIdAsANumber", async () => {
  const { manager, root } = registered();
  root.end();
  expect(manager.popTrace(BigInt(`0x${root.context.traceId}`))?.trace.data.spans).toHaveLength(1);
  await ended();
});

test("OpenSpansAreSnapshots", async () => {
  const { manager, root } = registered();
  const child = root.startSpan({ name: "child" }) as LiveSpan;
  manager.registerSpan(child);
  child.end();
  const seen = manager.getTrace(root.traceId);
  root.setAttribute("later", 1);
  expect(seen?.data.spans.map(({ name, endTimeNs }) => [name, endTimeNs === null])).toEqual([
    ["root", true],
    ["child", false],
  ]);
  expect(seen?.data.spans[0]?.attributes).not.toHaveProperty("later");
  expect(manager.getSpanFromId(root.traceId, root.spanId)).toBe(root);
  expect(manager.getRootSpanId(root.traceId)).toBe(root.spanId);
  root.end();
  manager.popTrace(root.context.traceId);
  await ended();
});

test("WithoutAKeeperATraceIsWhatIsOpenOrWaits", async () => {
  const root = startSpan({ name: "root", parent: null }) as LiveSpan;
  root.startSpan({ name: "child" }).end();
  expect(
    TraceManager.getInstance()
      .getTrace(root.traceId)
      ?.data.spans.map(({ name }) => name),
  ).toEqual(["root", "child"]);
  root.end();
  await ended();
  expect(TraceManager.getInstance().getTrace(root.traceId)).toBeNull();
});

test("UnknownThings", () => {
  const manager = TraceManager.getInstance();
  expect([
    manager.getTrace("tr-x"),
    manager.getTrace(null),
    manager.getRootSpanId(null),
    manager.getSpanFromId(null, null),
    manager.popTrace(1n),
  ]).toEqual([null, null, null, null, null]);
  expect(() => {
    manager.registerSpan(null);
  }).not.toThrow();
  const stray = startSpan({ name: "stray", parent: null });
  expect(() => {
    manager.registerSpan(stray);
  }).toThrow(TraceError);
  expect(() => {
    manager.registerPrompt("tr-x", { name: "p", version: 1 });
  }).toThrow(TraceError);
  stray.end();
});

test("PromptsShowInTheTagOfTheCallersInfo", async () => {
  const { manager, root, info } = registered();
  for (const version of [1, 2, 1]) manager.registerPrompt(root.traceId, { name: "p", version });
  expect(info.tags["mlflow.linkedPrompts"]).toBe('[{"name": "p", "version": "1"}, {"name": "p", "version": "2"}]');
  root.end();
  expect(manager.popTrace(root.context.traceId)?.prompts).toHaveLength(2);
  await ended();
});

test("TracesRoundTripAsJson", async () => {
  const { manager, root } = registered();
  root.startSpan({ name: "child", spanType: "LLM" }).end();
  root.end();
  const trace = manager.popTrace(root.context.traceId)?.trace as Trace;
  const again = Trace.fromJson(trace.toJson());
  expect(again.toJson()).toBe(trace.toJson());
  expect(again.searchSpans({ type: "LLM" }).map(({ name }) => name)).toEqual(["child"]);
  expect(again.searchSpans({ name: /^ro/ }).map(({ name }) => name)).toEqual(["root"]);
  expect(() => trace.searchSpans({ name: 5 as never })).toThrow(TraceError);
  for (const text of ["", "null", "[]", "{}", '{"info": {}}', "nonsense"]) expect(() => Trace.fromJson(text)).toThrow(TraceError);
  await ended();
});

test("AResetManagerDoesNoHarmToTracing", async () => {
  TraceManager.reset();
  await init();
  startSpan({ name: "x" }).end();
  expect(await ended()).toHaveLength(1);
});
