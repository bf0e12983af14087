// OTEL_* variables, and those of MLflow that speak of traces, as plain, typed settings. They exist in Node alone; init() puts what code says on
// top. An empty variable is an unset one; a bad value is reported and ignored, never fatal.

import type { SpanLimits } from "../tracing/runtime.js";
import { tracesUrlAsIs, tracesUrlOfBase } from "./endpoint.js";
import { parseHeaderList } from "./headers.js";
import type { Compression, Protocol } from "./post.js";

export const SAMPLER_NAMES = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

export const EXPORTER_NAMES = ["otlp", "console", "none"] as const;
export type ExporterName = (typeof EXPORTER_NAMES)[number];

export const PROPAGATOR_NAMES = ["tracecontext", "baggage", "none"] as const;
export type PropagatorName = (typeof PROPAGATOR_NAMES)[number];

export const LOG_LEVELS = ["none", "error", "warn", "info", "debug", "verbose", "all"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface EnvironmentConfig {
  /** Spans are no-ops; propagation still works. */
  isDisabled: boolean;
  serviceName?: string;
  resource: Record<string, string>;
  exporters?: ExporterName[];
  otlp: {
    /** Where traces are posted, complete. */
    url?: string;
    headers?: Record<string, string>;
    timeoutMillis?: number;
    compression?: Compression;
    protocol?: Protocol;
  };
  batch: { delayMillis?: number; exportTimeoutMillis?: number; queueSpans?: number; maxSpans?: number };
  sampler?: { name: SamplerName; ratio?: number };
  limits: Partial<SpanLimits>;
  /** MLFLOW_TRACE_*: of whole traces. */
  traces: { timeoutSeconds?: number; checkSeconds?: number; ttlSeconds?: number; maxTraces?: number; samplingRatio?: number };
  propagators?: PropagatorName[];
  logLevel?: LogLevel;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function readEnvironment(environment: Environment, warn: (message: string) => void): EnvironmentConfig {
  const variables = new Variables(environment, warn);
  const resource = variables.attributes("OTEL_RESOURCE_ATTRIBUTES");
  const config: EnvironmentConfig = {
    isDisabled: variables.boolean("OTEL_SDK_DISABLED") || !variables.boolean("MLFLOW_TRACING_ENABLED", true),
    resource,
    otlp: otlpConfig(variables),
    batch: batchConfig(variables),
    limits: limitsConfig(variables),
    traces: tracesConfig(variables),
  };
  const serviceName = variables.text("OTEL_SERVICE_NAME") ?? resource["service.name"];
  if (serviceName !== undefined) config.serviceName = serviceName;
  assign(config, "exporters", variables.list("OTEL_TRACES_EXPORTER", EXPORTER_NAMES));
  assign(config, "propagators", variables.list("OTEL_PROPAGATORS", PROPAGATOR_NAMES));
  assign(config, "logLevel", variables.choice("OTEL_LOG_LEVEL", LOG_LEVELS));
  assign(config, "sampler", samplerConfig(variables));
  return config;
}

/** The variable of the signal beats the general one, also when only the general one can be read. */
function otlpConfig(variables: Variables): EnvironmentConfig["otlp"] {
  const either = <T>(name: string, read: (variable: string) => T | undefined): T | undefined =>
    read(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  const config: EnvironmentConfig["otlp"] = {};
  const url =
    variables.parsed("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", tracesUrlAsIs) ??
    variables.parsed("OTEL_EXPORTER_OTLP_ENDPOINT", tracesUrlOfBase);
  assign(config, "url", url);
  assign(
    config,
    "headers",
    either("HEADERS", (name) => variables.headers(name)),
  );
  assign(
    config,
    "timeoutMillis",
    either("TIMEOUT", (name) => variables.number(name, 1)),
  );
  assign(
    config,
    "compression",
    either("COMPRESSION", (name) => variables.choice(name, ["none", "gzip"] as const)),
  );
  assign(
    config,
    "protocol",
    either("PROTOCOL", (name) => variables.choice(name, ["http/protobuf", "http/json"] as const)),
  );
  return config;
}

function batchConfig(variables: Variables): EnvironmentConfig["batch"] {
  const config: EnvironmentConfig["batch"] = {};
  assign(config, "delayMillis", variables.number("OTEL_BSP_SCHEDULE_DELAY", 0));
  assign(config, "exportTimeoutMillis", variables.number("OTEL_BSP_EXPORT_TIMEOUT", 1));
  assign(config, "queueSpans", variables.number("OTEL_BSP_MAX_QUEUE_SIZE", 1));
  assign(config, "maxSpans", variables.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1));
  // A batch that the queue could never hold would never be full.
  if (config.queueSpans !== undefined) config.maxSpans = Math.min(config.maxSpans ?? 512, config.queueSpans);
  return config;
}

/** A limit of the model beats the general one. */
function limitsConfig(variables: Variables): Partial<SpanLimits> {
  const limits: Partial<SpanLimits> = {};
  const anyCount = variables.number("OTEL_ATTRIBUTE_COUNT_LIMIT", 0);
  const anyLength = variables.number("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0);
  const count = (name: string): number | undefined => variables.number(name, 0);
  assign(limits, "attributeCountLimit", count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") ?? anyCount);
  assign(limits, "attributePerEventCountLimit", count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT") ?? anyCount);
  assign(limits, "attributePerLinkCountLimit", count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT") ?? anyCount);
  assign(limits, "attributeValueLengthLimit", count("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ?? anyLength);
  assign(limits, "eventCountLimit", count("OTEL_SPAN_EVENT_COUNT_LIMIT"));
  assign(limits, "linkCountLimit", count("OTEL_SPAN_LINK_COUNT_LIMIT"));
  return limits;
}

function samplerConfig(variables: Variables): EnvironmentConfig["sampler"] {
  const name = variables.choice("OTEL_TRACES_SAMPLER", SAMPLER_NAMES);
  if (name === undefined) return undefined;
  if (!name.endsWith("traceidratio")) return { name };
  const ratio = variables.ratio("OTEL_TRACES_SAMPLER_ARG");
  return ratio === undefined ? { name } : { name, ratio };
}

function tracesConfig(variables: Variables): EnvironmentConfig["traces"] {
  const config: EnvironmentConfig["traces"] = {};
  const timeoutSeconds = variables.number("MLFLOW_TRACE_TIMEOUT_SECONDS", 0);
  if (timeoutSeconds !== 0) assign(config, "timeoutSeconds", timeoutSeconds);
  assign(config, "checkSeconds", variables.number("MLFLOW_TRACE_TIMEOUT_CHECK_INTERVAL_SECONDS", 1));
  assign(config, "ttlSeconds", variables.number("MLFLOW_TRACE_BUFFER_TTL_SECONDS", 1));
  assign(config, "maxTraces", variables.number("MLFLOW_TRACE_BUFFER_MAX_SIZE", 1));
  assign(config, "samplingRatio", variables.ratio("MLFLOW_TRACE_SAMPLING_RATIO"));
  return config;
}

class Variables {
  readonly #environment: Environment;
  readonly #warn: (message: string) => void;

  constructor(environment: Environment, warn: (message: string) => void) {
    this.#environment = environment;
    this.#warn = warn;
  }

  text(name: string): string | undefined {
    const value = this.#environment[name]?.trim();
    return value === "" ? undefined : value;
  }

  /** Only the words true and false count. */
  boolean(name: string, otherwise = false): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === "true" || value === "false") return value === "true";
    if (value !== undefined) this.#ignore(name, "it is neither true nor false");
    return otherwise;
  }

  number(name: string, least: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\+?\d{1,15}$/.test(value) && Number(value) >= least) return Number(value);
    return this.#ignore(name, `it is not a whole number from ${String(least)}`);
  }

  ratio(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const ratio = Number(value);
    return ratio >= 0 && ratio <= 1 ? ratio : this.#ignore(name, "it is not a number from 0 to 1");
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    return allowed.find((each) => each === value) ?? this.#ignore(name, `it is none of ${allowed.join(", ")}`);
  }

  /** Known names once each, in their order; undefined when none is left. */
  list<T extends string>(name: string, allowed: readonly T[]): T[] | undefined {
    const found = new Set<T>();
    for (const part of this.text(name)?.toLowerCase().split(",") ?? []) {
      const known = allowed.find((each) => each === part.trim());
      if (known !== undefined) found.add(known);
      else if (part.trim() !== "") this.#ignore(name, `a name in it is none of ${allowed.join(", ")}`);
    }
    return found.size > 0 ? [...found] : undefined;
  }

  headers(name: string): Record<string, string> | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : parseHeaderList(value, (header, why) => this.#ignore(`${header} in ${name}`, why));
  }

  /** `key=value,…`, percent-decoded; one broken part spoils the whole, as the specification says. */
  attributes(name: string): Record<string, string> {
    const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const part of this.text(name)?.split(",") ?? []) {
      if (part.trim() === "") continue;
      const divider = part.indexOf("=");
      try {
        if (divider <= 0) throw new Error("no key");
        attributes[decodeURIComponent(part.slice(0, divider).trim())] = decodeURIComponent(part.slice(divider + 1).trim());
      } catch {
        this.#ignore(name, "it is no list of key=value");
        return Object.create(null) as Record<string, string>;
      }
    }
    return attributes;
  }

  parsed<T>(name: string, parse: (text: string) => T): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      return parse(value);
    } catch (error) {
      return this.#ignore(name, error instanceof Error ? error.message : "it cannot be read");
    }
  }

  /** The value is not shown: it may be a secret. */
  #ignore(name: string, why: string): undefined {
    this.#warn(`${name} is ignored: ${why}`);
    return undefined;
  }
}

function assign<T, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value;
}
