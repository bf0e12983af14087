// Where a Databricks workspace is, and who asks it.
//
//   options          databricksHost; databricksToken, or databricksClientId with databricksClientSecret
//   variables        DATABRICKS_HOST; DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID with DATABRICKS_CLIENT_SECRET
//   a profile        host; token, or username with password, or client_id with client_secret
//
// The tracking URI "databricks://name" names a profile: then variables are not looked at. Else they come before the
// profile. What a profile holds to log in with goes to its own host alone.

import { TraceError } from "../trace_error.js";
import { DEFAULT_PROFILE, readProfile, type Profile } from "./databricks_config.js";

export interface DatabricksOptions {
  /** The workspace of a "databricks" URI. Default: DATABRICKS_HOST, else the profile's. */
  databricksHost?: string;
  databricksToken?: string;
  /** A service principal: access tokens are fetched from the workspace and renewed. */
  databricksClientId?: string;
  databricksClientSecret?: string;
  /** The file with profiles. Default: DATABRICKS_CONFIG_FILE, else ~/.databrickscfg. In Node alone. */
  databricksConfigPath?: string;
}

export interface OAuthClient {
  clientId: string;
  clientSecret: string;
}

export type Login = { token: string } | { username: string; password: string } | OAuthClient;

export interface DatabricksLogin {
  /** As it was given, perhaps without "https://". */
  host: string;
  login: Login;
}

type Variable = (name: string) => string | undefined;

/** Throws TraceError where host or log-in are missing. */
export function databricksLogin(uri: string, options: DatabricksOptions, variable: Variable): DatabricksLogin {
  const named = profileOfUri(uri);
  const givenLogin = loginOf(options.databricksToken, options.databricksClientId, options.databricksClientSecret);
  const hostVariable = named === undefined ? variable("DATABRICKS_HOST") : undefined;
  const loginVariables =
    named === undefined
      ? loginOf(variable("DATABRICKS_TOKEN"), variable("DATABRICKS_CLIENT_ID"), variable("DATABRICKS_CLIENT_SECRET"))
      : null;

  const firstHost = options.databricksHost ?? hostVariable;
  const firstLogin = givenLogin ?? loginVariables;
  if (firstHost !== undefined && firstLogin !== null) return { host: firstHost, login: firstLogin };

  const found = readProfile(named, options.databricksConfigPath);
  const host = firstHost ?? found?.profile.get("host");
  if (host === undefined || host === "")
    throw invalid(
      found === null
        ? "the Databricks workspace is not named: give databricksHost, set DATABRICKS_HOST, or name a profile by 'databricks://profile'"
        : `the profile '${found.name}' has no host`,
    );
  if (firstLogin !== null) return { host, login: firstLogin };
  const own = found?.profile.get("host") ?? host;
  if (found === null || comparable(own) !== comparable(host))
    throw invalid(
      `there is no token for the Databricks workspace ${host}: give databricksToken, or set DATABRICKS_TOKEN` +
        (found === null ? "" : `; the profile '${found.name}' is for ${own}`),
    );
  return { host, login: loginOfProfile(found.name, found.profile) };
}

/** undefined: "databricks" alone. */
function profileOfUri(uri: string): string | undefined {
  const name = /^databricks(?:-uc)?:\/\/([^/?#]*)/.exec(uri)?.[1] ?? "";
  if (name.includes(":"))
    throw invalid(`'${uri}' names a secret scope, which only notebooks of Databricks can read: name a profile instead`);
  return name === "" ? undefined : name;
}

/** A token stands above a service principal, as with Databricks' own tools. */
function loginOf(token = "", clientId = "", clientSecret = ""): Login | null {
  if (token !== "") return { token };
  return clientId !== "" && clientSecret !== "" ? { clientId, clientSecret } : null;
}

function loginOfProfile(name: string, profile: Profile): Login {
  const value = (key: string): string => profile.get(key) ?? "";
  const kind = value("auth_type");
  const isWanted = (each: string): boolean => kind === "" || kind === each;
  if (isWanted("pat") && value("token") !== "") return { token: value("token") };
  if (isWanted("basic") && value("username") !== "" && value("password") !== "")
    return { username: value("username"), password: value("password") };
  const client = isWanted("oauth-m2m") ? loginOf("", value("client_id"), value("client_secret")) : null;
  if (client !== null) return client;
  const hint = name === DEFAULT_PROFILE ? "" : `, or another profile`;
  throw invalid(
    kind === "" || ["pat", "basic", "oauth-m2m"].includes(kind)
      ? `the profile '${name}' has nothing to log in with: it needs a token, or client_id and client_secret${hint}`
      : `the profile '${name}' logs in by '${kind}', which is not supported: it needs a token, or client_id and client_secret${hint}`,
  );
}

function comparable(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "");
}

function invalid(message: string): TraceError {
  return new TraceError("INVALID_PARAMETER_VALUE", message);
}
