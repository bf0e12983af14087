import { beforeAll, expect, test } from "@jest/globals";
import {
  createSpan,
  init,
  LiveSpan,
  NoOpSpan,
  shutdown,
  Span,
  startSpan,
  stats,
  trace,
  TraceError,
  withSpan,
} from "../../../js/index.js";
import { treeLines } from "../../../js/export/console_exporter.js";
import { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { makeFrameStack } from "../../../js/platform/frame_stack.js";
import { EMPTY_FRAME } from "../../../js/tracing/context.js";
import { tracer } from "../../../js/tracing/realm.js";
import { codec } from "../../../js/tracing/span_codec.js";
import { FakeClock } from "../../../js/testing/index.js";
import { ended, start } from "./harness.js";

beforeAll(() => start());

test("ATraceThatTakesTooLongIsEndedChildrenFirst", async () => {
  const clock = new FakeClock();
  const before = tracer().clock;
  tracer().clock = clock;
  const timeouts = new TraceKeeper(tracer(), () => codec().manager(), {
    isRetaining: false,
    timeoutMillis: 5000,
    ttlSeconds: undefined,
    maxTraces: undefined,
  });
  tracer().observer = timeouts;
  try {
    const root = startSpan({ name: "root" }) as LiveSpan;
    const child = root.startSpan({ name: "child" }) as LiveSpan;
    clock.advance(4000);
    timeouts.tick();
    expect(root.hasEnded).toBe(false);
    clock.advance(2000);
    timeouts.tick();
    expect([root.hasEnded, child.hasEnded]).toEqual([true, true]);
    expect(root.startSpan({ name: "late" })).toBeInstanceOf(NoOpSpan);
    root.end();

    const spans = await ended();

    expect(spans.map(({ name, status }) => [name, status.statusCode, status.description])).toEqual([
      ["child", "ERROR", ""],
      ["root", "ERROR", ""],
    ]);
    expect(spans[0]?.endTimeNs).toBe(spans[1]?.endTimeNs);
    expect(spans[1]?.events[0]?.attributes["exception.type"]).toBe("MlflowTracingException");
    expect(spans[1]?.logLevel).toBe(40);
  } finally {
    timeouts.stop();
    tracer().observer = null;
    tracer().clock = before;
  }
});

test("TheSynchronousStackHoldsForTheCallAlone", async () => {
  const stack = makeFrameStack();
  const inner = { ...EMPTY_FRAME };
  const seen: unknown[] = [];
  const running = stack.run(inner, async () => {
    seen.push(stack.current());
    await null;
    seen.push(stack.current());
  });
  seen.push(stack.current());
  await running;
  expect(seen).toEqual([inner, undefined, undefined]);
  expect(() =>
    stack.run(inner, () => {
      throw new Error("x");
    }),
  ).toThrow("x");
  expect(stack.current()).toBeUndefined();
});

test("DecoratorsOfBothKinds", async () => {
  class Agent {
    #secret = 1;
    ask(question: string): string {
      return `${question}${String(this.#secret)}`;
    }
  }
  const legacy = Object.getOwnPropertyDescriptor(Agent.prototype, "ask") as PropertyDescriptor;
  Object.defineProperty(
    Agent.prototype,
    "ask",
    trace({ name: "asked", spanType: "AGENT" })(Agent.prototype, "ask", legacy) as PropertyDescriptor,
  );
  expect(new Agent().ask("q")).toBe("q1");
  const standard = trace()(
    function method(this: unknown, a: number) {
      return a;
    },
    { kind: "method" },
  );
  expect(standard(2)).toBe(2);
  expect([standard.name, standard.length]).toEqual(["method", 1]);
  const spans = await ended();
  expect(spans.map(({ name, spanType, inputs, outputs }) => [name, spanType, inputs, outputs])).toEqual([
    ["asked", "AGENT", { question: "q" }, "q1"],
    ["method", "UNKNOWN", { a: 2 }, 2],
  ]);
});

test("AReadableStreamIsFollowedToItsEnd", async () => {
  const chunks = trace(function chunks() {
    return new ReadableStream({
      start(c) {
        c.enqueue("a");
        c.enqueue("b");
        c.close();
      },
    });
  });
  const got: unknown[] = [];
  for await (const chunk of chunks() as unknown as AsyncIterable<unknown>) got.push(chunk);
  expect(got).toEqual(["a", "b"]);
  await chunks().cancel();
  const spans = await ended();
  expect(spans.map(({ outputs, attributes }) => [outputs, attributes["stream.abandoned"]])).toEqual([
    [["a", "b"], undefined],
    [[], true],
  ]);
});

test("SpansOfOpenTelemetry", async () => {
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
  const spanContext = () => context;
  expect(createSpan(null, "tr-x")).toBeInstanceOf(NoOpSpan);
  expect(createSpan({ spanContext, isRecording: () => false }, "tr-x")).toBeInstanceOf(NoOpSpan);
  const live = createSpan({ spanContext, isRecording: () => true, name: "otel", attributes: { a: 1 } }, `tr-${context.traceId}`);
  expect(live).toBeInstanceOf(LiveSpan);
  expect([live.traceId, live.spanId, live.name, live.spanType]).toEqual([
    `tr-${context.traceId}`,
    context.spanId,
    "otel",
    "UNKNOWN",
  ]);
  (live as LiveSpan).end();
  const done = createSpan(
    {
      spanContext,
      isRecording: () => false,
      ended: true,
      name: "done",
      startTime: [1, 5],
      endTime: [2, 0],
      status: { code: 0 },
      attributes: { text: '{"a": 1}', plain: "value1" },
    },
    "tr-x",
  );
  expect(done).toBeInstanceOf(Span);
  expect([done.startTimeNs, done.attributes["text"], done.attributes["plain"], done.status?.statusCode]).toEqual([
    1_000_000_005n,
    { a: 1 },
    "value1",
    "UNSET",
  ]);
  for (const wrong of [5, "x", {}, []]) expect(() => createSpan(wrong, "tr-x")).toThrow(TraceError);
  await ended();
});

test("AConsoleTraceIsATree", async () => {
  withSpan({ name: "root\u001b[31m", spanType: "AGENT" }, () => {
    withSpan({ name: "a" }, () => withSpan({ name: "b" }, () => 1));
    try {
      withSpan({ name: "c" }, () => {
        throw new TypeError("no");
      });
    } catch {
      // the tree shows it
    }
  });
  const lines = treeLines(await ended()).map((line) => line.replace(/\d+(\.\d+)? (µs|ms|s)/, "TIME").replace(/tr-.*/, "ID"));
  expect(lines).toEqual([
    "trace ID",
    "└─ [AGENT] root [31m TIME",
    "   ├─ a TIME",
    "   │  └─ b TIME",
    "   └─ c TIME ERROR: TypeError: no",
  ]);
});

test("ShutdownSendsOpenSpansMarkedAndStopsTracing", async () => {
  const open = startSpan({ name: "open" }) as LiveSpan;
  open.startSpan({ name: "inner" });
  const { exporter } = await import("./harness.js");
  await shutdown();
  await shutdown();
  open.end();

  expect(
    exporter.spans.map(({ name, endTimeNs, status, attributes }) => [
      name,
      endTimeNs,
      status.statusCode,
      attributes["spandrel.unfinished"],
    ]),
  ).toEqual([
    ["inner", null, "UNSET", true],
    ["open", null, "UNSET", true],
  ]);
  expect(startSpan({ name: "x" })).toBeInstanceOf(NoOpSpan);
  expect(stats().notProduced.unfinished).toBe(2);
  exporter.reset();
  await init();
  startSpan({ name: "again" }).end();
  expect((await ended()).map(({ name }) => name)).toEqual(["again"]);
  for (const { produced, delivered, pending, dropped } of Object.values(stats().destinations)) {
    expect(produced).toBe(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0));
  }
});
