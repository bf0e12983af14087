// The host's stack ends wherever the application's recursion happens to be. An application that survives that has
// right spans afterwards, and each of those before is delivered or counted.

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as spandrel from "../../../js/index.js";
import { InMemorySpanExporter } from "../../../js/testing/index.js";

const exporter = new InMemorySpanExporter();
const lines: string[] = [];
const note = (message: string): void => void lines.push(message);
let index = 0;

beforeAll(async () => {
  const logger = { debug: note, info: note, warn: note, error: note };
  await spandrel.init({ exporter, logger, batch: { delayMillis: 3_600_000, maxSpans: 100_000 } });
});
afterAll(() => spandrel.shutdown());

const traced = spandrel.trace((depth: number): number => traced(depth + 1), { name: "recurse" });

function nested(depth: number): number {
  index++;
  const options = { name: `step ${String(index)}`, attributes: { [`key ${String(index)}`]: `value ${String(depth)}` } };
  return spandrel.withSpan(options, () => nested(depth + 1));
}

function looking(depth: number): number {
  const span = spandrel.startSpan({ name: `look ${String(index++)}` });
  try {
    span.toImmutableSpan();
  } catch (error) {
    if (!(error instanceof spandrel.TraceError) && !(error instanceof RangeError)) throw error;
  }
  try {
    return looking(depth + 1);
  } finally {
    span.end();
  }
}

test.each([
  ["traced functions", traced],
  ["spans with names and keys of their own", nested],
  ["spans that are read on the way", looking],
])("a recursion without end: %s", async (_, recurse) => {
  exporter.reset();
  const before = spandrel.stats().destinations["InMemorySpanExporter"];
  for (let round = 0; round < 5; round++) expect(() => recurse(0)).toThrow(RangeError);
  for (let i = 0; i < 200; i++)
    spandrel.withSpan({ name: `after ${String(i)}`, attributes: { [`after ${String(i)}`]: String(i) } }, () => i);
  await spandrel.flushTraces();

  const after = exporter.spans.filter(({ name }) => name.startsWith("after "));
  expect(after.map(({ name, attributes }) => [name, attributes[name]])).toEqual(
    Array.from({ length: 200 }, (_unused, i) => [`after ${String(i)}`, String(i)]),
  );
  const counters = spandrel.stats().destinations["InMemorySpanExporter"];
  const produced = (counters?.produced ?? 0) - (before?.produced ?? 0);
  const { gave_up: lost = 0, ...others } = counters?.dropped ?? {};
  expect(produced).toBe(exporter.spans.length + lost - (before?.dropped.gave_up ?? 0));
  expect(Object.values(others).every((count) => count === 0)).toBe(true);
  for (const { name } of exporter.spans) expect(name).toMatch(/^(recurse|step \d+|look \d+|after \d+)$/);
  expect(spandrel.stats().module).toBe("ready");
});
