import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  AlwaysOffSampler,
  bindContext,
  currentIds,
  disable,
  enable,
  getCurrentActiveSpan,
  getLastActiveTraceId,
  init,
  isEnabled,
  LiveSpan,
  NoOpSpan,
  ParentBasedSampler,
  registerOnSpanEndHook,
  registerOnSpanStartHook,
  SpanEvent,
  startSpan,
  stats,
  suppressTracing,
  TraceError,
  TraceIdRatioBasedSampler,
  tracingContext,
  updateCurrentTrace,
  withSpan,
} from "../../../js/index.js";
import { ended, endedTraces, exporter, logger, otlpAttributes, start } from "./harness.js";

const beforeInit = startSpan({ name: "before" });

beforeAll(async () => {
  await start();
});
beforeEach(() => {
  logger.lines.length = 0;
  exporter.requests.length = 0;
});

test("SpansBeforeInitAreNoOps", () => {
  expect(beforeInit).toBeInstanceOf(NoOpSpan);
});

test("SpansHaveTheirParentsAndKeepTheirContent", async () => {
  const root = startSpan({ name: "root", spanType: "CHAIN", inputs: { q: "ü" }, attributes: { n: 1 } });
  const child = root.startSpan({ name: "child", links: [{ traceId: root.traceId ?? "", spanId: root.spanId ?? "" }] });
  child.addEvent({ name: "e", attributes: { a: [1, 2] }, timestamp: 5n });
  child.end({ outputs: [1, null] });
  root.end();

  const [first, second] = await ended();

  expect(first?.name).toBe("child");
  expect(first?.parentId).toBe(root.spanId);
  expect(first?.traceId).toBe(root.traceId);
  expect(first?.outputs).toEqual([1, null]);
  expect(first?.events).toEqual([new SpanEvent("e", { a: [1, 2] }, 5n)]);
  expect(first?.links).toEqual([{ traceId: root.traceId, spanId: root.spanId, attributes: null }]);
  expect(second?.inputs).toEqual({ q: "ü" });
  expect(second?.spanType).toBe("CHAIN");
  expect(second?.attributes["n"]).toBe(1);
  expect(second?.status).toEqual({ statusCode: "OK", description: "" });
});

test("WithSpanTakesBothOrdersAndEndsOnReturnSettleAndThrow", async () => {
  expect(withSpan({ name: "a" }, () => 1)).toBe(1);
  expect(withSpan(() => 2, { name: "b" })).toBe(2);
  await expect(withSpan({ name: "c" }, async () => await Promise.resolve(3))).resolves.toBe(3);
  const error = new RangeError("no");
  expect(() =>
    withSpan({ name: "d" }, () => {
      throw error;
    }),
  ).toThrow(error);
  await expect(withSpan({ name: "e" }, () => Promise.reject(error))).rejects.toBe(error);

  const spans = await ended();

  expect(spans.map(({ name, status }) => [name, status.statusCode])).toEqual([
    ["a", "OK"],
    ["b", "OK"],
    ["c", "OK"],
    ["d", "ERROR"],
    ["e", "ERROR"],
  ]);
  expect(spans[3]?.status.description).toBe("RangeError: no");
  expect(spans[3]?.events[0]?.attributes["exception.stacktrace"]).toContain("RangeError: no");
  expect(getCurrentActiveSpan()).toBeNull();
});

test("LazyThenablesAreNotStarted", async () => {
  let starts = 0;
  const query = {
    then: (ok: (v: number) => unknown) => {
      starts++;
      return Promise.resolve(ok(7));
    },
  };
  const given = withSpan({ name: "query" }, () => query);
  expect(given).toBe(query);
  expect(starts).toBe(0);
  expect(await (given as unknown as Promise<number>)).toBe(7);
  expect(starts).toBe(1);
  const [span] = await ended();
  expect(span?.outputs).toBe(7);
});

test("ContextIsKeptOverInterleavedAwaits", async () => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      withSpan({ name: `root ${String(i)}` }, async (span) => {
        await pause();
        await withSpan({ name: "inner" }, async (inner) => {
          await pause();
          expect(getCurrentActiveSpan()).toBe(inner);
          expect(inner.parentId).toBe(span.spanId);
        });
        expect(currentIds()).toEqual({ traceId: span.traceId, spanId: span.spanId });
      }),
    ),
  );
  expect((await endedTraces()).map((trace) => trace.length)).toEqual(Array.from({ length: 50 }, () => 2));
});

test("BoundFunctionsRunInTheContextOfTheirBinding", async () => {
  const bound = withSpan({ name: "x" }, (span) => [span, bindContext(() => getCurrentActiveSpan())] as const);
  expect(bound[1]()).toBe(bound[0]);
  await ended();
});

