// Brings the tracing module to life from wherever its bytes are.

import { fileBytes, moduleUrl } from "#host";
import { shownUrl } from "../export/log_once.js";
import { TraceError } from "../trace_error.js";
import { instantiate, instantiateSync } from "./instance.js";
import type { RawModule } from "./raw_module.js";
import { isBytes, isCompiled, isResponse, type WasmSource } from "./wasm_source.js";

/** A module of the package. */
interface OwnModule {
  /** null: the URL is fetched. */
  read(): BufferSource | null;
  url(): URL;
}

export interface ModuleChoice {
  source: WasmSource | undefined;
  /** With the trace manager and the codecs of dictionaries; else the hot path alone. */
  isFull: boolean;
}

let carried: (() => BufferSource) | null = null;

/** spandrel/inline carries the bytes of the whole module. */
export function carryModule(bytes: () => BufferSource): void {
  carried = bytes;
}

function ownModule(isFull: boolean): OwnModule {
  return { read: () => carried?.() ?? fileBytes(moduleUrl(isFull)), url: () => moduleUrl(isFull) };
}

/** Rejects where the module cannot be had. */
export async function loadModule({ source, isFull }: ModuleChoice): Promise<RawModule> {
  const module = await compiled(source, ownModule(isFull));
  try {
    return checked(await instantiate(module), isFull);
  } catch (error) {
    throw source === undefined ? error : misfit(isFull, error);
  }
}

/** As loadModule, within the call; null where only a promise can be had. Throws where it fails. */
export function loadModuleSync({ source, isFull }: ModuleChoice): RawModule | null {
  const module = compiledSync(source, ownModule(isFull));
  if (module === null) return null;
  try {
    return checked(instantiateSync(module), isFull);
  } catch (error) {
    throw source === undefined ? error : misfit(isFull, error);
  }
}

function checked(raw: RawModule, isFull: boolean): RawModule {
  const isOurs = typeof raw.stagingAddress === "function" && (!isFull || typeof raw["managerRegisterTrace"] === "function");
  if (!isOurs) throw new Error("it lacks what this module exports");
  return raw;
}

function misfit(isFull: boolean, cause: unknown): TraceError {
  const message = `the WebAssembly that was given is not the module "${isFull ? "full" : "core"}" of this version`;
  return new TraceError("INVALID_PARAMETER_VALUE", message, { cause });
}

/** The module that was given, or the package's own. */
export async function compiled(source: WasmSource | undefined, own: OwnModule): Promise<WebAssembly.Module> {
  const given = source === undefined ? undefined : await source;
  if (isCompiled(given)) return given;
  if (isBytes(given)) return await WebAssembly.compile(given);
  if (isResponse(given)) return await compiledFrom(given);
  const bytes = given === undefined ? own.read() : fileOf(given);
  if (bytes !== null) return await WebAssembly.compile(bytes);
  return await compiledFrom(await fetch(given ?? own.url()));
}

/** Node fetches no files. */
function fileOf(url: string | URL): BufferSource | null {
  return /^file:/i.test(String(url)) ? fileBytes(new URL(url)) : null;
}

async function compiledFrom(response: Response): Promise<WebAssembly.Module> {
  const type = response.headers.get("content-type") ?? "";
  // Many servers answer with their start page where a file is missing.
  if (!response.ok || type.startsWith("text/html")) {
    const answer = response.ok ? "with a page" : String(response.status);
    const advice = "the module's file must stand there, or be named by init({ wasm })";
    throw new TraceError("RESOURCE_DOES_NOT_EXIST", `${shownUrl(response.url)} answered ${answer}: ${advice}`);
  }
  const isTyped = type.startsWith("application/wasm");
  // Compiling while it arrives needs the right type; many static servers do not give it.
  if (isTyped && typeof WebAssembly.compileStreaming === "function") return await WebAssembly.compileStreaming(response);
  return await WebAssembly.compile(await response.arrayBuffer());
}

function compiledSync(source: WasmSource | undefined, own: OwnModule): WebAssembly.Module | null {
  if (isCompiled(source)) return source;
  const bytes = source === undefined ? own.read() : isBytes(source) ? source : null;
  return bytes === null ? null : new WebAssembly.Module(bytes);
}
