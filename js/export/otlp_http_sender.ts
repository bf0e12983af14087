// Sends batches to an OTLP/HTTP receiver. One call of export() is one attempt (two after a 415: the
// other encoding is tried once); waiting, repeating and halving are the destination's business.

import { exportPlatform } from "#export-platform";
import type { ExportPolicies, NextStep } from "../load/export_core.js";
import { systemClock, type Clock } from "../tracing/clock.js";
import { consoleLogger } from "../tracing/tracer.js";
import type { Logger } from "../tracing/runtime.js";
import { TraceError } from "../trace_error.js";
import { policiesOf } from "./core_batch.js";
import { DEFAULT_ENDPOINT, splitUserInfo, tracesUrlAsIs, tracesUrlOfBase } from "./endpoint.js";
import { ExportError } from "./export_error.js";
import type { Outcome, SpanBatch, SpanExporter } from "./exporter.js";
import { checkedHeaders } from "./headers.js";
import { fitsKeepalive, hasKeepaliveRequest, withinKeepalive } from "./keepalive.js";
import { LogOnce, shownText, shownUrl } from "./log_once.js";
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, post, requestHeaders, type Compression, type Protocol } from "./post.js";
import { RequestMemory } from "./request_memory.js";
import type { ExportPlatform, HttpAnswer, HttpClient } from "./transport.js";

export type HeaderSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

export interface OtlpHttpExporterOptions {
  /** Where traces are posted, used as it is. */
  url?: string;
  /** A base to which `v1/traces` is added; `url` beats it. Default http://localhost:4318. */
  endpoint?: string;
  /** A function is asked before each attempt: it may refresh a token. */
  headers?: HeaderSource;
  /** Default `http/protobuf`. */
  protocol?: Protocol;
  /** Default `none`: in browsers a receiver's CORS rules may refuse the header that `gzip` needs. */
  compression?: Compression;
  /** For one attempt, headers function included. Default 10,000. */
  timeoutMillis?: number;
  /** Browsers: whether requests may outlive the page. `auto`: while they fit the browser's budget. */
  keepalive?: "auto" | boolean;
  /** Batches that may be under way at the same time. Default 4. */
  concurrency?: number;
  logger?: Logger;
  clock?: Clock;
  client?: HttpClient;
  platform?: ExportPlatform;
}

const DEFAULT_TIMEOUT_MILLIS = 10_000;
const DEFAULT_CONCURRENCY = 4;

/** A request that was started at once, for the moment in which a page goes away. */
export type SentNow = { kind: "sent"; outcome: Promise<Outcome> } | { kind: "halve" } | { kind: "no_room" };

export class OtlpHttpSender implements SpanExporter {
  /** The URL without user name, password and query. */
  readonly shownUrl: string;
  readonly concurrency: number;
  readonly #url: string;
  readonly #authorization: string | null;
  readonly #headers: HeaderSource;
  readonly #compression: Compression;
  readonly #timeoutMillis: number;
  readonly #keepalive: "auto" | boolean;
  readonly #clock: Clock;
  readonly #log: LogOnce;
  readonly #platform: ExportPlatform;
  readonly #client: HttpClient;
  readonly #memory = new RequestMemory();
  #protocol: Protocol;
  #lastHeaders: Record<string, string> = {};
  #isShut = false;

