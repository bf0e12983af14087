// Spans of generators and streams at their edges: bounds, reducers, consumers that stop.
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { getCurrentActiveSpan, init, trace, tracingContext, withSpan, type Span } from "../../../js/index.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start());
beforeEach(async () => {
  await ended();
  logger.lines.length = 0;
});
afterEach(async () => {
  await init({ limits: {} });
});

const only = async (): Promise<Span> => {
  const spans = await ended();
  expect(spans).toHaveLength(1);
  return spans[0] as Span;
};

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

test("ChunksAreEventsWithinTheLimitAndTheNewestStay", async () => {
  await init({ limits: { eventCountLimit: 3 } });
  expect([...trace(numbers)(10)]).toHaveLength(10);
  const span = await only();
  expect(span.events.map(({ name, attributes }) => [name, attributes["mlflow.chunk.value"]])).toEqual([
    ["mlflow.chunk.item.7", "7"],
    ["mlflow.chunk.item.8", "8"],
    ["mlflow.chunk.item.9", "9"],
  ]);
  expect(span._fields().droppedEvents).toBe(7);
  expect(span.outputs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("GatheredOutputsAreCutAtOneMebibyteWithAMarker", async () => {
  const chunk = "x".repeat(300_000);
  const given = [
    ...trace(function* stream() {
      for (let i = 0; i < 5; i++) yield chunk;
    })(),
  ];
  expect(given).toHaveLength(5);
  expect((await only()).outputs).toEqual([chunk, chunk, chunk, "[2 more chunks, cut at 1 MiB]"]);
});

test("AReducerSeesWhatWasKeptAndTheSpanSaysHowMuchIsMissing", async () => {
  const chunk = "x".repeat(600_000);
  const outputReducer = (chunks: unknown[]): number => chunks.length;
  const stream = trace(
    function* stream() {
      yield chunk;
      yield chunk;
      yield chunk;
    },
    { outputReducer },
  );
  expect([...stream()]).toHaveLength(3);
  const span = await only();
  expect([span.outputs, span.attributes["stream.chunks_left_out"]]).toEqual([1, 2]);
});

test.each<[string, () => never]>([
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
])("AReducerThat%sLeavesTheListItself", async (_, outputReducer) => {
  expect([...trace(numbers, { outputReducer })(2)]).toEqual([0, 1]);
  const span = await only();
  expect([span.outputs, span.status.statusCode]).toEqual([[0, 1], "OK"]);
});

test("AReducerForAPlainFunctionIsIgnoredWithOneWarning", async () => {
  const plain = trace(() => 1, { name: "plain", outputReducer: (chunks) => chunks.length });
  expect([plain(), plain()]).toEqual([1, 1]);
  expect(logger.lines).toEqual([expect.stringContaining("outputReducer is for generators and streams")]);
  expect((await ended()).map(({ outputs }) => outputs)).toEqual([1, 1]);
});

test("ALoopThatBreaksEndsTheSpanWithWhatCameSoFar", async () => {
  for (const n of trace(numbers)(10)) if (n === 1) break;
  const span = await only();
  expect([span.outputs, span.attributes["stream.abandoned"], span.status.statusCode]).toEqual([[0, 1], true, "OK"]);
});

test("AnAsyncLoopThatThrowsEndsTheSpanToo", async () => {
  const stream = trace(async function* stream() {
    yield 1;
    yield 2;
  });
  const consume = async (): Promise<void> => {
    for await (const n of stream()) if (n === 1) throw new Error("consumer");
  };
  await expect(consume()).rejects.toThrow("consumer");
  expect((await only()).attributes["stream.abandoned"]).toBe(true);
});

test("TheGeneratorRunsInItsOwnContextAndTheConsumerInTheirs", async () => {
  const seen: (string | undefined)[] = [];
  const stream = trace(async function* stream() {
    for (let i = 0; i < 2; i++) {
      seen.push(getCurrentActiveSpan()?.name);
      await Promise.resolve();
      withSpan({ name: "inside" }, () => undefined);
      yield i;
    }
  });
  await withSpan({ name: "consumer" }, async () => {
    for await (const _ of stream()) seen.push(getCurrentActiveSpan()?.name);
  });
  expect(seen).toEqual(["stream", "consumer", "stream", "consumer"]);
  const spans = await ended();
  const stream0 = spans.find(({ name }) => name === "stream");
  expect(spans.filter(({ name }) => name === "inside").map(({ parentId }) => parentId)).toEqual([
    stream0?.spanId,
    stream0?.spanId,
  ]);
  expect(stream0?.parentId).toBe(spans.find(({ name }) => name === "consumer")?.spanId);
});

test("AReadableStreamThatIsCancelledEndsItsSpan", async () => {
  let cancelled: unknown;
  const read = trace(
    () =>
      new ReadableStream<string>({
        pull(controller) {
          controller.enqueue("piece");
        },
        cancel(reason) {
          cancelled = reason;
        },
      }),
    { name: "read", outputReducer: (chunks) => chunks.join("+") },
  );
  const reader = read().getReader();
  await reader.read();
  await reader.read();
  await reader.cancel("enough");
  expect(cancelled).toBe("enough");
  const span = await only();
  expect([span.outputs, span.attributes["stream.abandoned"], span.events.length]).toEqual(["piece+piece", true, 2]);
});

test("AReadableStreamThatFailsIsAnErrorOfItsSpan", async () => {
  const error = new TypeError("line cut");
  const read = trace(
    () =>
      new ReadableStream<number>({
        pull(controller) {
          controller.error(error);
        },
      }),
    { name: "read" },
  );
  await expect(read().getReader().read()).rejects.toBe(error);
  const span = await only();
  expect([span.status.statusCode, span.events[0]?.attributes["exception.message"]]).toEqual(["ERROR", "line cut"]);
});

test("TurnedOffStreamsAreTheHostsOwn", async () => {
  const values = tracingContext({ enabled: false }, () => [...trace(numbers)(3)]);
  expect(values).toEqual([0, 1, 2]);
  expect(await ended()).toEqual([]);
});
