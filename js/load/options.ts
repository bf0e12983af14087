// What init() takes, checked at once: a wrong option is the caller's mistake and is told as an error.

import type { SpanExporter } from "../export/exporter.js";
import type { HeaderSource } from "../export/otlp_http_exporter.js";
import { TraceError } from "../trace_error.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { Logger, SpanLimits } from "../tracing/runtime.js";
import type { Sampler } from "../tracing/sampling.js";
import { tagOf } from "../tracing/values.js";
import type { WasmSource } from "./wasm_source.js";

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
  /** Names spans that were never ended; without a logger of the application, debug lines are printed too. */
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

type Check = readonly [isRight: (value: unknown) => boolean, what: string];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isFunction = (value: unknown): boolean => typeof value === "function";
const hasFunction = (value: unknown, name: string): boolean => isObject(value) && isFunction(value[name]);
const areAbove = (value: unknown, least: number): boolean =>
  isObject(value) && Object.values(value).every((v) => v === undefined || (typeof v === "number" && v >= least));

const TEXT: Check = [(value) => typeof value === "string" && value !== "", "a string"];
const FLAG: Check = [(value) => typeof value === "boolean", "true or false"];
const ABOVE_0: Check = [(value) => typeof value === "number" && value > 0, "a number above 0"];
const OBJECT: Check = [isObject, "an object"];
const oneOf = (...all: unknown[]): Check => [(value) => all.includes(value), all.map((v) => JSON.stringify(v)).join(" or ")];
const either = (one: Check, other: Check): Check => [(value) => one[0](value) || other[0](value), `${one[1]} or ${other[1]}`];
const arrayOf = ([isRight, what]: Check): Check => [
  (value) => Array.isArray(value) && value.every(isRight),
  `an array: each ${what}`,
];
const withFunction = (...names: string[]): Check => [
  (value) => names.every((name) => hasFunction(value, name)),
  `an object with ${names.map((name) => `${name}()`).join(", ")}`,
];

const FUNCTION: Check = [isFunction, "a function"];
const EXPORTER = withFunction("export");
const URL_TEXT: Check = [
  (value) => {
    try {
      return /^https?:$/.test(new URL(value as string).protocol);
    } catch {
      return false;
    }
  },
  "a URL of http or https",
];

/** As wasm_source.ts tells them apart. */
const WASM: Check = [
  (value) =>
    typeof value === "string" ||
    ArrayBuffer.isView(value) ||
    ["URL", "WebAssembly.Module", "ArrayBuffer"].includes(tagOf(value).slice(8, -1)) ||
    hasFunction(value, "then"),
  "a URL, bytes, a WebAssembly.Module or a promise of a Response",
];

const CHECKS: Record<string, Check> = {
  serviceName: TEXT,
  resource: OBJECT,
  exporter: either(oneOf("otlp", "mlflow", "console", "none"), either(EXPORTER, arrayOf(EXPORTER))),
  endpoint: URL_TEXT,
  headers: either(OBJECT, FUNCTION),
  protocol: oneOf("http/protobuf", "http/json"),
  compression: oneOf("none", "gzip"),
  timeoutMillis: ABOVE_0,
  keepalive: oneOf("auto", true, false),
  trackingUri: [
    (value) => typeof value === "string" && /^(https?:\/\/.|databricks)/i.test(value),
    "a URL of http or https, or of a Databricks workspace",
  ],
  experimentId: TEXT,
  batch: [(value) => areAbove(value, Number.MIN_VALUE), "an object of numbers above 0"],
  exitTimeoutMillis: [(value) => value === 0 || ABOVE_0[0](value), "a number"],
  retainTraces: FLAG,
  traceTimeoutMillis: ABOVE_0,
  debug: FLAG,
  sampler: withFunction("shouldSample"),
  limits: [(value) => areAbove(value, 0), "an object of numbers"],
  spanProcessors: arrayOf(FUNCTION),
  beforeSeal: either(oneOf(null), FUNCTION),
  useDefaultTracerProvider: FLAG,
  module: oneOf("core", "full"),
  wasm: WASM,
  logger: withFunction("debug", "info", "warn", "error"),
};

/** The options that were given. Throws TraceError INVALID_PARAMETER_VALUE. */
export function checkedOptions(options: unknown): InitOptions {
  if (options === undefined || options === null) return {};
  if (!isObject(options)) throw new TraceError("INVALID_PARAMETER_VALUE", "init takes an object");
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const check = CHECKS[key];
    if (check === undefined || !Object.hasOwn(CHECKS, key))
      throw new TraceError("INVALID_PARAMETER_VALUE", `init has no option '${key}'`);
    if (!check[0](value)) throw new TraceError("INVALID_PARAMETER_VALUE", `${key} must be ${check[1]}`);
    given[key] = value;
  }
  return given;
}

/** Options that say where spans go: when one changes, later spans go to new destinations. */
const EXPORT_KEYS = [
  "exporter",
  "endpoint",
  "headers",
  "protocol",
  "compression",
  "timeoutMillis",
  "keepalive",
  "trackingUri",
] as const;

export function movesExport(before: InitOptions, after: InitOptions): boolean {
  return EXPORT_KEYS.some((key) => !Object.is(before[key], after[key]));
}
