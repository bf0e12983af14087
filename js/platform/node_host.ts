// What Node offers to the code behind init().

import type * as fs from "node:fs";
import type * as os from "node:os";
import { makeConsoleExporter } from "../export/console_exporter.js";
import type { SpanExporter } from "../export/exporter.js";
import type { TraceExporter } from "../export/trace_exporter.js";
import type { MlflowExporterOptions } from "../mlflow/mlflow_exporter.js";
import { makeRoutingExporter } from "../mlflow/routing_exporter.js";
import { installExitHooks, type ExitHost } from "../export/exit_node.js";
import { readEnvironment, type EnvironmentConfig } from "../export/otlp_config.js";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from "../tracing/sampling.js";
import type { LifecycleOptions, Program } from "./lifecycle.js";
import { builtin } from "./node_builtin.js";

export const isNode = true;

/** OTEL_* and MLFLOW_* variables as they stand now. */
export function environmentConfig(warn: (message: string) => void): EnvironmentConfig {
  const isSpokenTo = Object.keys(process.env).some((name) => /^(?:OTEL|MLFLOW)_/i.test(name));
  if (isSpokenTo) return readEnvironment(process.env, warn);
  return { isDisabled: false, resource: {}, otlp: {}, batch: {}, limits: {}, traces: {} };
}

/** Pending spans leave when the process ends; the result takes the handlers away. */
export function watchEnd({ pendingSpans, flush, logger, exitTimeoutMillis }: LifecycleOptions): () => void {
  return installExitHooks({ host: process as unknown as ExitHost, pendingSpans, flush, logger, exitTimeoutMillis });
}

/** A variable as it stands now; undefined where it is not set. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** Told each time the event loop has run dry; the result stops that. */
export function watchBeforeExit(listener: () => void): () => void {
  process.on("beforeExit", listener);
  return () => process.removeListener("beforeExit", listener);
}

/** Throws what node:fs throws. */
export function fileContent(path: string): Uint8Array {
  return builtin<typeof fs>("node:fs").readFileSync(path);
}

/** The text of a file, "~" for the user's folder; null where there is none or it may not be read. */
export function textFile(path: string): string | null {
  try {
    const whole = path.replace(/^~(?=$|[/\\])/, homeFolder);
    return builtin<typeof fs>("node:fs").readFileSync(whole, "utf8");
  } catch {
    return null;
  }
}

/** Who runs what, where. */
export function programOf(): Program | null {
  const { env } = process;
  const user = env["LOGNAME"] ?? env["USER"] ?? env["USERNAME"] ?? nameOfUser();
  return { user, file: process.argv[1] ?? "", folder: process.cwd() };
}

function nameOfUser(): string {
  try {
    return builtin<typeof os>("node:os").userInfo().username;
  } catch {
    return ""; // a container's user may have no name
  }
}

function homeFolder(): string {
  const home = process.platform === "win32" ? undefined : process.env["HOME"];
  return home ?? builtin<typeof os>("node:os").homedir();
}

/** The code behind is read when the exporter is made, not with the package. */
export async function lateConsoleExporter(): Promise<SpanExporter> {
  return makeConsoleExporter();
}

export async function lateRoutingExporter(options: MlflowExporterOptions): Promise<TraceExporter> {
  return makeRoutingExporter(options);
}

/** Throws what node:fs throws. */
export function fileBytes(url: URL): Uint8Array<ArrayBuffer> {
  return builtin<typeof fs>("node:fs").readFileSync(url) as Uint8Array<ArrayBuffer>;
}

export function moduleUrl(isFull: boolean): URL {
  return isFull
    ? new URL("../../build/module/spandrel.wasm", import.meta.url)
    : new URL("../../build/module/spandrel_core.wasm", import.meta.url);
}

export function defaultServiceName(): string {
  const program = /[^/\\]+$/.exec((process.argv0 as string | undefined) ?? "")?.[0] ?? "node";
  return `unknown_service:${program}`;
}

/** The sampler that OTEL_TRACES_SAMPLER names. */
export function samplerOf({ name, ratio = 1 }: { name: string; ratio?: number }): Sampler {
  const isParentBased = name.startsWith("parentbased_");
  const base = name.replace("parentbased_", "");
  const root =
    base === "always_on"
      ? new AlwaysOnSampler()
      : base === "always_off"
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}
