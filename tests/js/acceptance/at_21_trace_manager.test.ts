// The contract of the trace manager and its containers, rule by rule, through the public names.
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  flushTraces,
  getLastActiveTraceId,
  init,
  LiveSpan,
  NoOpSpan,
  startSpan,
  Trace,
  TraceInfo,
  TraceManager,
  trace,
  type PromptVersion,
} from "../../../js/index.js";
import { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { FakeClock } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { codeOf, exporter, logger, start } from "../tracing/harness.js";

beforeAll(() => start({ retainTraces: false }));
beforeEach(() => {
  TraceManager.reset();
  logger.lines.length = 0;
});
afterEach(async () => {
  await flushTraces();
  exporter.reset();
});

interface Registered {
  manager: TraceManager;
  root: LiveSpan;
  child: LiveSpan;
  hex: string;
  info: TraceInfo;
}

/** A trace of two open spans, known to the manager. */
function registered(inputs: unknown = { text: "hello" }): Registered {
  const manager = TraceManager.getInstance();
  const root = startSpan({ name: "root", parent: null, inputs }) as LiveSpan;
  const child = root.startSpan({ name: "child" }) as LiveSpan;
  const hex = root.context.traceId;
  const info = new TraceInfo({ traceId: root.traceId, requestTime: 1 });
  manager.registerTrace(hex, info);
  manager.registerSpan(root);
  manager.registerSpan(child);
  return { manager, root, child, hex, info };
}

function ended(given: Registered): Registered {
  given.child.end();
  given.root.end({ outputs: "dummy" });
  return given;
}

test("AT-21 TM-01 TM-02 one instance until reset, whose old handle does no harm", () => {
  const { manager, root } = registered();
  expect(TraceManager.getInstance()).toBe(manager);
  TraceManager.reset();
  expect(TraceManager.getInstance()).not.toBe(manager);
  expect(() => manager.getTrace(root.traceId)).not.toThrow();
  expect(TraceManager.getInstance().getMlflowTraceIdFromOtelId(root.context.traceId)).toBeNull();
});

test("AT-21 TM-04 the root is the span without a parent", () => {
  const { manager, root } = registered();
  expect(manager.getRootSpanId(root.traceId)).toBe(root.spanId);
  expect(manager.getRootSpanId("tr-unknown")).toBeNull();
  expect(manager.getRootSpanId(null)).toBeNull();
});

test("AT-21 TM-05 of several roots it is the one that was registered first", () => {
  const { manager, root, info } = registered();
  const [first, second] = [startSpan({ name: "1", parent: null }), startSpan({ name: "2", parent: null })] as LiveSpan[];
  for (const span of [second, first] as LiveSpan[]) {
    Object.defineProperty(span, "traceId", { value: info.traceId });
    manager.registerSpan(span);
  }
  expect(manager.getRootSpanId(root.traceId)).toBe(root.spanId);
});

test("AT-21 TM-06 a span whose parent is in another process is no root, but the local one", () => {
  const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
  const span = startSpan({ name: "continued", parent });
  const manager = TraceManager.getInstance();
  expect([manager.getRootSpanId(span.traceId), manager.getLocalRootSpanId(span.traceId)]).toEqual([null, span.spanId]);
  span.end();
});

test("AT-21 TM-07 a span is found by its ids, and is the same object", () => {
  const { manager, root, child } = registered();
  expect(manager.getSpanFromId(root.traceId, root.spanId)).toBe(root);
  expect(manager.getSpanFromId(root.traceId, child.spanId)).toBe(child);
  expect(manager.getSpanFromId(root.traceId, "0000000000000001")).toBeNull();
  expect(manager.getSpanFromId("tr-unknown", root.spanId)).toBeNull();
});

test("AT-21 TM-08 null for an id is nothing that is known", () => {
  const manager = TraceManager.getInstance();
  for (const [traceId, spanId] of [
    [null, null],
    ["tr-x", null],
    [null, "x"],
    [undefined, undefined],
  ])
    expect(manager.getSpanFromId(traceId as string | null, spanId as string | null)).toBeNull();
});

test.each<[string, (hex: string) => string | bigint]>([
  ["hex digits", (hex) => hex],
  ["a number", (hex) => BigInt(`0x${hex}`)],
])("AT-21 TM-09 TM-10 a pop takes the trace out, once: %s", (_, idOf) => {
  const { manager, root, hex } = ended(registered());
  expect(manager.popTrace(idOf(hex))?.trace.info.traceId).toBe(root.traceId);
  expect(manager.popTrace(idOf(hex))).toBeNull();
  expect(manager.getMlflowTraceIdFromOtelId(hex)).toBeNull();
  expect(manager.getSpanFromId(root.traceId, root.spanId)).toBeNull();
});

test("AT-21 TM-11 TM-12 what is popped are immutable spans, with previews, and the prompts", () => {
  const { manager, hex, root } = ended(registered());
  manager.registerPrompt(root.traceId, { name: "greeting", version: 3 });
  const popped = manager.popTrace(hex);
  expect(Object.keys(popped ?? {}).sort()).toEqual(["prompts", "trace"]);
  expect(popped?.trace.data.spans.some((span) => span instanceof LiveSpan)).toBe(false);
  expect(popped?.trace.info).toMatchObject({ requestPreview: '{"text": "hello"}', responsePreview: '"dummy"' });
  expect(popped?.prompts).toMatchObject([{ name: "greeting", version: "3" }]);
});

test("AT-21 TM-14 a registered trace has no spans and no prompts", () => {
  const manager = TraceManager.getInstance();
  manager.registerTrace(1n, new TraceInfo({ traceId: "tr-00000000000000000000000000000001" }));
  expect(manager.getMlflowTraceIdFromOtelId(1n)).toBe("tr-00000000000000000000000000000001");
  const popped = manager.popTrace(1n);
  expect([popped?.trace.data.spans, popped?.prompts]).toEqual([[], []]);
});

test("AT-21 TM-15 TM-17 a changed timeout discards what is under way, and says so", () => {
  const manager = codec().manager();
  const info = (n: number): string => JSON.stringify(new TraceInfo({ traceId: `tr-${String(n)}` }).toDict());
  const hexOf = (n: number): string => String(n).padStart(32, "0");
  manager.configure({ timeoutSeconds: 5 });
  manager.registerTrace(hexOf(1), info(1), 0);
  expect(logger.lines).toEqual([]);
  manager.configure({ timeoutSeconds: 5, maxTraces: 7 });
  manager.registerTrace(hexOf(2), info(2), 0);
  expect(logger.lines).toEqual([]);
  manager.configure({ timeoutSeconds: 9 });
  manager.registerTrace(hexOf(3), info(3), 0);
  expect(logger.lines).toEqual([expect.stringMatching(/timeout.*discard/i)]);
  expect([1, 2, 3].map((n) => manager.getMlflowTraceIdFromOtelId(hexOf(n)))).toEqual([null, null, "tr-3"]);
  manager.reset();
});

test("AT-21 TM-18 TM-19 beyond the number of traces the oldest make room, with their ids", () => {
  const manager = codec().manager();
  manager.configure({ timeoutSeconds: 5, maxTraces: 2 });
  const dropped = [1, 2, 3].flatMap((n) =>
    manager.registerTrace(String(n).padStart(32, "0"), JSON.stringify(new TraceInfo({ traceId: `tr-${String(n)}` }).toDict()), 0),
  );
  expect(dropped.map(({ traceId }) => traceId)).toEqual(["tr-1"]);
  expect(manager.getMlflowTraceIdFromOtelId("1".padStart(32, "0"))).toBeNull();
  manager.reset();
});

test("AT-21 TM-20 TM-21 TM-22 a trace that takes too long ends with an error and its code runs on", async () => {
  const clock = new FakeClock();
  const before = tracer().clock;
  tracer().clock = clock;
  const settings = { isRetaining: false, timeoutMillis: 3000, ttlSeconds: undefined, maxTraces: undefined };
  const keeper = new TraceKeeper(tracer(), () => codec().manager(), settings);
  tracer().observer = keeper;
  try {
    const root = startSpan({ name: "slow", parent: null }) as LiveSpan;
    clock.advance(4000);
    keeper.tick();
    expect([root.hasEnded, root.status]).toEqual([true, { statusCode: "ERROR", description: "" }]);
    expect(root.events[0]?.attributes["exception.message"]).toContain(root.traceId);
    expect(root.startSpan({ name: "late" })).toBeInstanceOf(NoOpSpan);
    expect(() => {
      root.setOutputs(1);
      root.end();
    }).not.toThrow();
  } finally {
    keeper.stop();
    tracer().observer = null;
    tracer().clock = before;
  }
});

test("AT-21 TM-23 what is no live span is not registered", () => {
  const { manager, root } = ended(registered());
  for (const wrong of [null, undefined, {}, "span", root.toImmutableSpan(), new NoOpSpan()])
    expect(() => {
      manager.registerSpan(wrong);
    }).not.toThrow();
  expect(manager.getTrace(root.traceId)?.data.spans).toHaveLength(2);
});

test("AT-21 TM-24 TM-27 a span or a prompt of an unknown trace is refused", () => {
  const manager = TraceManager.getInstance();
  const stray = startSpan({ name: "stray", parent: null });
  expect(
    codeOf(() => {
      manager.registerSpan(stray);
    }),
  ).toBe("RESOURCE_DOES_NOT_EXIST");
  expect(
    codeOf(() => {
      manager.registerPrompt("tr-unknown", { name: "p", version: 1 });
    }),
  ).toBe("RESOURCE_DOES_NOT_EXIST");
  stray.end();
});

test("AT-21 TM-25 a span that is registered again is there once", () => {
  const given = registered();
  given.manager.registerSpan(given.root);
  const { manager, hex } = ended(given);
  expect(manager.popTrace(hex)?.trace.data.spans.map(({ name }) => name)).toEqual(["root", "child"]);
});

test("AT-21 TM-26 TM-28 TM-31 TM-32 prompts are linked once each, in order, versions as text", () => {
  const { manager, info, root } = registered();
  const prompts: PromptVersion[] = [
    { name: "test_prompt_1", version: 1 },
    { name: "test_prompt_2", version: "2" },
    { name: "test_prompt_1", version: "1" },
  ];
  for (const prompt of prompts) manager.registerPrompt(root.traceId, prompt);
  expect(info.tags["mlflow.linkedPrompts"]).toBe(
    '[{"name": "test_prompt_1", "version": "1"}, {"name": "test_prompt_2", "version": "2"}]',
  );
});

test.each(["nonsense", "", "null", "{}", '"x"', "5"])("AT-21 TM-29 TM-30 a tag that holds no list is refused: %j", (tag) => {
  const manager = TraceManager.getInstance();
  const traceId = `tr-${"2".repeat(32)}`;
  manager.registerTrace("2".repeat(32), new TraceInfo({ traceId, tags: { "mlflow.linkedPrompts": tag } }));
  expect(
    codeOf(() => {
      manager.registerPrompt(traceId, { name: "p", version: 1 });
    }),
  ).toBe("INTERNAL_ERROR");
});

test("AT-21 TM-33 after such a refusal the prompt is with the trace all the same", () => {
  const manager = TraceManager.getInstance();
  const traceId = `tr-${"3".repeat(32)}`;
  manager.registerTrace("3".repeat(32), new TraceInfo({ traceId, tags: { "mlflow.linkedPrompts": "broken" } }));
  expect(() => {
    manager.registerPrompt(traceId, { name: "p", version: 1 });
  }).toThrow(/mlflow\.linkedPrompts/);
  expect(manager.popTrace("3".repeat(32))?.prompts).toMatchObject([{ name: "p", version: "1" }]);
});

test("AT-21 TM-34 TM-35 the id by OpenTelemetry's, and a trace under way as it is", () => {
  const { manager, root, hex } = registered();
  expect(manager.getMlflowTraceIdFromOtelId(hex)).toBe(root.traceId);
  expect(manager.getMlflowTraceIdFromOtelId(`${"0".repeat(31)}9`)).toBeNull();
  expect(manager.getTrace(root.traceId)?.data.spans.map(({ endTimeNs }) => endTimeNs)).toEqual([null, null]);
});

test("AT-21 TM-36 a hundred interleaved traces keep their own spans", async () => {
  const manager = TraceManager.getInstance();
  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const popped = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const given = registered(i);
      await pause();
      given.child.setAttribute("i", i);
      ended(given);
      await pause();
      return manager.popTrace(given.hex);
    }),
  );
  expect(popped.map((each) => [each?.trace.data.spans[0]?.inputs, each?.trace.data.spans[1]?.attributes["i"]])).toEqual(
    Array.from({ length: 100 }, (_, i) => [i, i]),
  );
});

