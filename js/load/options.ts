// What init() takes, checked at once: a wrong option is the caller's mistake and is told as an error.

import type { SpanExporter } from "../export/exporter.js";
import type { HeaderSource } from "../export/otlp_http_exporter.js";
import { TraceError } from "../trace_error.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { Logger, SpanLimits } from "../tracing/runtime.js";
import type { Sampler } from "../tracing/sampling.js";
import { isWasmSource, type WasmSource } from "./wasm_source.js";

export interface InitOptions {
  serviceName?: string;
  resource?: Record<string, unknown>;
  /** Default: "mlflow" where a tracking URI and no endpoint is given, else "otlp". */
  exporter?: "otlp" | "mlflow" | "console" | "none" | SpanExporter | SpanExporter[];
  /** Base of an OTLP receiver, default http://localhost:4318. */
  endpoint?: string;
  /** A function may refresh a token. */
  headers?: HeaderSource;
  protocol?: "http/protobuf" | "http/json";
  compression?: "none" | "gzip";
  /** Of one attempt. */
  timeoutMillis?: number;
  keepalive?: "auto" | boolean;
  trackingUri?: string;
  experimentId?: string;
  batch?: { maxSpans?: number; maxBytes?: number; delayMillis?: number; queueBytes?: number };
  exitTimeoutMillis?: number;
  retainTraces?: boolean;
  /** A trace that runs longer is ended with an error. */
  traceTimeoutMillis?: number;
  debug?: boolean;
  sampler?: Sampler;
  limits?: Partial<SpanLimits>;
  /** Run in order inside end(), while setters still work. */
  spanProcessors?: ((span: LiveSpan) => void)[];
  /** Runs last before a span is sealed; the span is withheld where it throws. */
  beforeSeal?: ((span: LiveSpan) => void) | null;
  /** true: isolated from `@opentelemetry/api`. */
  useDefaultTracerProvider?: boolean;
  /**
   * "full": the module with the trace manager and the codecs of dictionaries; "core": recording and
   * export alone, less than half of it. Default: "full" in Node, "core" in browsers unless an option
   * needs more.
   */
  module?: "core" | "full";
  /** Where the module comes from; default: the file beside this package's own. */
  wasm?: WasmSource;
  logger?: Logger;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isAbove0: Check = (value) => typeof value === "number" && value > 0;
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isExporter: Check = (value) => isObject(value) && typeof (value as SpanExporter).export === "function";
const isFunction: Check = (value) => typeof value === "function";

function isHttpUrl(value: unknown): boolean {
  try {
    return /^https?:$/.test(new URL(value as string).protocol);
  } catch {
    return false;
  }
}

const CHECKS: Record<string, readonly [Check, string]> = {
  serviceName: [isText, "a string"],
  resource: [isObject, "an object"],
  exporter: [
    (value) => ["otlp", "mlflow", "console", "none"].includes(value as string) || isExporter(value) || (Array.isArray(value) && value.every(isExporter)),
    '"otlp", "mlflow", "console", "none", an exporter or an array of exporters',
  ],
  endpoint: [isHttpUrl, "a URL of http or https"],
  headers: [(value) => isObject(value) || isFunction(value), "an object or a function"],
  protocol: [(value) => value === "http/protobuf" || value === "http/json", '"http/protobuf" or "http/json"'],
  compression: [(value) => value === "none" || value === "gzip", '"none" or "gzip"'],
  timeoutMillis: [isAbove0, "a number above 0"],
  keepalive: [(value) => value === "auto" || isFlag(value), '"auto", true or false'],
  trackingUri: [isText, "a string"],
  experimentId: [isText, "a string"],
  batch: [(value) => isObject(value) && Object.values(value as object).every((v) => v === undefined || isAbove0(v)), "an object of numbers above 0"],
  exitTimeoutMillis: [(value) => typeof value === "number" && value >= 0, "a number"],
  retainTraces: [isFlag, "true or false"],
  traceTimeoutMillis: [isAbove0, "a number above 0"],
  debug: [isFlag, "true or false"],
  sampler: [(value) => isObject(value) && isFunction((value as Sampler).shouldSample), "an object with shouldSample()"],
  limits: [(value) => isObject(value) && Object.values(value as object).every((v) => v === undefined || (typeof v === "number" && v >= 0)), "an object of numbers"],
  spanProcessors: [(value) => Array.isArray(value) && value.every(isFunction), "an array of functions"],
  beforeSeal: [(value) => value === null || isFunction(value), "a function"],
  useDefaultTracerProvider: [isFlag, "true or false"],
  module: [(value) => value === "core" || value === "full", '"core" or "full"'],
  wasm: [isWasmSource, "a URL, bytes, a WebAssembly.Module or a promise of a Response"],
  logger: [
    (value) => isObject(value) && ["debug", "info", "warn", "error"].every((name) => isFunction((value as Record<string, unknown>)[name])),
    "an object with debug(), info(), warn() and error()",
  ],
};

/** The options that were given. Throws TraceError INVALID_PARAMETER_VALUE. */
export function checkedOptions(options: unknown): InitOptions {
  if (options === undefined || options === null) return {};
  if (!isObject(options)) throw new TraceError("INVALID_PARAMETER_VALUE", "init takes an object");
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const check = CHECKS[key];
    if (check === undefined || !Object.hasOwn(CHECKS, key)) throw new TraceError("INVALID_PARAMETER_VALUE", `init has no option '${key}'`);
    if (!check[0](value)) throw new TraceError("INVALID_PARAMETER_VALUE", `${key} must be ${check[1]}`);
    given[key] = value;
  }
  const { exporter, trackingUri, endpoint } = given;
  if (exporter === "mlflow" || (exporter === undefined && trackingUri !== undefined && endpoint === undefined)) {
    throw new TraceError("NOT_IMPLEMENTED", 'the MLflow exporter is not there yet: give exporter: "otlp" and an endpoint');
  }
  return given;
}

/** Options that say where spans go: when one changes, later spans go to new destinations. */
const EXPORT_KEYS = ["exporter", "endpoint", "headers", "protocol", "compression", "timeoutMillis", "keepalive", "trackingUri"] as const;

export function movesExport(before: InitOptions, after: InitOptions): boolean {
  return EXPORT_KEYS.some((key) => !Object.is(before[key], after[key]));
}
