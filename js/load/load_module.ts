// Brings the tracing module to life: glue and bytes, from wherever they are.
//
// The glue is imported when init() asks for it, never with the main entry. It is given an instance
// (instantiateWasm), so it looks for nothing itself.

import { importGlue, moduleUrl, readModuleFile, requireGlue } from "#host";
import { shownUrl } from "../export/log_once.js";
import { TraceError } from "../trace_error.js";
import type { ModuleFactory, RawModule } from "./raw_module.js";
import { isBytes, isCompiled, isResponse, type WasmSource } from "./wasm_source.js";

/** How a module is had: replaced by spandrel/inline, which carries its bytes. */
export interface ModuleLoader {
  importFactory(isFull: boolean): Promise<unknown>;
  /** null where nothing can be loaded at once. */
  requireFactory(isFull: boolean): unknown;
  /** null: the URL is fetched. */
  readBytes(isFull: boolean): BufferSource | null;
}

export interface ModuleChoice {
  source: WasmSource | undefined;
  /** With the trace manager and the codecs of dictionaries; else the hot path alone. */
  isFull: boolean;
}

export const packagedModule: ModuleLoader = { importFactory: importGlue, requireFactory: requireGlue, readBytes: readModuleFile };

let loader = packagedModule;

export function setModuleLoader(replacement: ModuleLoader): void {
  loader = replacement;
}

type Imports = WebAssembly.Imports;
type OnInstance = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;

/** The glue and the compiled bytes. */
type Parts = readonly [factory: ModuleFactory, module: WebAssembly.Module];

let prepared: { isFull: boolean; parts: Promise<Parts> } | null = null;

/** Begins to load and to compile the package's own module, so that it happens beside what the caller does next. */
export function prepareModule(isFull: boolean): void {
  if (prepared?.isFull === isFull) return;
  prepared = { isFull, parts: partsOf({ source: undefined, isFull }) };
  prepared.parts.catch(quiet); // whoever loads the module hears of it
}

async function partsOf({ source, isFull }: ModuleChoice): Promise<Parts> {
  const [module, factory] = await Promise.all([compiled(source, isFull), loader.importFactory(isFull).then(factoryOf)]);
  return [factory, module];
}

/** Rejects where the module cannot be had. `onAbort` hears of its end. */
export async function loadModule(choice: ModuleChoice, onAbort: (cause: unknown) => void): Promise<RawModule> {
  const ready = choice.source === undefined && prepared?.isFull === choice.isFull ? prepared.parts : null;
  const [factory, module] = await (ready ?? partsOf(choice));
  prepared = null;
  return await new Promise<RawModule>((resolve, reject) => {
    const instantiateWasm = (imports: Imports, onInstance: OnInstance): object => {
      const instantiated = WebAssembly.instantiate(module, imports).then((instance) => {
        onInstance(instance, module); // throws where the glue finds not what it expects
      });
      instantiated.catch((error: unknown) => {
        reject(choice.source === undefined ? (error as Error) : misfit(choice, error));
      });
      return {};
    };
    factory({ instantiateWasm, onAbort, print: quiet, printErr: quiet }).then(resolve, reject);
  });
}

/** As loadModule, within the call; null where only a promise can be had. Throws where it fails. */
export function loadModuleSync({ source, isFull }: ModuleChoice, onAbort: (cause: unknown) => void): RawModule | null {
  const exported = loader.requireFactory(isFull);
  const module = compiledSync(source, isFull);
  if (exported === null || module === null) return null;
  const instantiateWasm = (imports: Imports, onInstance: OnInstance): object => {
    const instance = new WebAssembly.Instance(module, imports);
    onInstance(instance, module);
    return instance.exports;
  };
  const raw: Record<string, unknown> = { instantiateWasm, onAbort, print: quiet, printErr: quiet };
  // The factory fills this object before it returns, if the compiler's glue is of the synchronous kind.
  factoryOf(exported)(raw).catch(quiet);
  return typeof raw.stagingAddress === "function" ? (raw as RawModule) : null;
}

function misfit({ isFull }: ModuleChoice, cause: unknown): TraceError {
  const message = `the WebAssembly that was given is not the module "${isFull ? "full" : "core"}" of this version`;
  return new TraceError("INVALID_PARAMETER_VALUE", message, { cause });
}

function quiet(): void {
  // the module has nothing to say that is not in its answers
}

function factoryOf(exported: unknown): ModuleFactory {
  let factory = exported;
  for (let depth = 0; depth < 3 && typeof factory !== "function"; depth++)
    factory = (factory as { default?: unknown } | null)?.default;
  if (typeof factory !== "function") throw new TraceError("INTERNAL_ERROR", "the module's glue has no factory");
  return factory as ModuleFactory;
}

async function compiled(source: WasmSource | undefined, isFull: boolean): Promise<WebAssembly.Module> {
  const given = source === undefined ? undefined : await source;
  if (isCompiled(given)) return given;
  if (isBytes(given)) return await WebAssembly.compile(given);
  if (isResponse(given)) return await compiledFrom(given);
  const bytes = given === undefined ? loader.readBytes(isFull) : null;
  if (bytes !== null) return await WebAssembly.compile(bytes);
  return await compiledFrom(await fetch(given ?? moduleUrl(isFull)));
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

function compiledSync(source: WasmSource | undefined, isFull: boolean): WebAssembly.Module | null {
  if (isCompiled(source)) return source;
  const bytes = source === undefined ? loader.readBytes(isFull) : isBytes(source) ? source : null;
  return bytes === null ? null : new WebAssembly.Module(bytes);
}