  constructor(options: OtlpHttpExporterOptions = {}) {
    const href = options.url !== undefined ? tracesUrlAsIs(options.url) : tracesUrlOfBase(options.endpoint ?? DEFAULT_ENDPOINT);
    const { url, authorization } = splitUserInfo(href);
    this.#url = url;
    this.#authorization = authorization;
    this.shownUrl = shownUrl(url);
    this.#headers = options.headers ?? {};
    this.#protocol = oneOf("protocol", options.protocol ?? "http/protobuf", ["http/protobuf", "http/json"]);
    this.#compression = oneOf("compression", options.compression ?? "none", ["none", "gzip"]);
    this.#timeoutMillis = positive("timeoutMillis", options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS);
    this.#keepalive = options.keepalive ?? "auto";
    this.concurrency = positive("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY);
    this.#clock = options.clock ?? systemClock;
    this.#log = new LogOnce(options.logger ?? consoleLogger, this.#clock);
    this.#platform = options.platform ?? exportPlatform;
    this.#client = options.client ?? this.#platform.createHttpClient({ maxConnections: this.concurrency });
    if (typeof this.#headers !== "function") this.#lastHeaders = this.#checked(this.#headers);
  }

  /** Two attempts (415) and the headers function take no longer than this. */
  get longestExportMillis(): number {
    return 3 * this.#timeoutMillis;
  }

  get protocol(): Protocol {
    return this.#protocol;
  }

  get compression(): Compression {
    return this.#compression;
  }

  _spansWait(): void {
    this.#client.prepare?.(new URL(this.#url).protocol);
  }

  async export(batch: SpanBatch): Promise<Outcome> {
    if (this.#isShut) return failure("the exporter has been shut down", "shutdown");
    // An empty envelope is nothing to send.
    if (batch.spanCount === 0) return { status: "success" };
    const policies = policiesOf(batch);
    const headers = await this.#currentHeaders();
    if (headers === null) return { status: "retryable" };

    const first = await this.#attempt(batch, this.#protocol, headers);
    if (first === null) return tooLarge();
    const step = nextStep(policies, first, batch.spanCount, true);
    if (step !== "other_encoding") return this.#outcome(first, step, policies, this.#protocol);

    const other: Protocol = this.#protocol === "http/json" ? "http/protobuf" : "http/json";
    const second = await this.#attempt(batch, other, headers);
    if (second === null) return tooLarge();
    const secondStep = nextStep(policies, second, batch.spanCount, false);
    if (secondStep === "deliver") {
      this.#protocol = other;
      this.#log.warn("encoding", `${this.shownUrl} does not take the encoding that was asked for: using ${other}`);
    }
    return this.#outcome(second, secondStep, policies, other);
  }

  async shutdown(): Promise<void> {
    this.#isShut = true;
    this.#client.close();
  }

  /**
   * Starts a request before it returns, with the headers of the last attempt and within the browser's
   * budget for requests that outlive the page.
   */
  sendNow(batch: SpanBatch, gzipSync: ((bytes: Uint8Array) => Uint8Array) | null): SentNow {
    if (!hasKeepaliveRequest()) return { kind: "no_room" };
    const isGzip = this.#compression === "gzip" && gzipSync !== null;
    const raw = this.#encoded(batch, this.#protocol);
    const body = isGzip ? gzipSync(raw) : raw;
    if (!fitsKeepalive(body.byteLength)) {
      return batch.spanCount > 1 ? { kind: "halve" } : { kind: "no_room" };
    }
    const options = { headers: this.#lastHeaders, protocol: this.#protocol };
    const request = {
      method: "POST" as const,
      url: this.#url,
      headers: requestHeaders(this.#platform, options, isGzip),
      body,
      timeoutMillis: this.#timeoutMillis,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      keepalive: true,
    };
    const policies = policiesOf(batch);
    const spans = batch.spanCount;
    const answer = withinKeepalive(body.byteLength, () => this.#client.send(request));
    const outcome = answer.then((got): Outcome => {
      if (got.kind === "none") return failure("the page was hidden before an answer came", "unknown_outcome");
      return this.#outcome(got, nextStep(policies, got, spans, false), policies, options.protocol);
    });
    return { kind: "sent", outcome };
  }

  /** Null: the request would be larger than the protocol allows. */
  async #attempt(batch: SpanBatch, protocol: Protocol, headers: Record<string, string>): Promise<HttpAnswer | null> {
    const isReusable = protocol === "http/protobuf" && policiesOf(batch) !== null;
    const body = this.#encodedOrNull(batch, protocol, isReusable ? this.#memory.take() : undefined);
    if (body === null || body.byteLength > MAX_REQUEST_BYTES) return null;
    const isBudgeted = this.#keepalive !== false && fitsKeepalive(body.byteLength);
    const send = () =>
      post(this.#platform, this.#client, body, {
        url: this.#url,
        headers,
        protocol,
        compression: this.#compression,
        timeoutMillis: this.#timeoutMillis,
        keepalive: this.#keepalive === "auto" ? isBudgeted : this.#keepalive,
      });
    const answer = await (isBudgeted ? withinKeepalive(body.byteLength, send) : send());
    // Who accepts a request has read it to its end.
    if (isReusable && answer.kind === "answer" && answer.status < 300) this.#memory.give(body);
    return answer;
  }

  #encoded(batch: SpanBatch, protocol: Protocol, memory?: Uint8Array): Uint8Array {
    return protocol === "http/json" ? new TextEncoder().encode(batch.toOtlpJson()) : batch.toOtlpBytes(memory);
  }

  /** Null: there is no memory for it in one piece. */
  #encodedOrNull(batch: SpanBatch, protocol: Protocol, memory: Uint8Array | undefined): Uint8Array | null {
    try {
      const body = this.#encoded(batch, protocol, memory);
      // The core gives nothing where the request did not fit into its memory.
      return body.byteLength > 0 ? body : null;
    } catch (error) {
      if (error instanceof TraceError && error.errorCode === "TOO_LARGE") return null;
      throw error;
    }
  }

  /** Null: the headers function failed or took too long; a token service may be back soon. */
  async #currentHeaders(): Promise<Record<string, string> | null> {
    const source = this.#headers;
    if (typeof source !== "function") return this.#lastHeaders;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMillis, null);
      if (typeof timer === "object" && "unref" in timer) timer.unref();
    });
    try {
      const given = await Promise.race([source(), timeout]);
      if (given === null) throw new Error("it took too long");
      this.#lastHeaders = this.#checked(given);
      return this.#lastHeaders;
    } catch {
      // The error may quote a secret: it is not shown.
      this.#log.warn("headers", "the headers function failed; the batch is sent later");
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  #checked(given: unknown): Record<string, string> {
    const headers = checkedHeaders(given, (name, why) => {
      this.#log.warn(`header ${name}`, `header ${shownText(name)} is left out: ${why}`);
    });
    if (this.#authorization !== null) headers.authorization ??= this.#authorization;
    return headers;
  }

  #outcome(answer: HttpAnswer, step: NextStep, policies: ExportPolicies | null, protocol: Protocol): Outcome {
    if (answer.kind === "too_large") {
      this.#log.warn("answer size", `${this.shownUrl} answered with more than 4 MiB`);
      return failure("the answer was too large", "unknown_outcome", { httpStatus: answer.status });
    }
    if (answer.kind === "none") {
      this.#log.warn("no answer", `no answer from ${this.shownUrl} (${shownText(answer.cause)}); spans are kept and sent later`);
      return { status: "retryable" };
    }
    const isJson = isJsonBody(answer, protocol);
    switch (step) {
      case "deliver":
        return this.#delivered(answer, policies, isJson);
      case "retry": {
        const wait = policies?.parseRetryAfter(answer.retryAfter, answer.date, this.#clock.wallMillis()) ?? null;
        this.#log.warn(
          `status ${String(answer.status)}`,
          `${this.shownUrl} answered ${String(answer.status)}; spans are sent later`,
        );
        return wait === null ? { status: "retryable" } : { status: "retryable", afterMillis: wait };
      }
      default: {
        const message = shownText(policies?.readErrorMessage(answer.body, isJson) ?? "");
        const shown = `${this.shownUrl} answered ${String(answer.status)}${message === "" ? "" : `: ${message}`}`;
        return failure(shown, "http_4xx", { httpStatus: answer.status, mayHalve: step === "halve" });
      }
    }
  }