test("SuppressedAndDisabledTracingMakesNoSpans", async () => {
  expect(suppressTracing(() => startSpan({ name: "x" }))).toBeInstanceOf(NoOpSpan);
  disable();
  expect(isEnabled()).toBe(false);
  const off = startSpan({ name: "x" });
  expect(startSpan({ name: "y" })).toBe(off);
  expect(withSpan({ name: "x" }, () => getCurrentActiveSpan())).toBeNull();
  enable();
  expect(tracingContext({ enabled: false }, () => startSpan({ name: "x" }))).toBeInstanceOf(NoOpSpan);
  expect(await ended()).toEqual([]);
});

describe("Status", () => {
  const codes = ["UNSET", "OK", "ERROR"] as const;
  const cases = codes.flatMap((a) => codes.flatMap((b) => codes.map((c) => [a, b, c] as const)));

  test.each(cases)("%s then %s then %s", (...given) => {
    const span = startSpan({ name: "s" });
    for (const code of given) span.setStatus(code, "why");

    // OK is final, ERROR may become OK, UNSET changes nothing.
    let wanted = "UNSET";
    for (const code of given) if (code !== "UNSET" && wanted !== "OK") wanted = code;
    expect(span.status).toEqual({ statusCode: wanted, description: wanted === "ERROR" ? "why" : "" });
  });
});

describe("Limits", () => {
  afterEach(async () => {
    await init({ limits: {} });
  });

  test.each([129, 1000, 128])("EventsBeyondTheLimitAreCountedAndTheNewestKept: %d", async (count) => {
    const span = startSpan({ name: "e" }) as LiveSpan;
    for (let i = 0; i < count; i++) span.addEvent({ name: String(i) });
    span.end();
    const [got] = await ended();
    expect(got?.events).toHaveLength(128);
    expect(got?.events[127]?.name).toBe(String(count - 1));
    expect(got?._fields().droppedEvents).toBe(count - 128);
  });

  test("ALimitOfZeroDropsAll", async () => {
    await init({ limits: { eventCountLimit: 0, linkCountLimit: 0, attributeCountLimit: 0 } });
    const span = startSpan({ name: "z", attributes: { a: 1, "mlflow.chat.tools": [] } });
    span.addEvent({ name: "e" });
    span.addLink({ traceId: "a".repeat(32), spanId: "b".repeat(16) });
    span.end();
    const fields = (await ended())[0]?._fields();
    expect([fields?.droppedAttributes, fields?.droppedEvents, fields?.droppedLinks]).toEqual([1, 1, 1]);
    expect(fields?.attributes.has("mlflow.chat.tools")).toBe(true);
  });

  test("TheSameKeyIsOneAttributeAndAnEmptyOneIsRefused", async () => {
    await init({ limits: { attributeCountLimit: 2 } });
    const span = startSpan({ name: "k" });
    for (const key of ["a", "A", "a", ""]) span.setAttribute(key, 1);
    span.end();
    const fields = (await ended())[0]?._fields();
    expect(fields?.droppedAttributes).toBe(0);
    expect([...(fields?.attributes.keys() ?? [])].filter((key) => !key.startsWith("mlflow."))).toEqual(["A", "a"]);
  });

  test("TruncationNeverSplitsACharacter", async () => {
    await init({ limits: { attributeValueLengthLimit: 3 } });
    const span = startSpan({ name: "t", attributes: { a: "ab😀", b: ["xyz1"], c: "abc" } });
    span.end();
    const attributes = (await ended())[0]?.attributes;
    expect([attributes?.["a"], attributes?.["b"], attributes?.["c"]]).toEqual(["ab", ["xyz"], "abc"]);
  });
});

