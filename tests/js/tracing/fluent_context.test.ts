// Values of contexts and of the trace under way, scoped span processors, the last trace of a context.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  getLastActiveTraceId,
  init,
  LiveSpan,
  NoOpSpan,
  reset,
  setSpanProcessors,
  startSpan,
  suppressTracing,
  TraceError,
  TraceManager,
  tracingContext,
  updateCurrentTrace,
  withSpan,
} from "../../../js/index.js";
import { environmentConfig } from "../../../js/platform/node_host.js";
import { readEnvironment } from "../../../js/export/otlp_config.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start({ retainTraces: true }));
beforeEach(() => {
  logger.lines.length = 0;
});
afterEach(async () => {
  reset();
  await ended();
});

const infoOf = (span: LiveSpan) => TraceManager.getInstance().popTrace(span.context.traceId)?.trace.info;

describe("updateCurrentTrace", () => {
  function updated(update: object): ReturnType<typeof infoOf> {
    const span = withSpan({ name: "root", parent: null, inputs: { q: 1 } }, (root) => {
      updateCurrentTrace(update);
      return root as LiveSpan;
    });
    return infoOf(span);
  }

  test("EverythingItTakesIsInTheInfo", () => {
    const info = updated({
      tags: { t: "1" },
      metadata: { m: "2" },
      clientRequestId: 7,
      requestPreview: "asked",
      responsePreview: "answered",
      state: "ERROR",
      modelId: "m-1",
      sessionId: "s",
      user: "u",
    });
    expect(info).toMatchObject({ clientRequestId: "7", requestPreview: "asked", responsePreview: "answered", state: "ERROR" });
    expect(info?.tags).toMatchObject({ t: "1", "mlflow.traceName": "root" });
    expect(info?.traceMetadata).toMatchObject({
      m: "2",
      "mlflow.modelId": "m-1",
      "mlflow.trace.session": "s",
      "mlflow.trace.user": "u",
    });
    expect(logger.lines).toEqual([]);
  });

  test("ItMayNameTheTrace", () => {
    expect(updated({ tags: { "mlflow.traceName": "mine" } })?.tags["mlflow.traceName"]).toBe("mine");
  });

  test("OtherValuesThanStringsBecomeTextWithAWarning", () => {
    expect(updated({ tags: { n: 5, o: { a: [1] }, s: "x" }, metadata: { none: null } })).toMatchObject({
      tags: { n: "5", o: '{"a":[1]}', s: "x" },
      traceMetadata: { none: "null" },
    });
    expect(logger.lines).toEqual([
      "tags are strings; these became text: 'n', 'o'",
      "metadata are strings; these became text: 'none'",
    ]);
  });

  test.each<[string, object]>([
    ["requestPreview", { requestPreview: { a: 1 } }],
    ["responsePreview", { responsePreview: 5 }],
    ["state", { state: "IN_PROGRESS" }],
    ["state", { state: "ok" }],
    ["sessionId", { sessionId: 5 }],
    ["tags", { tags: "x" }],
    ["metadata", { metadata: ["x"] }],
  ])("AWrong%sIsIgnoredWithAWarning: %j", (_, update) => {
    const info = updated(update);
    expect(info).toMatchObject({ requestPreview: '{"q": 1}', state: "OK" });
    expect(Object.keys(info?.tags ?? {})).toEqual(["mlflow.traceName"]);
    expect(logger.lines).toHaveLength(1);
  });
});

describe("tracingContext", () => {
  test("TwoTracesInsideBothGetTheValuesAndNoSpanIsMadeForIt", async () => {
    const spans = tracingContext({ sessionId: "s", tags: { env: "test" } }, () =>
      ["a", "b"].map((name) => {
        const span = startSpan({ name }) as LiveSpan;
        span.end();
        return span;
      }),
    );
    expect((await ended()).map(({ name }) => name)).toEqual(["a", "b"]);
    for (const span of spans)
      expect(infoOf(span)).toMatchObject({ tags: { env: "test" }, traceMetadata: { "mlflow.trace.session": "s" } });
  });

  test("TheSpanThatIsActiveStaysTheParent", async () => {
    withSpan({ name: "outer" }, () => tracingContext({ user: "u" }, () => withSpan({ name: "inner" }, () => 1)));
    const [inner, outer] = await ended();
    expect(inner?.parentId).toBe(outer?.spanId);
  });

  test("TurnedOffAndOnAgainInside", async () => {
    const made = tracingContext({ enabled: false }, () => [
      startSpan({ name: "off" }),
      tracingContext({ tags: {} }, () => startSpan({ name: "still off" })),
      tracingContext({ enabled: true }, () => startSpan({ name: "on" })),
    ]);
    expect(made.map((span) => span instanceof LiveSpan)).toEqual([false, false, true]);
    made[2]?.end();
    expect((await ended()).map(({ name }) => name)).toEqual(["on"]);
    expect(suppressTracing(() => startSpan({ name: "x" }))).toBeInstanceOf(NoOpSpan);
  });

  test("ItHoldsOverAwaits", async () => {
    await Promise.all(
      ["u1", "u2"].map((user) =>
        tracingContext({ user }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          const span = startSpan({ name: user }) as LiveSpan;
          span.end();
          expect(infoOf(span)?.traceMetadata["mlflow.trace.user"]).toBe(user);
        }),
      ),
    );
  });

  test("WrongValuesDoNoHarm", () => {
    expect(tracingContext(null as never, () => 1)).toBe(1);
    expect(tracingContext({ tags: 5 as never, metadata: [] as never }, () => 2)).toBe(2);
    expect(tracingContext({}, null as never)).toBeUndefined();
    expect(logger.lines).toHaveLength(3);
    const error = new Error("mine");
    expect(() =>
      tracingContext({}, () => {
        throw error;
      }),
    ).toThrow(error);
  });
});

