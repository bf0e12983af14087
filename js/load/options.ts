// What init() takes, checked at once: a wrong option is the caller's mistake and is told as an error.

import type { SpanExporter } from "../export/exporter.js";
import type { HeaderSource } from "../export/otlp_http_sender.js";
import { TraceError } from "../trace_error.js";
import type { LiveSpan } from "../tracing/live_span.js";
import type { Logger, SpanLimits } from "../tracing/runtime.js";
import type { Sampler } from "../tracing/sampling.js";
import { tagOf } from "../tracing/values.js";
import type { WasmSource } from "./wasm_source.js";

/** How the tracking server or the Databricks workspace is asked; where one is not given, its variable or profile holds. */
export const LOGIN_KEYS = [
  "host",
  "databricksHost",
  "databricksToken",
  "databricksClientId",
  "databricksClientSecret",
  "databricksConfigPath",
  "trackingServerUsername",
  "trackingServerPassword",
  "trackingServerToken",
] as const;

/** For MLflow; `host` is another name of `databricksHost`. */
export type LoginOptions = Partial<Record<(typeof LOGIN_KEYS)[number], string>>;

export interface InitOptions extends LoginOptions {
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

/** A value, or a test with its words. */
type Choice = string | boolean | null | readonly [isRight: (value: unknown) => boolean, what: string];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isFunction = (value: unknown): boolean => typeof value === "function";
const hasFunctions = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => isFunction(value[name]));
const isUrl = (value: unknown): boolean => {
  try {
    return /^https?:$/.test(new URL(value as string).protocol);
  } catch {
    return false;
  }
};

const withFunctions = (...names: string[]): Choice & object => [
  (value) => hasFunctions(value, names),
  `an object with ${names.join(", ")}`,
];
const arrayOf = ([isRight, what]: Choice & object): Choice => [
  (value) => Array.isArray(value) && value.every(isRight),
  `an array, each ${what}`,
];
const numbersFrom = (least: number, what: string): Choice => [
  (value) => isObject(value) && Object.values(value).every((v) => v === undefined || (typeof v === "number" && v >= least)),
  what,
];

const TEXT: Choice = [(value) => typeof value === "string" && value !== "", "a string"];
const ABOVE_0: Choice = [(value) => typeof value === "number" && value > 0, "a number above 0"];
const OBJECT: Choice = [isObject, "an object"];
const FUNCTION: Choice & object = [isFunction, "a function"];
const EXPORTER = withFunctions("export");
const FLAG = [true, false];

const CHOICES: Record<string, readonly Choice[]> = {
  serviceName: [TEXT],
  resource: [OBJECT],
  exporter: ["otlp", "mlflow", "console", "none", EXPORTER, arrayOf(EXPORTER)],
  endpoint: [[isUrl, "a URL of http or https"]],
  headers: [OBJECT, FUNCTION],
  protocol: ["http/protobuf", "http/json"],
  compression: ["none", "gzip"],
  timeoutMillis: [ABOVE_0],
  keepalive: ["auto", ...FLAG],
  trackingUri: [
    [
      (value) => typeof value === "string" && /^(https?:\/\/.|databricks)/i.test(value),
      "a URL of http or https, or databricks://…",
    ],
  ],
  ...Object.fromEntries(LOGIN_KEYS.map((key) => [key, [TEXT]])),
  experimentId: [TEXT],
  batch: [numbersFrom(Number.MIN_VALUE, "an object of numbers above 0")],
  exitTimeoutMillis: [[(value) => typeof value === "number" && value >= 0, "a number from 0 on"]],
  retainTraces: FLAG,
  traceTimeoutMillis: [ABOVE_0],
  debug: FLAG,
  sampler: [withFunctions("shouldSample")],
  limits: [numbersFrom(0, "an object of numbers")],
  spanProcessors: [arrayOf(FUNCTION)],
  beforeSeal: [null, FUNCTION],
  useDefaultTracerProvider: FLAG,
  module: ["core", "full"],
  // As wasm_source.ts tells them apart.
  wasm: [
    [
      (value) =>
        typeof value === "string" ||
        ArrayBuffer.isView(value) ||
        ["URL", "WebAssembly.Module", "ArrayBuffer"].includes(tagOf(value).slice(8, -1)) ||
        hasFunctions(value, ["then"]),
      "a URL, bytes, a module or a promise of a Response",
    ],
  ],
  logger: [withFunctions("debug", "info", "warn", "error")],
};

/** The options that were given. Throws TraceError INVALID_PARAMETER_VALUE. */
export function checkedOptions(options: unknown): InitOptions {
  if (options === undefined || options === null) return {};
  if (!isObject(options)) return refuse("init takes an object");
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(CHOICES, key)) refuse(`init has no option '${key}'`);
    const choices = CHOICES[key] as readonly Choice[];
    if (!choices.some((choice) => (Array.isArray(choice) ? choice[0](value) : choice === value)))
      refuse(
        `${key} must be ${choices.map((choice) => (Array.isArray(choice) ? choice[1] : JSON.stringify(choice))).join(" or ")}`,
      );
    given[key] = value;
  }
  return given;
}

function refuse(message: string): never {
  throw new TraceError("INVALID_PARAMETER_VALUE", message);
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
  ...LOGIN_KEYS,
] as const;

export function movesExport(before: InitOptions, after: InitOptions): boolean {
  return EXPORT_KEYS.some((key) => !Object.is(before[key], after[key]));
}
