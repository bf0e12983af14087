// One request to a tracking server: who asks, when it is tried again, and every way in which it can fail as one clear error.

import { exportPlatform } from "#export-platform";
import { fitsKeepalive, withinKeepalive } from "../export/keepalive.js";
import { LogOnce, shownText } from "../export/log_once.js";
import { systemTimers, type Timers } from "../export/timers.js";
import type { ExportPlatform, HttpAnswer, HttpClient, HttpRequest } from "../export/transport.js";
import { TraceError } from "../trace_error.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { parseJson } from "../tracing/json.js";
import type { Logger } from "../tracing/runtime.js";
import { consoleLogger } from "../tracing/tracer.js";
import { VERSION } from "../version.js";
import { MlflowHttpError } from "./http_error.js";
import { OAuthTokens } from "./oauth_tokens.js";
import { answerError, noAnswerError, notJsonError, tooLargeError } from "./rest_errors.js";
import { isRetriedStatus, retryAfterMillis, retryDelayMillis } from "./retry_schedule.js";
import type { ServerSettings } from "./client_settings.js";

export interface RestRequest {
  method: HttpRequest["method"];
  /** Behind the base URL, percent-encoded; see `path`. */
  path: string;
  /** Instead of that: somewhere else, which is not told who asks. Its query is a secret. */
  url?: string;
  /** Repeated names are repeated. */
  query?: readonly (readonly [name: string, value: string])[];
  /** JSON text, or bytes with their type ("": none). */
  body?: string | { type: string; bytes: Uint8Array };
  headers?: Record<string, string>;
  /** What a second one would do again: it is repeated only where the first cannot have arrived. */
  createsAnew?: boolean;
  /** There is a way without its answer. */
  isTriedOnce?: boolean;
}

export interface RestSeams {
  http?: HttpClient;
  platform?: ExportPlatform;
  logger?: Logger;
  clock?: Clock;
  timers?: Timers;
  /** 0 … 1 */
  random?: () => number;
  /** For exporters: requests under way do not keep a Node process alive, and may outlive a page. */
  isBackground?: boolean;
  /** Of one answer, after inflation. Default 128 MiB. */
  maxAnswerBytes?: number;
}

const DEFAULT_MAX_ANSWER_BYTES = 128 << 20;
const MAX_CONNECTIONS = 32;
/** No connection was ever made. */
const NEVER_ARRIVED = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A path of encoded parts: a part of a user or server never brings a slash of its own. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, i) => {
    const value = values[i - 1] ?? "";
    if (/^\.{0,2}$/.test(value)) throw new TraceError("INVALID_PARAMETER_VALUE", `'${value}' cannot stand in a path`);
    return `${text}${encodeURIComponent(value).replace(/%3A/g, ":")}${part}`;
  });
}

export class RestClient {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: ServerSettings;
  readonly #http: HttpClient;
  readonly #platform: ExportPlatform;
  readonly #random: () => number;
  readonly #keepsProcess: boolean;
  readonly #maxAnswerBytes: number;
  readonly #log: LogOnce;
  /** null: what shows who asks does not change. */
  readonly #tokens: OAuthTokens | null;
  readonly #waits = new Set<() => void>();
  #isClosed = false;

