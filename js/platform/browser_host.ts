// What a page or a worker offers to the code behind init().

import type { EnvironmentConfig } from "../export/otlp_config.js";
import type { SpanExporter } from "../export/exporter.js";
import type { TraceExporter } from "../export/trace_exporter.js";
import type { MlflowExporterOptions } from "../mlflow/mlflow_exporter.js";
import { TraceError } from "../trace_error.js";
import type { Sampler } from "../tracing/sampling.js";
import type { LifecycleOptions, Program } from "./lifecycle.js";

export const isNode = false;

/** No environment variables here. */
export function environmentConfig(_warn: (message: string) => void): EnvironmentConfig | null {
  return null;
}

/** Pending spans leave when the page is hidden; the result takes the handlers away. */
export function watchEnd({ destinations }: LifecycleOptions): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => undefined;
  let remove = (): void => undefined;
  let isRemoved = false;
  // Needed at the page's end, not at its start.
  import("../export/page_hide.js").then(
    ({ installPageHide }) => {
      if (!isRemoved) remove = installPageHide({ host: { window, document }, destinations });
    },
    () => {
      // spans then leave by their timers alone
    },
  );
  return () => {
    isRemoved = true;
    remove();
  };
}

export function environmentVariable(_name: string): string | undefined {
  return undefined;
}

/** A page has no such moment. */
export function watchBeforeExit(_listener: () => void): () => void {
  return () => undefined;
}

/** A page has no files. */
export function fileContent(_path: string): Uint8Array {
  throw new TraceError("NOT_IMPLEMENTED", "files are read in Node alone: give the content itself");
}

export function textFile(_path: string): string | null {
  return null;
}

/** A page says nothing of who looks at it. */
export function programOf(): Program | null {
  return null;
}

export async function lateConsoleExporter(): Promise<SpanExporter> {
  return (await import("../export/console_exporter.js")).makeConsoleExporter();
}

export async function lateRoutingExporter(options: MlflowExporterOptions): Promise<TraceExporter> {
  return (await import("../mlflow/routing_exporter.js")).makeRoutingExporter(options);
}

/** A page fetches. */
export function fileBytes(_url: URL): null {
  return null;
}

export function moduleUrl(isFull: boolean): URL {
  return isFull
    ? new URL("../../build/module/spandrel.wasm", import.meta.url)
    : new URL("../../build/module/spandrel_core.wasm", import.meta.url);
}

export function defaultServiceName(): string {
  return "unknown_service:browser";
}

/** Only variables name samplers. */
export function samplerOf(_named: { name: string; ratio?: number }): Sampler | null {
  return null;
}