  #delivered(answer: { body: Uint8Array }, policies: ExportPolicies | null, isJson: boolean): Outcome {
    if (policies === null || answer.body.byteLength === 0) return { status: "success" };
    const { rejectedSpans, message } = policies.readAnswer(answer.body, isJson);
    if (rejectedSpans === 0 && message === "") return { status: "success" };
    const shown = shownText(message);
    const what = rejectedSpans > 0 ? `refused ${String(rejectedSpans)} spans` : "warns";
    this.#log.warn(`partial ${what}`, `${this.shownUrl} ${what}${shown === "" ? "" : `: ${shown}`}`);
    return { status: "success", rejectedSpans, message: shown };
  }
}

/** The answer's own type where it has one we know, else the type of the request. */
function isJsonBody(answer: { contentType: string }, protocol: Protocol): boolean {
  const type = answer.contentType.toLowerCase();
  if (type.startsWith("application/json")) return true;
  if (type.startsWith("application/x-protobuf")) return false;
  return protocol === "http/json";
}

function nextStep(policies: ExportPolicies | null, answer: HttpAnswer, spans: number, mayChangeEncoding: boolean): NextStep {
  const status = answer.kind === "answer" ? answer.status : 0;
  if (policies !== null) return policies.nextStep(status, spans, mayChangeEncoding);
  // A batch that is not from the core: nobody would repeat or halve it.
  return status >= 200 && status < 300 ? "deliver" : status === 0 ? "retry" : "give_up";
}

function failure(
  message: string,
  lossReason: ExportError["lossReason"],
  details: { httpStatus?: number; mayHalve?: boolean } = {},
): Outcome {
  return { status: "failure", error: new ExportError(message, { ...details, lossReason }) };
}

function tooLarge(): Outcome {
  const error = new ExportError("the request is larger than 64 MiB", {
    code: "TOO_LARGE",
    mayHalve: true,
    lossReason: "too_large",
  });
  return { status: "failure", error };
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    throw new TraceError("INVALID_PARAMETER_VALUE", `${name} must be one of ${allowed.join(", ")}`);
  }
  return found;
}

function positive(name: string, value: unknown): number {
  if (typeof value !== "number" || !(value > 0)) {
    throw new TraceError("INVALID_PARAMETER_VALUE", `${name} must be a number above 0`);
  }
  return value;
}
