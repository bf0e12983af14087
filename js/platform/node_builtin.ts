// Built-ins of Node when they are first needed. An import statement would have all that "node:fs" can do set up
// when the package is imported, which takes longer than everything else about it.

import type * as nodeUrl from "node:url";
import * as nodeModule from "node:module"; // by its name webpack would take it away, and leave what uses it

let require: NodeJS.Require | null = null;

function ownRequire(): NodeJS.Require {
  return (require ??= nodeModule.createRequire(import.meta.url));
}

export function builtin<T>(name: `node:${string}`): T {
  return (process.getBuiltinModule?.(name) ?? ownRequire()(name)) as T; // the quicker way is as old as Node 20.16
}

/** Of a file of CommonJS. */
export function requireFile(url: URL): unknown {
  return ownRequire()(builtin<typeof nodeUrl>("node:url").fileURLToPath(url));
}