describe("Exceptions", () => {
  const throwing = Object.defineProperty(new Error("x"), "message", {
    get: () => {
      throw new Error("no");
    },
  });
  class Refused extends TypeError {
    override name = "Refused";
  }
  test.each<[string, unknown, string, string]>([
    ["an error", new TypeError("bad"), "TypeError", "bad"],
    ["its own name", new Refused("r"), "Refused", "r"],
    ["a string", "text", "string", "text"],
    ["null", null, "null", "null"],
    ["undefined", undefined, "undefined", "undefined"],
    ["a number", 5, "number", "5"],
    ["a symbol", Symbol("s"), "symbol", "Symbol(s)"],
    ["an object", { a: 1 }, "Object", "[object Object]"],
    ["no prototype", Object.create(null), "object", "[unprintable]"],
    ["an abort", new DOMException("gone", "AbortError"), "AbortError", "gone"],
    ["an aggregate", new AggregateError([new Error("one")], "all"), "AggregateError", "all"],
  ])("%s", (_, thrown, type, message) => {
    const span = startSpan({ name: "x" }) as LiveSpan;
    span.recordException(thrown);
    expect(span.events[0]?.attributes).toMatchObject({ "exception.type": type, "exception.message": message });
    expect(span.status).toEqual({ statusCode: "ERROR", description: `${type}: ${message}` });
    expect(span.logLevel).toBe(40);
  });

  test("CausesStandInTheStack", () => {
    const cause = new Error("inner");
    const { attributes } = SpanEvent.fromException(new Error("outer", { cause }));
    expect(attributes["exception.stacktrace"]).toMatch(/Error: outer[^]*\nCaused by: Error: inner/);
    cause.cause = cause;
    expect(SpanEvent.fromException(cause).attributes["exception.message"]).toBe("inner");
  });

  test("AGetterThatThrowsDoesNoHarm", () => {
    expect(SpanEvent.fromException(throwing).attributes["exception.type"]).toBe("Error");
  });
});

test("AnEndedSpanIgnoresEverythingAndIsStillAParent", async () => {
  const span = startSpan({ name: "p" }) as LiveSpan;
  span.end();
  const endTime = span.endTimeNs;
  span.setAttribute("late", 1);
  span.setStatus("ERROR");
  span.addEvent({ name: "late" });
  span.end({ outputs: "late" });
  expect([span.endTimeNs, span.status.statusCode, span.isRecording]).toEqual([endTime, "OK", false]);
  startSpan({ name: "c", parent: span }).end();
  const spans = await ended();
  expect(spans.map(({ name, parentId }) => [name, parentId])).toEqual([
    ["p", null],
    ["c", span.spanId],
  ]);
  expect(spans[0]?.attributes["late"]).toBeUndefined();
});

test("UsingEndsTheSpan", async () => {
  const span = startSpan({ name: "disposed" });
  (span as unknown as Disposable)[Symbol.dispose]();
  (span as unknown as Disposable)[Symbol.dispose]();
  expect((await ended()).map(({ name }) => name)).toEqual(["disposed"]);
});

test("HooksAndProcessorsRunInOrderAndTheirErrorsAreLogged", async () => {
  const seen: string[] = [];
  const removers = [
    registerOnSpanStartHook((span) => void seen.push(`start ${span.name}`)),
    registerOnSpanEndHook((span) => {
      seen.push("hook");
      span.setAttribute("hook", 1);
      span.end();
    }),
  ];
  await init({
    spanProcessors: [
      () => {
        throw new Error("broken");
      },
      (span) => span.setOutputs("[redacted]"),
    ],
  });
  startSpan({ name: "h" }).end({ outputs: "secret" });
  for (const remove of removers) remove();
  await init({ spanProcessors: [] });
  startSpan({ name: "i" }).end();

  const [span] = await ended();

  expect(seen).toEqual(["start h", "hook"]);
  expect([span?.outputs, span?.attributes["hook"]]).toEqual(["[redacted]", 1]);
  expect(logger.lines.join()).toContain("broken");
});

test("WhatTheLastHookRefusesIsWithheldAndCounted", async () => {
  const lost = () => Object.values(stats().destinations).reduce((sum, { dropped }) => sum + dropped.redaction_error, 0);
  const before = lost();
  await init({
    beforeSeal: () => {
      throw new Error("no");
    },
  });
  startSpan({ name: "withheld" }).end();
  await init({ beforeSeal: null });
  expect(await ended()).toEqual([]);
  expect(lost()).toBe(before + 1);
});

test("TraceValuesTravelOnTheRootSpan", async () => {
  tracingContext({ sessionId: "s1", tags: { outer: 1, both: "outer" }, metadata: { m: "x" } }, () =>
    tracingContext({ user: "u1", tags: { both: "inner", "mlflow.traceName": "no" } }, () =>
      withSpan({ name: "valued root" }, () => {
        withSpan({ name: "valued child" }, () => {
          updateCurrentTrace({
            tags: { t: "v" },
            clientRequestId: "id",
            requestPreview: "p",
            responsePreview: "",
            state: "ERROR",
          });
        });
      }),
    ),
  );
  const [child, root] = await ended();
  const sent = otlpAttributes();
  expect(sent.get("valued child")).not.toHaveProperty("session.id");
  expect(sent.get("valued root")).toMatchObject({
    "session.id": "s1",
    "user.id": "u1",
    "mlflow.traceTag.outer": "1",
    "mlflow.traceTag.both": "inner",
    "mlflow.traceTag.t": "v",
    "mlflow.traceMetadata.m": "x",
    "mlflow.traceClientRequestId": "id",
    "mlflow.traceRequestPreview": "p",
  });
  expect(sent.get("valued root")).not.toHaveProperty("mlflow.traceResponsePreview");
  expect(sent.get("valued root")).not.toHaveProperty("mlflow.traceTag.mlflow.traceName");
  // They are no part of the span itself.
  expect(Object.keys(root?.attributes ?? {})).not.toContain("session.id");
  expect(child?.parentId).toBe(root?.spanId);
});