test("AT-21 TM-37 after ten thousand traces nothing is left in the manager", () => {
  const manager = TraceManager.getInstance();
  for (let i = 1; i <= 10_000; i++) {
    manager.registerTrace(BigInt(i), new TraceInfo({ traceId: `tr-${i.toString(16).padStart(32, "0")}` }));
    manager.popTrace(BigInt(i));
  }
  expect(codec().manager().stats()).toMatchObject({ traces: 0 });
});

test("AT-21 TM-38 open spans are seen until the last has ended", () => {
  const given = registered();
  const { manager, hex } = given;
  expect(manager.hasOpenSpans(hex)).toBe(true);
  ended(given);
  expect([manager.hasOpenSpans(hex), manager.hasOpenSpans(5n)]).toEqual([false, false]);
});

test("AT-21 TR-02 spans stand in the order in which they began", () => {
  const given = registered();
  const second = given.root.startSpan({ name: "second" }) as LiveSpan;
  given.manager.registerSpan(second);
  second.end();
  const { manager, hex } = ended(given);
  expect(manager.popTrace(hex)?.trace.data.spans.map(({ name }) => name)).toEqual(["root", "child", "second"]);
});

test("AT-21 TR-05 times are the root's, cut to milliseconds", () => {
  const manager = TraceManager.getInstance();
  const root = startSpan({ name: "timed", parent: null, startTimeNs: 1_700_000_000_123_999_999n }) as LiveSpan;
  manager.registerTrace(root.context.traceId, new TraceInfo({ traceId: root.traceId }));
  manager.registerSpan(root);
  root.end({ endTimeNs: 1_700_000_000_125_000_000n });
  const info = manager.popTrace(root.context.traceId)?.trace.info;
  expect([info?.requestTime, info?.executionDuration]).toEqual([1_700_000_000_123, 1]);
});