  constructor(settings: ServerSettings, seams: RestSeams = {}) {
    this.settings = settings;
    this.logger = seams.logger ?? consoleLogger;
    this.clock = seams.clock ?? systemClock;
    this.timers = seams.timers ?? systemTimers;
    this.#platform = seams.platform ?? exportPlatform;
    this.#http = seams.http ?? this.#platform.createHttpClient({ maxConnections: MAX_CONNECTIONS });
    this.#random = seams.random ?? Math.random;
    this.#keepsProcess = seams.isBackground !== true;
    this.#maxAnswerBytes = seams.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
    this.#log = new LogOnce(this.logger, this.clock);
    const { oauth } = settings;
    this.#tokens =
      oauth === null
        ? null
        : new OAuthTokens(oauth, this.clock, (request) => this.#repeated(request, null, this.#shown(request)));
  }

  /** The answer's JSON, integers exact; {} for an empty body. Rejects with TraceError, as all do. */
  async json(request: RestRequest): Promise<Record<string, unknown>> {
    const { body, shown, type } = await this.bytes(request);
    if (body.byteLength === 0) return {};
    try {
      const value = parseJson(decoder.decode(body));
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // told below
    }
    throw notJsonError(shown, type, body);
  }

  /** The body of an answer of 2xx. */
  async bytes(request: RestRequest): Promise<{ body: Uint8Array; type: string; shown: string }> {
    const shown = this.#shown(request);
    const answer = await this.#answered(request, shown);
    if (answer.kind === "too_large") throw tooLargeError(shown, this.#maxAnswerBytes, answer.status);
    if (answer.kind === "none") throw noAnswerError(shown, answer.cause, this.settings.timeoutMillis);
    if (answer.status < 200 || answer.status > 299) throw answerError(shown, answer);
    return { body: answer.body, type: answer.contentType, shown };
  }

  gzip(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#platform.gzip(bytes);
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of [...this.#waits]) cancel();
    this.#http.close();
  }

  #shown({ method, path: where, url }: RestRequest): string {
    if (url !== undefined) return `${method} ${url.replace(/[?#].*$/s, "")}`;
    return `${method} ${this.settings.baseUrl}${where}`;
  }

  async #answered(request: RestRequest, shown: string): Promise<HttpAnswer> {
    if (request.url !== undefined) return this.#repeated(request, null, shown);
    const tokens = this.#tokens;
    // Without an await where there is nothing to wait for: the request starts at once.
    if (tokens === null) return this.#repeated(request, this.settings.authorization, shown);
    const authorization = await tokens.authorization();
    const answer = await this.#repeated(request, authorization, shown);
    if (answer.kind !== "answer" || answer.status !== 401) return answer;
    tokens.forget(authorization);
    return this.#repeated(request, await tokens.authorization(), shown);
  }

  /** Spans of a page that goes away may yet arrive. */
  #send(request: HttpRequest): Promise<HttpAnswer> {
    const bytes = request.body.byteLength;
    if (this.#keepsProcess || !fitsKeepalive(bytes)) return this.#http.send(request);
    return withinKeepalive(bytes, () => this.#http.send({ ...request, keepalive: true }));
  }

  /** The first answer that is not tried again. */
  async #repeated(request: RestRequest, authorization: string | null, shown: string): Promise<HttpAnswer> {
    const { retry } = this.settings;
    const since = this.clock.monotonicMillis();
    for (let attempt = 1; ; attempt++) {
      this.#refuseClosed(shown);
      const answer = await this.#send(this.#httpRequest(request, authorization));
      this.#refuseClosed(shown);
      if (attempt > retry.maxRetries || request.isTriedOnce === true || !mayBeRetried(request, answer)) return answer;
      const asked = answer.kind === "answer" ? retryAfterMillis(answer.retryAfter, this.clock.wallMillis()) : null;
      const delay = retryDelayMillis(attempt, asked, this.#random(), retry);
      if (this.clock.monotonicMillis() + delay - since > retry.limitMillis) return answer;
      // One message for all that the server answers so.
      const happened = whatHappened(answer);
      this.#log.warn(`retry ${happened}`, `${shown} ${happened}; it is tried again`);
      await this.#wait(delay);
    }
  }

  #httpRequest(request: RestRequest, authorization: string | null): HttpRequest {
    const { method, path: where, query = [], body, headers = {} } = request;
    const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
    const sent: Record<string, string> = { accept: "*/*", ...headers };
    if (body !== undefined && (typeof body === "string" || body.type !== ""))
      sent["content-type"] = typeof body === "string" ? "application/json" : body.type;
    if (authorization !== null) sent["authorization"] = authorization;
    // In browsers each header of our own would cost a pre-flight request.
    if (this.#platform.setsUserAgent) {
      sent["user-agent"] = `Spandrel-MLflow-Client-JavaScript/${VERSION}`;
      sent["x-spandrel-client-version"] = VERSION;
    }
    return {
      method,
      url: request.url ?? `${this.settings.baseUrl}${where}${search === "" ? "" : `?${search}`}`,
      headers: sent,
      body: body === undefined ? new Uint8Array(0) : typeof body === "string" ? encoder.encode(body) : body.bytes,
      timeoutMillis: this.settings.timeoutMillis,
      maxAnswerBytes: this.#maxAnswerBytes,
      keepalive: false,
      keepsProcess: this.#keepsProcess,
    };
  }

  /** Ends early where the client is closed. */
  wait(millis: number): Promise<void> {
    return this.#wait(millis);
  }

  #wait(millis: number): Promise<void> {
    if (millis <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel = (): void => undefined;
      const done = (): void => {
        cancel();
        this.#waits.delete(done);
        resolve();
      };
      this.#waits.add(done);
      cancel = this.timers.schedule(done, millis, this.#keepsProcess);
    });
  }

  #refuseClosed(shown: string): void {
    if (this.#isClosed) throw new MlflowHttpError("CANCELLED", `${shown}: the client was closed`, null);
  }
}

function mayBeRetried(request: RestRequest, answer: HttpAnswer): boolean {
  if (answer.kind === "answer") return isRetriedStatus(answer.status);
  return answer.kind === "none" && (request.createsAnew !== true || NEVER_ARRIVED.test(answer.cause));
}

function whatHappened(answer: HttpAnswer): string {
  if (answer.kind === "answer") return `answered ${String(answer.status)}`;
  return answer.kind === "none" ? `got no answer (${shownText(answer.cause)})` : "got too much";
}
