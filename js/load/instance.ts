// An instance of a module that stands by itself (wasm/CMakeLists.txt): no glue, the exports are the names of wasm/.

import type { RawModule } from "./raw_module.js";

/** The preset wasm-debug: such a module must be told where its stack is. */
interface CheckedModule {
  emscripten_stack_init(): void;
  emscripten_stack_get_base(): number;
  emscripten_stack_get_end(): number;
  __set_stack_limits(base: number, end: number): void;
}

/** Rejects where the module is none of ours, or has no memory. */
export async function instantiate(module: WebAssembly.Module): Promise<RawModule> {
  const { imports, open } = surroundings(module);
  return open(await WebAssembly.instantiate(module, imports));
}

/** As instantiate(), within the call. */
export function instantiateSync(module: WebAssembly.Module): RawModule {
  const { imports, open } = surroundings(module);
  return open(new WebAssembly.Instance(module, imports));
}

function surroundings(module: WebAssembly.Module): {
  imports: WebAssembly.Imports;
  open: (instance: WebAssembly.Instance) => RawModule;
} {
  const raw = {} as RawModule & Partial<CheckedModule> & { memory: WebAssembly.Memory; _initialize?: () => void };
  const look = (): void => {
    raw.HEAPU8 = new Uint8Array(raw.memory.buffer);
  };
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    // Whatever else the C library asks of a host ends the module: the core does no I/O.
    const end = (): never => {
      throw new Error(`the module called ${name}`);
    };
    (imports[from] ??= {})[name] = name === "emscripten_notify_memory_growth" ? look : end;
  }
  const open = ({ exports }: WebAssembly.Instance): RawModule => {
    Object.assign(raw, exports);
    look();
    raw._initialize?.(); // sets up the globals
    raw.emscripten_stack_init?.();
    raw.__set_stack_limits?.(raw.emscripten_stack_get_base?.() ?? 0, raw.emscripten_stack_get_end?.() ?? 0);
    return raw;
  };
  return { imports, open };
}