test("AT-21 TR-06 the state is the root's; an error below it changes nothing", () => {
  const failing = registered();
  failing.child.setStatus("ERROR", "below");
  expect(ended(failing).manager.popTrace(failing.hex)?.trace.info.state).toBe("OK");
  const failed = registered();
  failed.root.setStatus("ERROR");
  expect(ended(failed).manager.popTrace(failed.hex)?.trace.info.state).toBe("ERROR");
});

test("AT-21 TR-08 TR-13 aliases, and the search for spans", () => {
  const { manager, hex, root } = ended(registered());
  const found = manager.popTrace(hex)?.trace as Trace;
  expect([found.info.requestId, found.info.experimentId]).toEqual([root.traceId, "0"]);
  expect(found.searchSpans({ name: "child" })).toHaveLength(1);
  expect(found.searchSpans({ name: /^r/ }).map(({ spanId }) => spanId)).toEqual([root.spanId]);
  expect(codeOf(() => found.searchSpans({ name: 5 as never }))).toBe("INVALID_PARAMETER_VALUE");
});

test("AT-21 TR-11 TR-17 a trace is JSON and back, and what is no trace is refused", () => {
  const { manager, hex } = ended(registered({ text: "é" }));
  const found = manager.popTrace(hex)?.trace as Trace;
  expect(found.toJson()).toContain("\\u00e9");
  expect(Trace.fromJson(found.toJson()).toJson()).toBe(found.toJson());
  expect(Trace.fromDict(found.toDict()).toJson()).toBe(found.toJson());
  for (const text of ["", "[]", "{}", '{"info":{}}', '{"data":{}}'])
    expect(codeOf(() => Trace.fromJson(text))).toBe("INVALID_PARAMETER_VALUE");
});

test("AT-21 FA-01 what the fluent functions record reaches the manager's reader", async () => {
  await init({ retainTraces: true });
  trace((x: string) => x, { name: "f" })("hello");
  const popped = TraceManager.getInstance().popTrace(getLastActiveTraceId()?.slice(3) ?? "");
  expect(popped?.trace.data.spans[0]).toMatchObject({ name: "f", inputs: { x: "hello" }, outputs: "hello" });
  await init({ retainTraces: false });
});
