// The module of `spandrel/wasm`. Its classes come by embind, so it needs the glue that Emscripten writes.

import { fileBytes } from "#host";
import createModule from "../../build/module/spandrel_classes_glue.mjs";
import { compiled } from "./load_module.js";
import { TraceError } from "../trace_error.js";
import type { RawModule } from "./raw_module.js";
import type { WasmSource } from "./wasm_source.js";

/** Rejects where the module cannot be had. `onAbort` hears of its end. */
export async function loadClasses(source: WasmSource | undefined, onAbort: (cause: unknown) => void): Promise<RawModule> {
  const url = new URL("../../build/module/spandrel_classes.wasm", import.meta.url);
  try {
    return await instantiated(await compiled(source, { read: () => fileBytes(url), url: () => url }), onAbort);
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const message =
      source === undefined
        ? "the module of spandrel/wasm cannot be had"
        : "the WebAssembly that was given is not spandrel_classes.wasm of this version";
    throw new TraceError(source === undefined ? "RESOURCE_DOES_NOT_EXIST" : "INVALID_PARAMETER_VALUE", message, { cause: error });
  }
}

async function instantiated(module: WebAssembly.Module, onAbort: (cause: unknown) => void): Promise<RawModule> {
  const raw = await new Promise<RawModule>((resolve, reject) => {
    type OnInstance = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;
    const instantiateWasm = (imports: WebAssembly.Imports, onInstance: OnInstance): object => {
      WebAssembly.instantiate(module, imports)
        .then((instance) => {
          onInstance(instance, module); // throws where the glue finds not what it expects
        })
        .catch(reject);
      return {}; // "the instance follows"
    };
    createModule({ instantiateWasm, onAbort, print: quiet, printErr: quiet }).then((made) => resolve(made as RawModule), reject);
  });
  // The glue puts an underscore before the names of plain functions.
  for (const name of Object.keys(raw)) if (/^_[a-z]/.test(name)) raw[name.slice(1)] = raw[name];
  return raw;
}

function quiet(): void {
  // the module has nothing to say that is not in its answers
}
