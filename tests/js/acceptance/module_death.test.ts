// The module dies in the middle of MLflow's exports: the traced code goes on, one message says so,
// every span is counted, flushes settle, later spans are no-ops. Each test has a realm of its own.
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type * as Spandrel from "../../../js/index.js";
import type { CodecCore } from "../../../js/load/codec_core.js";
import type { Handover } from "../../../js/load/handover.js";
import type * as Codec from "../../../js/tracing/span_codec.js";
import { error as refusal, MockStore } from "./mock_store.js";

const REALM = Symbol.for("spandrel.tracer.v1");
const message = /the tracing module has stopped, spans are no-ops from now on/;

let spandrel: typeof Spandrel;
let handover: Handover;
let store: MockStore;
let lines: string[];
let held: (() => void)[];

beforeEach(async () => {
  jest.resetModules();
  Reflect.deleteProperty(globalThis, REALM);
  spandrel = await import("../../../js/index.js");
  lines = [];
  store = new MockStore();
  store.onStart = (info) => {
    info.tags["mlflow.trace.spansLocation"] = "TRACKING_STORE";
    return info;
  };
  held = [];
});
afterEach(async () => {
  release();
  await spandrel.shutdown({ timeoutMillis: 100 });
  for (const { produced, delivered, pending, dropped } of Object.values(spandrel.stats().destinations))
    expect(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(produced);
  Reflect.deleteProperty(globalThis, REALM);
});

const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (line: string) => void lines.push(line),
  error: (line: string) => void lines.push(line),
};

async function use(options: Spandrel.MlflowExporterOptions = {}): Promise<void> {
  await start(new spandrel.MlflowExporter({ client: store, logger, async: false, ...options }));
}

async function start(exporter: Spandrel.SpanExporter): Promise<void> {
  await spandrel.init({ exporter, logger });
  const { codec } = (await import("../../../js/tracing/span_codec.js")) as typeof Codec;
  handover = (codec() as CodecCore).handover;
}

/** As Emscripten's abort() tells it. */
function abort(): void {
  handover.die(new Error("Aborted(out of memory)"));
}

/** The next call of this binding is the module's last. */
function trapIn(binding: string): void {
  expect(typeof handover.raw[binding]).toBe("function");
  (handover.raw as Record<string, unknown>)[binding] = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
}

function root(name = "root"): Spandrel.LiveSpan {
  return spandrel.startSpan({ name, parent: null }) as Spandrel.LiveSpan;
}

/** The store answers when the test says so. */
function holdSpans(): void {
  store.onLog = () => new Promise<void>((resolve) => void held.push(resolve));
}

function release(): void {
  for (const resolve of held.splice(0)) resolve();
}

async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What is not zero. */
function account(): Record<string, number> {
  const [only] = Object.values(spandrel.stats().destinations);
  const { dropped, produced, delivered, pending } = only as NonNullable<typeof only>;
  return Object.fromEntries(Object.entries({ produced, delivered, pending, ...dropped }).filter(([, spans]) => spans !== 0));
}

function expectNoOps(): void {
  expect(spandrel.stats().module).toBe("dead");
  expect(spandrel.withSpan({ name: "later" }, () => 7)).toBe(7);
  expect(root("later")).toBeInstanceOf(spandrel.NoOpSpan);
  expect(spandrel.trace((x: number) => x + 1)(1)).toBe(2);
  expect(spandrel.TraceManager.getInstance).not.toThrow();
}

function expectOneMessage(): void {
  expect(lines).toEqual([expect.stringMatching(message)]);
}

