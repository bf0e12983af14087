// Where MLflow does otherwise on purpose (docs/adr/0004) and no recorded case says so.
import { beforeAll, expect, test } from "@jest/globals";
import { init, startSpan } from "../../../js/index.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start());

test("AProcessorMayStillReportAnError", async () => {
  await init({ spanProcessors: [(span) => span.setStatus("ERROR", "found by a processor")] });

  startSpan({ name: "checked" }).end();
  await init({ spanProcessors: [] });
  startSpan({ name: "plain" }).end();

  expect((await ended()).map(({ status }) => status)).toEqual([
    { statusCode: "ERROR", description: "found by a processor" },
    { statusCode: "OK", description: "" },
  ]);
});

test("AWrongStatusIsIgnoredWithAWarning", () => {
  const span = startSpan({ name: "status" });

  span.setStatus("FINE");

  expect(span.status).toEqual({ statusCode: "UNSET", description: "" });
  expect(logger.lines.join()).toContain("'FINE' is no status");
});