describe("getLastActiveTraceId", () => {
  test("ContextLocalItIsThatOfTheContextAround", async () => {
    const work = (name: string, turns: number): Promise<readonly [string | null, string]> =>
      tracingContext({}, async () => {
        expect(getLastActiveTraceId({ contextLocal: true })).toBeNull();
        const root = startSpan({ name });
        for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        root.end();
        await new Promise((resolve) => setImmediate(resolve));
        return [getLastActiveTraceId({ contextLocal: true }), root.traceId] as const;
      });
    const [first, second] = await Promise.all([work("slow", 4), work("fast", 1)]);
    expect(first[0]).toBe(first[1]);
    expect(second[0]).toBe(second[1]);
    expect(getLastActiveTraceId()).toBe(first[1]);
  });

  test("OfTheWholeProcessWhereThereIsNoContext", () => {
    startSpan({ name: "x", parent: null }).end();
    expect(getLastActiveTraceId({ contextLocal: true })).toBe(getLastActiveTraceId());
    expect(getLastActiveTraceId(null as never)).toBe(getLastActiveTraceId());
  });

  test("ResetForgetsBoth", () => {
    startSpan({ name: "x", parent: null }).end();
    reset();
    expect([getLastActiveTraceId(), getLastActiveTraceId({ contextLocal: true })]).toEqual([null, null]);
  });
});

describe("setSpanProcessors", () => {
  test("TheResultPutsBackWhatThereWas", async () => {
    await init({ spanProcessors: [(span) => span.setAttribute("by", "init")] });
    const restore = setSpanProcessors([(span) => span.setOutputs("[hidden]"), (span) => span.setAttribute("seen", span.outputs)]);
    startSpan({ name: "inside" }).end({ outputs: "secret" });
    restore();
    startSpan({ name: "after" }).end({ outputs: "open" });
    await init({ spanProcessors: [] });

    const [inside, after] = await ended();
    expect([inside?.outputs, inside?.attributes["seen"], inside?.attributes["by"]]).toEqual(["[hidden]", "[hidden]", undefined]);
    expect([after?.outputs, after?.attributes["by"]]).toEqual(["open", "init"]);
  });

  test("TheListIsACopyAndMayBeEmpty", async () => {
    const list = [(span: LiveSpan) => span.setAttribute("first", true)];
    const restore = setSpanProcessors(list);
    list.push((span) => span.setAttribute("second", true));
    startSpan({ name: "x" }).end();
    setSpanProcessors([]);
    startSpan({ name: "y" }).end();
    restore();
    const [x, y] = await ended();
    expect([x?.attributes["first"], x?.attributes["second"], y?.attributes["first"]]).toEqual([true, undefined, undefined]);
  });

  test("WhatIsNoFunctionIsRefusedAtOnce", async () => {
    for (const wrong of [[1], "x", null, [() => undefined, null], {}])
      expect(() => setSpanProcessors(wrong as never)).toThrow(TraceError);
    startSpan({ name: "goes on" }).end();
    expect(await ended()).toHaveLength(1);
  });
});

describe("Variables", () => {
  test("MlflowsVariablesOfTracing", () => {
    const warnings: string[] = [];
    const read = (environment: Record<string, string>) => readEnvironment(environment, (message) => warnings.push(message));
    expect(read({ MLFLOW_TRACE_SAMPLING_RATIO: "0.25" }).traces.samplingRatio).toBe(0.25);
    expect(read({ MLFLOW_TRACING_ENABLED: "false" }).isDisabled).toBe(true);
    expect(read({ MLFLOW_TRACING_ENABLED: "true" }).isDisabled).toBe(false);
    expect(warnings).toEqual([]);
    expect(read({ MLFLOW_TRACE_SAMPLING_RATIO: "1.5" }).traces.samplingRatio).toBeUndefined();
    expect(read({ MLFLOW_TRACING_ENABLED: "maybe" }).isDisabled).toBe(false);
    expect(warnings).toHaveLength(2);
    expect(environmentConfig(() => undefined).isDisabled).toBe(false);
  });

  test("AWrongRatioOfARootIsIgnoredWithAWarning", () => {
    for (const ratio of [1.5, -1, NaN, "0"]) startSpan({ name: "x", samplingRatioOverride: ratio as number }).end();
    expect(logger.lines).toHaveLength(4);
    expect(startSpan({ name: "none", samplingRatioOverride: 0 })).toBeInstanceOf(NoOpSpan);
  });

  test("ARatioHasNoEffectInsideOfATrace", () => {
    withSpan({ name: "root", parent: null }, () => {
      const child = startSpan({ name: "child", samplingRatioOverride: 0 });
      expect(child).toBeInstanceOf(LiveSpan);
      child.end();
    });
    withSpan({ name: "dropped", parent: null, samplingRatioOverride: 0 }, () => {
      expect(startSpan({ name: "child", samplingRatioOverride: 1 })).toBeInstanceOf(NoOpSpan);
    });
  });
});