test("UpdateWithoutATraceWarns", () => {
  updateCurrentTrace({ tags: { a: "b" } });
  expect(logger.lines).toEqual([expect.stringContaining("no active trace")]);
});

test("TheLastTraceIsTheOneWhoseRootEndedLast", async () => {
  const first = startSpan({ name: "1" });
  const second = startSpan({ name: "2" });
  second.end();
  first.end();
  expect(getLastActiveTraceId()).toBe(first.traceId);
  await ended();
});

test("CopiesProtectTheSpan", async () => {
  startSpan({ name: "copy", inputs: { list: [1] }, attributes: { o: { a: 1 } } }).end();
  const [span] = await ended();
  (span?.inputs as { list: number[] }).list.push(2);
  (span?.attributes["o"] as { a: number }).a = 2;
  expect(span?.inputs).toEqual({ list: [1] });
  expect(span?.attributes["o"]).toEqual({ a: 1 });
});

test.each([
  ["exporter", 5],
  ["endpoint", "ftp://x"],
  ["endpoint", "nonsense"],
  ["protocol", "grpc"],
  ["unknownOption", 1],
  ["__proto__x", 1],
  ["spanProcessors", [1]],
  ["batch", { maxSpans: -1 }],
  ["limits", { eventCountLimit: "x" }],
  ["wasm", 5],
  ["logger", {}],
  ["sampler", {}],
])("AWrongOptionIsRefusedAtOnce: %s %j", (key, value) => {
  expect(() => init({ [key]: value })).toThrow(TraceError);
  try {
    void init({ [key]: value });
  } catch (error) {
    expect((error as TraceError).errorCode).toBe("INVALID_PARAMETER_VALUE");
  }
});

describe("Sampling", () => {
  const hexId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("hex"));
  const request = (traceId: string) => ({ traceId, parent: null, name: "", attributes: {} });

  test("TheSameIdGetsTheSameAnswerAndALowerRatioKeepsASubset", () => {
    fc.assert(
      fc.property(hexId, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (id, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const isLow = new TraceIdRatioBasedSampler(low).shouldSample(request(id));
        expect(new TraceIdRatioBasedSampler(low).shouldSample(request(id))).toBe(isLow);
        if (isLow) expect(new TraceIdRatioBasedSampler(high).shouldSample(request(id))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [1, true],
    [0, false],
  ])("ARatioOf%dIsAllOrNothing", (ratio, isKept) => {
    const sampler = new TraceIdRatioBasedSampler(ratio);
    for (const id of ["0".repeat(31) + "1", "f".repeat(32)]) expect(sampler.shouldSample(request(id))).toBe(isKept);
  });

  test("DescriptionsAreTheSpecifications", () => {
    expect(new TraceIdRatioBasedSampler(0.0001).toString()).toBe("TraceIdRatioBased{0.000100}");
    expect(new AlwaysOffSampler().toString()).toBe("AlwaysOffSampler");
    expect(() => new TraceIdRatioBasedSampler(2)).toThrow(TraceError);
  });

  test("ASampledOutTraceIsNoOpsAllTheWayAndIsCounted", async () => {
    await init({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
    const before = stats().notProduced.sampled_out;
    const child = withSpan({ name: "r" }, (root) => [
      root,
      startSpan({ name: "c" }),
      root.startSpan({ name: "d", parent: null }),
    ]);
    expect(child.every((span) => span instanceof NoOpSpan)).toBe(true);
    expect(startSpan({ name: "override", samplingRatioOverride: 1 })).toBeInstanceOf(LiveSpan);
    expect(stats().notProduced.sampled_out).toBeGreaterThan(before);
    await init({ sampler: { shouldSample: () => ({ isSampled: true, attributes: { by: "sampler" } }) } });
    startSpan({ name: "sampled" }).end();
    expect((await ended())[0]?.attributes["by"]).toBe("sampler");
    await init({
      sampler: {
        shouldSample: () => {
          throw new Error("broken");
        },
      },
    });
    expect(startSpan({ name: "x" })).toBeInstanceOf(LiveSpan);
    await init({ sampler: { shouldSample: () => true } });
    expect(startSpan({ name: "x", samplingRatioOverride: 0 })).toBeInstanceOf(NoOpSpan);
  });
});
