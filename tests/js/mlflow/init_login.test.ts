// What init() is given to log in with reaches everything that asks MLflow's server.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { flushTraces, init, setExperiment, shutdown, TraceError, withSpan } from "../../../js/index.js";
import { TestLogger } from "../tracing/harness.js";
import { answer, closeScriptServers, jsonOf, ScriptServer } from "./script_server.js";

const logger = new TestLogger();
let server: ScriptServer;

beforeEach(async () => {
  server = await ScriptServer.start((response, asked, count) => {
    const isTrace = asked.path.endsWith("/mlflow/traces");
    answer(isTrace ? jsonOf(asked) : { experiment: { experiment_id: "7", name: "a" } })(response, asked, count);
  });
});
afterEach(async () => {
  await shutdown();
  await closeScriptServers();
});

const basicOf = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

/** The authorization of the request that stores a trace's info. */
async function storesAs(): Promise<string | undefined> {
  server.asked.length = 0;
  withSpan({ name: "work" }, () => 1);
  await flushTraces();
  return server.asked.find(({ path }) => path.endsWith("/mlflow/traces"))?.headers.authorization;
}

test("ATrackingServerIsAskedWithUserNameAndPasswordElseWithTheToken", async () => {
  const server1 = { trackingUri: server.url, exporter: "mlflow", experimentId: "7", logger } as const;
  await init({ ...server1, trackingServerToken: "first" });
  expect(await storesAs()).toBe("Bearer first");
  await init({ trackingServerToken: "second" });
  expect(await storesAs()).toBe("Bearer second");
  await setExperiment("a");
  expect(server.last.headers.authorization).toBe("Bearer second");
  await init({ trackingServerUsername: "ada", trackingServerPassword: "arch" });
  expect(await storesAs()).toBe(basicOf("ada:arch"));
  await setExperiment("a");
  expect(server.last.headers.authorization).toBe(basicOf("ada:arch"));
});

test.each(["host", "databricksHost"])("AWorkspaceIsNamedBy %s", async (name) => {
  await init({
    trackingUri: "databricks",
    exporter: "mlflow",
    experimentId: "7",
    logger,
    [name]: server.url,
    databricksToken: "secret",
  });
  expect(await storesAs()).toBe("Bearer secret");
});

test("WhatIsNoTextIsRefusedAtOnce", () => {
  expect(() => void init({ trackingServerToken: 5 as unknown as string })).toThrow(TraceError);
  expect(() => void init({ databricksToken: "" })).toThrow("databricksToken must be a string");
});
