// The context of an evaluation, and traces found by the ids it has for its requests.
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  getTrace,
  reset,
  setDestination,
  startSpan,
  trace,
  TraceManager,
  tracingContext,
  withEvaluationContext,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import { isEvaluating, registerEvaluationTrace, traceIdOfEvaluation } from "../../../js/tracing/evaluation.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start({ retainTraces: true }));
beforeEach(() => {
  logger.lines.length = 0;
});
afterEach(async () => {
  reset();
  await ended();
});

function popped(span: LiveSpan): Record<string, string> | undefined {
  return TraceManager.getInstance().popTrace(span.context.traceId)?.trace.info.tags;
}

test("TracesOfAnEvaluationCarryItsIdAndAreFoundByIt", async () => {
  const answer = trace(async (question: string) => await Promise.resolve(question.length), { name: "answer" });
  const results = await Promise.all(
    ["a", "bb", "ccc"].map((question) => withEvaluationContext({ requestId: `request ${question}` }, () => answer(question))),
  );
  expect(results).toEqual([1, 2, 3]);

  for (const question of ["a", "bb", "ccc"]) {
    const found = await getTrace(`request ${question}`);
    expect(found?.info.tags).toMatchObject({ "mlflow.eval.requestId": `request ${question}` });
    expect(found?.data.spans[0]?.inputs).toEqual({ question });
  }
  expect(await getTrace("request d", { silent: true })).toBeNull();
});

test("TheContextIsSeenInsideAlone", async () => {
  expect(isEvaluating()).toBe(false);
  await withEvaluationContext({ requestId: "r" }, async () => {
    await Promise.resolve();
    expect(isEvaluating()).toBe(true);
    withSpan({ name: "inner" }, () => {
      expect(isEvaluating()).toBe(true);
    });
    tracingContext({ tags: { a: "b" } }, () => {
      expect(isEvaluating()).toBe(true);
    });
  });
  expect(isEvaluating()).toBe(false);
});

test("ItGoesWithTheValuesOfOtherContexts", () => {
  tracingContext({ tags: { outer: "1" }, sessionId: "s" }, () => {
    withEvaluationContext({ requestId: "r1" }, () => {
      const span = startSpan({ name: "x" }) as LiveSpan;
      span.end();
      expect(popped(span)).toMatchObject({ outer: "1", "mlflow.eval.requestId": "r1" });
    });
  });
  withEvaluationContext({ requestId: "r2" }, () => {
    withEvaluationContext({ requestId: "r3" }, () => {
      const span = startSpan({ name: "y" }) as LiveSpan;
      span.end();
      expect(popped(span)).toMatchObject({ "mlflow.eval.requestId": "r3" });
    });
  });
});

test("TheIdIsThatOfTheTraceAtItsLocation", () => {
  setDestination({ experimentId: "1" });
  withEvaluationContext({ requestId: "placed" }, () => {
    const span = startSpan({ name: "x", destination: { catalogName: "c", schemaName: "s" } });
    expect(traceIdOfEvaluation("placed")).toBe(span.traceId);
    expect(span.traceId).toMatch(/^trace:\/c\.s\//);
    span.end();
  });
});

test("OnlySoManyAreKnownAndTheOldestMakeRoom", () => {
  for (let i = 0; i <= 10_000; i++) registerEvaluationTrace(`e${String(i)}`, `tr-${String(i)}`);
  expect([traceIdOfEvaluation("e0"), traceIdOfEvaluation("e1"), traceIdOfEvaluation("e10000")]).toEqual([
    null,
    "tr-1",
    "tr-10000",
  ]);
  registerEvaluationTrace("e1", "tr-new");
  expect(traceIdOfEvaluation("e1")).toBe("tr-new");
  reset();
  expect(traceIdOfEvaluation("e1")).toBeNull();
});

test("WithoutAnIdTheFunctionRunsAllTheSame", () => {
  expect(withEvaluationContext({} as never, () => 1)).toBe(1);
  expect(withEvaluationContext(null as never, () => 2)).toBe(2);
  expect(withEvaluationContext({ requestId: "x" }, 5 as never)).toBeUndefined();
  expect(logger.lines.map((line) => line.split(" ").slice(0, 4).join(" "))).toEqual([
    "withEvaluationContext needs a requestId;",
    "withEvaluationContext needs a requestId;",
    "withEvaluationContext needs a function;",
  ]);
});