describe.each([
  ["synchronous", false],
  ["asynchronous", true],
] as const)("a %s MlflowExporter", (_name, isAsync) => {
  test("whose request is under way: its answer counts, what waits is module_dead", async () => {
    await use({ async: isAsync, maxWorkers: 1 });
    holdSpans();
    for (let i = 0; i < 5; i++) root(`root ${String(i)}`).end();
    await settle();
    const before = store.calls.length;
    expect(before).toBeGreaterThan(0);
    abort();
    expectOneMessage();
    expectNoOps();
    for (let i = 0; i < 10; i++) {
      release();
      await settle();
    }
    const { delivered = 0, module_dead: dead = 0, ...rest } = account();
    expect(rest).toEqual({ produced: 5 });
    expect([delivered + dead, delivered > 0]).toEqual([5, true]);
    // A trace whose spans are stored is told of too, if without its sizes.
    expect(store.started).toHaveLength(delivered);
    expectOneMessage();
  });

  test("in the middle of a flush: it settles, and says what was lost", async () => {
    await use({ async: isAsync, maxWorkers: 1 });
    holdSpans();
    for (let i = 0; i < 3; i++) root().end();
    const open = root("open");
    const flushed = spandrel.flushTraces({ timeoutMillis: 60_000 });
    await settle();
    abort();
    for (let i = 0; i < 10; i++) {
      release();
      await settle();
    }
    expect((await flushed).status).toBe("failed");
    open.setOutputs("unaffected");
    open.end();
    const { delivered = 0, module_dead: dead = 0, produced = 0, ...rest } = account();
    expect([rest, delivered + dead]).toEqual([{}, produced]);
    expect(await spandrel.flushTraces()).toMatchObject({ pending: 0 });
    expectNoOps();
    expectOneMessage();
  });

  test("with traces under way: open spans end as if nothing were, and are counted", async () => {
    await use({ async: isAsync });
    const [waiting, open] = [root("waits for its child"), root("open")];
    const child = waiting.startSpan({ name: "child" }) as Spandrel.LiveSpan;
    waiting.end();
    abort();
    child.setOutputs({ a: 1 });
    child.end();
    spandrel.withSpan({ name: "inner", parent: open }, (span) => {
      span.setAttribute("a", 1);
      spandrel.updateCurrentTrace({ tags: { a: "b" } });
    });
    open.end({ status: "ERROR" });
    await spandrel.flushTraces();
    const { module_dead: dead = 0, produced = 0, ...rest } = account();
    expect([rest, dead]).toEqual([{}, produced]);
    expect(produced).toBeGreaterThan(0);
    expect(store.calls).toEqual([]);
    expectNoOps();
    expectOneMessage();
  });

  test.each([
    "managerPopTrace",
    "managerSetAside",
    "managerRegisterTrace",
    "takeTrace",
    "managerTick",
    "sizeStatsOfRecords",
    "settleDelivered",
    "commitStaged",
  ])("by a trap in %s: the caller sees nothing of it", async (binding) => {
    await use({ async: isAsync });
    if (typeof handover.raw[binding] !== "function") throw new Error(`no binding ${binding}`);
    trapIn(binding);
    for (let i = 0; i < 3; i++) {
      expect(
        spandrel.withSpan({ name: "work" }, (span) => {
          span.setInputs({ i });
          return i;
        }),
      ).toBe(i);
    }
    await settle();
    await spandrel.flushTraces();
    const { produced = 0, delivered = 0, pending = 0, ...lost } = account();
    expect(pending).toBe(0);
    expect(delivered + Object.values(lost).reduce((a, b) => a + b, 0)).toBe(produced);
    if (spandrel.stats().module === "dead") expectOneMessage();
    else expect(lines).toEqual([]);
  });
});

