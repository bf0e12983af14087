// Who asks a Databricks workspace: options, variables, profiles of a configuration file, and access tokens of a service
// principal, against a workspace that a script plays.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  flushTraces,
  init,
  shutdown,
  stats,
  TraceError,
  TracingClient,
  withSpan,
  type TracingClientOptions,
} from "../../../js/index.js";
import { parseProfiles } from "../../../js/mlflow/databricks_config.js";
import { FakeTime } from "../export/fake_time.js";
import { TestLogger } from "../tracing/harness.js";
import { answer, closeScriptServers, jsonOf, ScriptServer, type Asked } from "./script_server.js";

const folder = mkdtempSync(join(tmpdir(), "spandrel-databricks-"));
const logger = new TestLogger();
const clients: TracingClient[] = [];
const homeVariable = process.env["HOME"];
let server: ScriptServer;
/** Access tokens handed out. */
let tokens = 0;
let lifeSeconds: number;

function clientOf(trackingUri: string, options: TracingClientOptions = {}): TracingClient {
  const client = new TracingClient({ trackingUri, logger, retry: { maxRetries: 0 }, ...options });
  clients.push(client);
  return client;
}

/** The header with which the workspace is asked. */
async function asksAs(trackingUri: string, options: TracingClientOptions = {}): Promise<string | undefined> {
  await clientOf(trackingUri, options).getExperimentByName("a");
  return server.last.headers.authorization;
}

function refused(trackingUri: string, options: TracingClientOptions = {}): string {
  let thrown: unknown = null;
  try {
    clientOf(trackingUri, options);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TraceError);
  return (thrown as TraceError).message;
}

/** A configuration file; `url` stands for the workspace's address in it. */
function configuration(text: string, name = "config"): string {
  const path = join(folder, name);
  writeFileSync(path, text.replaceAll("$url", server.url));
  return path;
}

function variables(given: Record<string, string>): void {
  for (const [name, value] of Object.entries(given)) process.env[name] = value;
}

const basicOf = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
const askedForTokens = (): Asked[] => server.asked.filter(({ path }) => path === "/oidc/v1/token");

