// Where a tracking server is and how its client shows who it is: options first, then MLflow's variables.

import { TraceError } from "../trace_error.js";
import { splitUserInfo } from "../export/endpoint.js";
import { basic, bearer } from "./authorization.js";
import { databricksLogin, type DatabricksOptions, type Login, type OAuthClient } from "./databricks_login.js";
import { environmentVariable } from "./display_settings.js";
import { isDatabricksUri } from "./exporter_settings.js";
import { DEFAULT_RETRY, MOST_RETRIES, type RetrySettings } from "./retry_schedule.js";

export interface ServerOptions extends DatabricksOptions {
  /** http(s)://…, or "databricks" or "databricks://profile". Default: MLFLOW_TRACKING_URI. */
  trackingUri?: string;
  /** Basic authentication, where a password stands with it. Default: MLFLOW_TRACKING_USERNAME. */
  trackingServerUsername?: string;
  trackingServerPassword?: string;
  /** Bearer authentication. Default: MLFLOW_TRACKING_TOKEN. */
  trackingServerToken?: string;
  /** Reads of tables need one. Default: MLFLOW_TRACING_SQL_WAREHOUSE_ID. */
  databricksSqlWarehouseId?: string;
  /** Of one attempt. Default 120,000. */
  timeoutMillis?: number;
  retry?: Partial<RetrySettings>;
}

export interface ServerSettings {
  /** As it was given, without a password. */
  trackingUri: string;
  /** Without a slash at its end. */
  baseUrl: string;
  isDatabricks: boolean;
  authorization: string | null;
  /** Access tokens are asked for; `authorization` is null then. */
  oauth: OAuthClient | null;
  sqlWarehouseId: string | null;
  timeoutMillis: number;
  retry: RetrySettings;
  /** Traces whose spans one request asks for, and how many such requests run at a time. */
  batchGetSize: number;
  maxSearchRequests: number;
}

/** More the server does not answer at once. */
const MAX_BATCH_GET_SIZE = 10;
const DEFAULT_SEARCH_REQUESTS = 32;
const DEFAULT_TIMEOUT_MILLIS = 120_000;

/** Throws TraceError for a URI that is no server's, and for a server that is not named. */
export function serverSettings(options: ServerOptions): ServerSettings {
  const uri = (options.trackingUri ?? variable("MLFLOW_TRACKING_URI") ?? "").trim();
  if (uri === "") invalid("there is no tracking URI: give trackingUri, or set MLFLOW_TRACKING_URI");
  const isDatabricks = isDatabricksUri(uri);
  const workspace = isDatabricks ? databricksLogin(uri, options, variable) : null;
  const { url, authorization: ofUrl } = splitUserInfo(workspace === null ? serverUrl(uri) : workspaceUrl(workspace.host));
  const authorization = workspace === null ? (serverAuthorization(options) ?? ofUrl) : headerOf(workspace.login);
  return {
    trackingUri: isDatabricks ? uri : url.replace(/\/+$/, ""),
    baseUrl: url.replace(/\/+$/, ""),
    isDatabricks,
    authorization,
    oauth: workspace !== null && "clientId" in workspace.login ? workspace.login : null,
    sqlWarehouseId: options.databricksSqlWarehouseId ?? variable("MLFLOW_TRACING_SQL_WAREHOUSE_ID") ?? null,
    timeoutMillis: options.timeoutMillis ?? numberOf("MLFLOW_HTTP_REQUEST_TIMEOUT", 1000) ?? DEFAULT_TIMEOUT_MILLIS,
    retry: retrySettings(options.retry ?? {}),
    batchGetSize: Math.min(countOf("_MLFLOW_SEARCH_TRACES_MAX_BATCH_SIZE") ?? MAX_BATCH_GET_SIZE, MAX_BATCH_GET_SIZE),
    maxSearchRequests: countOf("MLFLOW_SEARCH_TRACES_MAX_THREADS") ?? DEFAULT_SEARCH_REQUESTS,
  };
}

function retrySettings(given: Partial<RetrySettings>): RetrySettings {
  return {
    maxRetries: Math.min(
      given.maxRetries ?? numberOf("MLFLOW_HTTP_REQUEST_MAX_RETRIES") ?? DEFAULT_RETRY.maxRetries,
      MOST_RETRIES,
    ),
    backoffFactor: given.backoffFactor ?? numberOf("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR") ?? DEFAULT_RETRY.backoffFactor,
    backoffJitter: given.backoffJitter ?? numberOf("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER") ?? DEFAULT_RETRY.backoffJitter,
    respectsRetryAfter: given.respectsRetryAfter ?? variable("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER")?.toLowerCase() !== "false",
    limitMillis: given.limitMillis ?? numberOf("MLFLOW_ASYNC_TRACE_LOGGING_RETRY_TIMEOUT", 1000) ?? DEFAULT_RETRY.limitMillis,
  };
}

/** Basic where both halves are there, else Bearer, else nothing. */
function serverAuthorization(options: ServerOptions): string | null {
  const user = options.trackingServerUsername ?? variable("MLFLOW_TRACKING_USERNAME") ?? "";
  const password = options.trackingServerPassword ?? variable("MLFLOW_TRACKING_PASSWORD") ?? "";
  const token = options.trackingServerToken ?? variable("MLFLOW_TRACKING_TOKEN") ?? "";
  if (user !== "" && password !== "") return basic(user, password);
  return token === "" ? null : bearer(token);
}

function headerOf(login: Login): string | null {
  if ("token" in login) return bearer(login.token);
  return "username" in login ? basic(login.username, login.password) : null;
}

function workspaceUrl(host: string): string {
  return serverUrl(/^https?:\/\//i.test(host) ? host : `https://${host}`);
}

function serverUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return invalid(`'${text}' is no tracking URI: it is the address of a server, such as http://127.0.0.1:5000`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return invalid(
      `a tracking URI of '${url.protocol}' is not supported: start 'mlflow server' on that store and give its http address`,
    );
  }
  url.hash = "";
  url.search = "";
  return url.href;
}

function variable(name: string): string | undefined {
  const value = environmentVariable(name)?.trim();
  return value === "" ? undefined : value;
}

function numberOf(name: string, factor = 1): number | undefined {
  const value = variable(name);
  return value !== undefined && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * factor : undefined;
}

/** A whole number above 0. */
function countOf(name: string): number | undefined {
  const value = variable(name);
  return value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined;
}

function invalid(message: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", message);
}