describe("other exporters", () => {
  test("SpanTableExporter: spans that its batcher gathered are module_dead", async () => {
    await start(new spandrel.SpanTableExporter({ client: store, logger, location: "catalog.schema", async: true }));
    for (let i = 0; i < 3; i++) root().end();
    await settle();
    abort();
    const flushed = spandrel.flushTraces();
    await flushed;
    await settle();
    expect(account()).toEqual({ produced: 3, module_dead: 3 });
    expect(store.logged).toEqual([]);
    expectNoOps();
    expectOneMessage();
  });

  test("InferenceTableExporter: traces it had stay to be fetched", async () => {
    await start(new spandrel.InferenceTableExporter({ logger }));
    spandrel.withSpan({ name: "predict" }, () => {
      spandrel.updateCurrentTrace({ clientRequestId: "request-1" });
    });
    await spandrel.flushTraces();
    abort();
    expect(spandrel.popInferenceTrace("request-1")).toMatchObject({ info: { client_request_id: "request-1" } });
    expect(spandrel.popInferenceTrace("request-2")).toBeNull();
    expectNoOps();
    expectOneMessage();
  });

  test("two of them: one message for both, each counted", async () => {
    const second = new MockStore();
    await spandrel.init({
      exporter: [store, second].map((client) => new spandrel.MlflowExporter({ client, logger, async: true })),
      logger,
    });
    const { codec } = (await import("../../../js/tracing/span_codec.js")) as typeof Codec;
    handover = (codec() as CodecCore).handover;
    for (let i = 0; i < 4; i++) root().end();
    abort();
    await spandrel.flushTraces();
    await settle();
    for (const { produced, dropped } of Object.values(spandrel.stats().destinations))
      expect([produced, dropped.module_dead]).toEqual([4, 4]);
    expectOneMessage();
  });
});

test("a server that fails after the module's end is no second message", async () => {
  await use({ async: true });
  holdSpans();
  root().end();
  await settle();
  store.onStart = () => {
    throw refusal("busy", { httpStatus: 503 });
  };
  abort();
  release();
  await settle();
  await spandrel.flushTraces();
  expect(account()).toEqual({ produced: 1, module_dead: 1 });
  expect(lines.filter((line) => message.test(line))).toHaveLength(1);
});

test("prompts of a trace that is told of are linked all the same", async () => {
  await use({ async: true });
  holdSpans();
  const span = root();
  spandrel.TraceManager.getInstance().registerPrompt(span.traceId, { name: "p", version: 1 });
  span.end();
  await settle();
  abort();
  release();
  await settle();
  expect(store.calls).toEqual(["logSpans", "startTrace", "linkPromptVersionsToTrace"]);
  expect(account()).toEqual({ produced: 1, delivered: 1 });
});

test("a client's call that needs the module rejects with one clear error; others go on", async () => {
  await use();
  const client = new spandrel.TracingClient({ trackingUri: "http://127.0.0.1:9", logger, retry: { maxRetries: 0 } });
  abort();
  await expect(client.getTrace("tr-1")).rejects.toMatchObject({ errorCode: "INTERNAL_ERROR", message: /module/ });
  await expect(client.setTraceTag("tr-1", "a", "b")).rejects.toMatchObject({ errorCode: "TEMPORARILY_UNAVAILABLE" });
  client.close();
  expectOneMessage();
});

test("a module whose bytes are none: in Node that is known within init()", async () => {
  const exporter = new spandrel.MlflowExporter({ client: store, logger, async: true });
  const ready = spandrel.init({ exporter, wasm: new Uint8Array([0, 1, 2, 3]), logger });
  expectNoOps();
  expect(lines).toEqual([expect.stringMatching(/could not be loaded/)]);
  await ready;
  expect(account()).toEqual({});
});

test("a module that cannot be loaded: what ended meanwhile is counted, one message", async () => {
  const ready = spandrel.init({
    exporter: new spandrel.MlflowExporter({ client: store, logger, async: true }),
    wasm: Promise.resolve(new Response(new Uint8Array([0, 1, 2, 3]))),
    logger,
  });
  for (let i = 0; i < 3; i++) root().end();
  const flushed = spandrel.flushTraces();
  await ready;
  expect((await flushed).status).toBe("failed");
  expect(account()).toEqual({ produced: 3, module_dead: 3 });
  expect(lines).toEqual([expect.stringMatching(/could not be loaded/)]);
  expectNoOps();
});

test("a module that dies in the commit before a read: the copy of the span has its fields", async () => {
  await use();
  const span = root("read");
  span.startSpan({ name: "staged" }).end();
  trapIn("commitStaged");
  expect(span.toImmutableSpan().name).toBe("read");
  expectNoOps();
});