beforeAll(async () => {
  await init({ exporter: "none", logger });
});
beforeEach(async () => {
  tokens = 0;
  lifeSeconds = 3600;
  logger.lines.length = 0;
  // No test reads the file of whoever runs it.
  process.env["HOME"] = folder;
  server = await ScriptServer.start((response, asked, count) => {
    const isToken = asked.path === "/oidc/v1/token";
    const body = isToken
      ? { access_token: `token-${String(++tokens)}`, token_type: "Bearer", expires_in: lifeSeconds }
      : { experiment: { experiment_id: "1", name: "a" } };
    answer(body)(response, asked, count);
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const name of Object.keys(process.env)) if (/^(MLFLOW|DATABRICKS)_/.test(name)) Reflect.deleteProperty(process.env, name);
  await closeScriptServers();
});
afterAll(async () => {
  if (homeVariable === undefined) Reflect.deleteProperty(process.env, "HOME");
  else process.env["HOME"] = homeVariable;
  await shutdown();
  rmSync(folder, { recursive: true });
});

describe("the order of who asks", () => {
  test("options stand above variables, a token above a service principal", async () => {
    variables({ DATABRICKS_HOST: "https://other.example", DATABRICKS_TOKEN: "of-the-variable" });
    expect(await asksAs("databricks", { databricksHost: server.url, databricksToken: "of-the-option" })).toBe(
      "Bearer of-the-option",
    );
    const both = { databricksHost: server.url, databricksToken: "t", databricksClientId: "id", databricksClientSecret: "s" };
    expect(await asksAs("databricks", both)).toBe("Bearer t");
  });

  test("variables stand above a profile that nobody named in the tracking URI", async () => {
    variables({ DATABRICKS_HOST: server.url, DATABRICKS_TOKEN: "of-the-variable", DATABRICKS_CONFIG_PROFILE: "dev" });
    process.env["DATABRICKS_CONFIG_FILE"] = configuration("[dev]\nhost=https://other.example\ntoken=of-the-profile\n");
    expect(await asksAs("databricks")).toBe("Bearer of-the-variable");
  });

  test("a profile that the tracking URI names stands above variables", async () => {
    variables({ DATABRICKS_HOST: "https://other.example", DATABRICKS_TOKEN: "of-the-variable" });
    process.env["DATABRICKS_CONFIG_FILE"] = configuration("[dev]\nhost=$url\ntoken=of-the-profile\n");
    expect(await asksAs("databricks://dev")).toBe("Bearer of-the-profile");
    expect(await asksAs("databricks-uc://dev")).toBe("Bearer of-the-profile");
  });

  test("DATABRICKS_CONFIG_PROFILE names the profile, else it is DEFAULT", async () => {
    const databricksConfigPath = configuration("[DEFAULT]\nhost=$url\ntoken=a\n[dev]\nhost=$url\ntoken=b\n");
    expect(await asksAs("databricks", { databricksConfigPath })).toBe("Bearer a");
    process.env["DATABRICKS_CONFIG_PROFILE"] = "dev";
    expect(await asksAs("databricks", { databricksConfigPath })).toBe("Bearer b");
  });

  test("databricksConfigPath stands above DATABRICKS_CONFIG_FILE, and that above ~/.databrickscfg", async () => {
    configuration("[DEFAULT]\nhost=$url\ntoken=of-home\n", ".databrickscfg");
    expect(await asksAs("databricks")).toBe("Bearer of-home");
    process.env["DATABRICKS_CONFIG_FILE"] = configuration("[DEFAULT]\nhost=$url\ntoken=of-the-variable\n", "variable");
    expect(await asksAs("databricks")).toBe("Bearer of-the-variable");
    const databricksConfigPath = configuration("[DEFAULT]\nhost=$url\ntoken=of-the-option\n", "option");
    expect(await asksAs("databricks", { databricksConfigPath })).toBe("Bearer of-the-option");
  });

  test("a user name and a password of a profile are Basic authentication", async () => {
    const databricksConfigPath = configuration("[dev]\nhost=$url\nusername=ada\npassword=p=w:d\n");
    expect(await asksAs("databricks://dev", { databricksConfigPath })).toBe(basicOf("ada:p=w:d"));
  });

  test("auth_type chooses among what a profile holds", async () => {
    const databricksConfigPath = configuration("[dev]\nhost=$url\ntoken=t\nclient_id=id\nclient_secret=s\nauth_type=oauth-m2m\n");
    expect(await asksAs("databricks://dev", { databricksConfigPath })).toBe("Bearer token-1");
  });

  test("a host of a profile may stand without its scheme", () => {
    const databricksConfigPath = configuration("[dev]\nhost=a.example/\ntoken=t\n");
    expect(clientOf("databricks://dev", { databricksConfigPath }).getHost()).toBe("https://a.example");
  });

  test("what a profile logs in with goes to its own host alone", async () => {
    const databricksConfigPath = configuration("[DEFAULT]\nhost=$url\ntoken=t\n");
    expect(refused("databricks", { databricksConfigPath, databricksHost: "https://other.example" })).toMatch(
      /no token for the Databricks workspace https:\/\/other\.example.*the profile 'DEFAULT' is for/,
    );
    expect(await asksAs("databricks", { databricksConfigPath, databricksHost: `${server.url}/` })).toBe("Bearer t");
  });

  test("other servers are asked as before", async () => {
    variables({ DATABRICKS_HOST: "https://other.example", DATABRICKS_TOKEN: "t", MLFLOW_TRACKING_TOKEN: "m" });
    expect(await asksAs(server.url)).toBe("Bearer m");
  });
});

describe("what is missing is said", () => {
  test.each<[string, string, RegExp]>([
    ["databricks://prod", "[dev]\nhost=a\n", /has no profile 'prod'; it has 'dev'/],
    ["databricks://prod", "", /has no profile 'prod': it has none at all/],
    ["databricks://dev", "[dev]\ntoken=t\n", /profile 'dev' has no host/],
    [
      "databricks://dev",
      "[dev]\nhost=a\n",
      /profile 'dev' has nothing to log in with: it needs a token, or client_id and client_secret/,
    ],
    ["databricks://dev", "[dev]\nhost=a\nauth_type=databricks-cli\n", /logs in by 'databricks-cli', which is not supported/],
    ["databricks://dev", "[dev]\nhost=a\ntoken=a b\n", /characters that a header cannot carry/],
    ["databricks://scope:prefix", "", /names a secret scope/],
    ["databricks", "[dev]\nhost=a\n", /workspace is not named: give databricksHost, set DATABRICKS_HOST, or name a profile/],
  ])("%s with %j", (uri, text, message) => {
    expect(refused(uri, { databricksConfigPath: configuration(text) })).toMatch(message);
  });

  test("a file that is not there", () => {
    const databricksConfigPath = join(folder, "nowhere");
    expect(refused("databricks://dev", { databricksConfigPath })).toMatch(
      /the profile 'dev' is looked for in '.*nowhere', which cannot be read/,
    );
    expect(refused("databricks", { databricksConfigPath })).toMatch(/cannot be read: give databricksConfigPath/);
    expect(refused("databricks", { databricksHost: "https://a.example" })).toMatch(/give databricksToken/);
  });

  test("an error never shows what is secret", () => {
    const databricksConfigPath = configuration("[dev]\nhost=a\nclient_secret=very-secret\n");
    expect(refused("databricks://dev", { databricksConfigPath })).not.toContain("very-secret");
  });
});

test("profiles are read as Databricks' tools read them", () => {
  const text =
    "\uFEFF; a comment\r\n[DEFAULT]\r\nhost = https://a.example/?o=1\r\n# token = no\r\n\r\n[ dev ]\nHOST: b\ntoken=x=y ; z\nno pair\n[dev]\nmore=1\n";
  const profiles = parseProfiles(text);
  expect([...profiles.keys()]).toEqual(["DEFAULT", "dev"]);
  expect(Object.fromEntries(profiles.get("DEFAULT") ?? [])).toEqual({ host: "https://a.example/?o=1" });
  expect(Object.fromEntries(profiles.get("dev") ?? [])).toEqual({ host: "b", token: "x=y ; z", more: "1" });
  expect(parseProfiles("host=a\n[__proto__]\nconstructor=1\n").get("__proto__")?.get("constructor")).toBe("1");
});

describe("a service principal", () => {
  const principal = (): TracingClientOptions => ({
    databricksHost: server.url,
    databricksClientId: "id",
    databricksClientSecret: "secret",
  });

  test("asks for an access token as OAuth says, once for many requests", async () => {
    const client = clientOf("databricks", principal());
    await Promise.all([client.getExperimentByName("a"), client.getExperimentByName("b"), client.getExperimentByName("c")]);
    const [asked, ...more] = askedForTokens();
    expect(more).toHaveLength(0);
    expect(asked?.method).toBe("POST");
    expect(asked?.headers.authorization).toBe(basicOf("id:secret"));
    expect(asked?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(asked?.body.toString()).toBe("grant_type=client_credentials&scope=all-apis");
    expect(server.asked.slice(1).map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Bearer token-1"));
  });

  test("of variables and of profiles", async () => {
    variables({ DATABRICKS_HOST: server.url, DATABRICKS_CLIENT_ID: "id", DATABRICKS_CLIENT_SECRET: "secret" });
    expect(await asksAs("databricks")).toBe("Bearer token-1");
    const databricksConfigPath = configuration("[dev]\nhost=$url\nclient_id=other\nclient_secret=s\n");
    expect(await asksAs("databricks://dev", { databricksConfigPath })).toBe("Bearer token-2");
    expect(askedForTokens()[1]?.headers.authorization).toBe(basicOf("other:s"));
  });

  test("renews its token shortly before the end", async () => {
    const time = new FakeTime();
    const client = clientOf("databricks", { ...principal(), clock: time });
    await client.getExperimentByName("a");
    await time.advance(3_559_000);
    await client.getExperimentByName("a");
    expect(tokens).toBe(1);
    await time.advance(2_000);
    await client.getExperimentByName("a");
    expect(tokens).toBe(2);
    expect(server.last.headers.authorization).toBe("Bearer token-2");
  });

  test("uses a token of a short life at least for half of it", async () => {
    lifeSeconds = 20;
    const time = new FakeTime();
    const client = clientOf("databricks", { ...principal(), clock: time });
    await client.getExperimentByName("a");
    await time.advance(9_000);
    await client.getExperimentByName("a");
    expect(tokens).toBe(1);
    await time.advance(2_000);
    await client.getExperimentByName("a");
    expect(tokens).toBe(2);
  });

  test("asks for a new token where one is refused before its end, and only once", async () => {
    const { reply } = server;
    server.reply = (response, asked, count) => {
      if (asked.headers.authorization === "Bearer token-1")
        return answer({ error_code: "UNAUTHENTICATED" }, 401)(response, asked, count);
      return reply(response, asked, count);
    };
    await clientOf("databricks", principal()).getExperimentByName("a");
    expect(tokens).toBe(2);
    server.reply = (response, asked, count) =>
      asked.path === "/oidc/v1/token"
        ? reply(response, asked, count)
        : answer({ error_code: "UNAUTHENTICATED" }, 401)(response, asked, count);
    await expect(clientOf("databricks", principal()).getExperimentByName("a")).rejects.toMatchObject({ httpStatus: 401 });
    expect(tokens).toBe(4);
  });

  test.each<[string, unknown, number, RegExp, string]>([
    [
      "a wrong secret",
      { error: "invalid_client", error_description: "Client authentication failed" },
      401,
      /gave the client 'id' no access token: invalid_client: Client authentication failed\. Check client id/,
      "UNAUTHENTICATED",
    ],
    ["a page instead of a token", "<html>", 200, /it answered 200 without a token/, "TEMPORARILY_UNAVAILABLE"],
    ["a token that is none", { access_token: 7 }, 200, /without a token/, "TEMPORARILY_UNAVAILABLE"],
    [
      "a token no header can carry",
      { access_token: "a\nb" },
      200,
      /characters that a header cannot carry/,
      "INVALID_PARAMETER_VALUE",
    ],
    ["a server in trouble", "", 503, /it answered 503/, "TEMPORARILY_UNAVAILABLE"],
  ])("%s is one clear error", async (_name, body, status, message, errorCode) => {
    server.reply = answer(body, status);
    const failing = clientOf("databricks", principal()).getExperimentByName("a");
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toMatchObject({ errorCode });
  });

  test("a profile that is missing loses the traces, which is told once and counted", async () => {
    process.env["DATABRICKS_CONFIG_FILE"] = configuration("[dev]\nhost=$url\ntoken=t\n");
    await init({ trackingUri: "databricks://prod", exporter: "mlflow", experimentId: "7", logger });
    for (let i = 0; i < 3; i++) expect(withSpan({ name: "work" }, () => i)).toBe(i);
    await flushTraces();
    const { delivered, dropped } = Object.values(stats().destinations).at(-1) ?? {};
    expect([delivered, Object.values(dropped ?? {}).reduce((a, b) => a + b, 0)]).toEqual([0, 3]);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/has no profile 'prod'; it has 'dev'/);
  });

  test("traces are exported with its tokens", async () => {
    variables({ DATABRICKS_HOST: server.url, DATABRICKS_CLIENT_ID: "id", DATABRICKS_CLIENT_SECRET: "secret" });
    const { reply } = server;
    server.reply = (response, asked, count) => {
      if (asked.path !== "/api/3.0/mlflow/traces") return reply(response, asked, count);
      return answer(jsonOf(asked))(response, asked, count);
    };
    await init({ trackingUri: "databricks", exporter: "mlflow", experimentId: "7", logger });
    withSpan({ name: "work" }, () => 1);
    await flushTraces();
    const start = server.asked.find(({ path }) => path === "/api/3.0/mlflow/traces");
    expect(start?.headers.authorization).toBe("Bearer token-1");
    expect(Object.keys(stats().destinations).at(-1)).toMatch(/^mlflow/);
  });
});
