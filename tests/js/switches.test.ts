// Options and variables that change how tracing speaks and what it passes on: each file of tests has
// one first init(), which reads the variables.

import { afterAll, beforeEach, expect, jest, test } from "@jest/globals";
import { extractTraceContext, init, injectTraceContext, shutdown, startSpan, withRemoteContext } from "../../js/index.js";
import { placeOf } from "../../js/load/leak_reports.js";
import { leveledConsole } from "../../js/load/leveled_console.js";
import { tracer } from "../../js/tracing/realm.js";
import { TestLogger } from "./tracing/harness.js";

const variables = { OTEL_PROPAGATORS: "baggage", OTEL_LOG_LEVEL: "none", OTEL_BSP_MAX_QUEUE_SIZE: "many" };
const PARENT = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", traceFlags: 1, isRemote: true };
const METHODS = ["error", "warn", "info", "debug"] as const;
const written: string[] = [];

for (const method of METHODS)
  jest.spyOn(console, method).mockImplementation((text) => void written.push(`${method} ${String(text)}`));

beforeEach(() => {
  written.length = 0;
});
afterAll(() => {
  jest.restoreAllMocks();
});

test("OtelLogLevelHoldsFromTheFirstMessageOn", async () => {
  Object.assign(process.env, variables);
  await init({ exporter: "none" });
  for (const name of Object.keys(variables)) delete process.env[name];
  tracer().logger.error("x");
  expect(written).toEqual([]); // not even that a variable is ignored
});

test("OtelPropagatorsSaysWhatIsWrittenAndRead", () => {
  const headers: Record<string, string> = {};
  withRemoteContext({ ...PARENT, baggage: "a=1" }, () => {
    injectTraceContext(headers);
  });
  expect(headers).toEqual({ baggage: "a=1" });
  expect(extractTraceContext({ traceparent: `00-${PARENT.traceId}-${PARENT.spanId}-01` })).toBeNull();
});

test("DebugPrintsEveryLevelAndALoggerOfTheApplicationStandsAboveIt", async () => {
  await init({ debug: true });
  for (const method of METHODS) tracer().logger[method]("x");
  expect(written).toEqual(METHODS.map((method) => `${method} spandrel: x`));
  const own = new TestLogger();
  await init({ logger: own });
  tracer().logger.warn("mine");
  expect(own.lines).toEqual(["mine"]);
  expect(written).toHaveLength(4);
});

test.each([
  ["none", 0],
  ["error", 1],
  ["warn", 2],
  ["info", 3],
  ["debug", 4],
  ["verbose", 4],
  ["all", 4],
] as const)("LevelsOfTheConsole: %s", (level, count) => {
  const logger = leveledConsole(level);
  for (const method of METHODS) logger[method]("x");
  expect(written).toEqual(METHODS.slice(0, count).map((method) => `${method} spandrel: x`));
});

test("ASharedProviderIsSaidToBeMissingOnce", async () => {
  const own = new TestLogger();
  await init({ logger: own, useDefaultTracerProvider: true });
  expect(own.lines).toEqual([]);
  await init({ useDefaultTracerProvider: false });
  await init({ useDefaultTracerProvider: false });
  expect(own.lines).toEqual([expect.stringContaining("useDefaultTracerProvider: false has no effect yet")]);
});

test("DebugNamesSpansThatWereNeverEndedAndWhereTheyBegan", async () => {
  const own = new TestLogger();
  await init({ logger: own, debug: true });
  startSpan({ name: "ended" }).end();
  startSpan({ name: "forgotten" });
  await shutdown();
  expect(own.lines).toHaveLength(1);
  expect(own.lines[0]).toMatch(
    /^the span 'forgotten' of tr-[0-9a-f]{32} was never ended; it began at .*switches\.test\.ts:\d+:\d+/,
  );
});

test("WithoutDebugNobodyIsAskedWhereASpanBegan", async () => {
  const own = new TestLogger();
  await init({ logger: own, debug: false });
  expect(tracer().startHooks.size).toBe(0);
  startSpan({ name: "forgotten" });
  await shutdown();
  expect(own.lines).toEqual([]);
});

test.each([
  ["Error\n    at a (/x/node_modules/spandrel/dist/node/index.mjs:1:2)\n    at work (/app/b.js:3:4)", "at work (/app/b.js:3:4)"],
  ["Error\n    at file:///app/b.js:3:4", "at file:///app/b.js:3:4"],
  ["f@https://x/spandrel/dist/browser/index.mjs:1:2\nwork@https://x/app.js:3:4", "at work@https://x/app.js:3:4"],
  ["", ""],
  ["Error\n    at Object.<anonymous>", ""],
])("PlaceInAStack: %j", (stack, place) => {
  expect(placeOf(stack)).toBe(place);
});
