// Built-ins of Node when they are first needed. An import statement would have all that "node:fs" can do set up
// when the package is imported, which takes longer than everything else about it.

import { createRequire } from "node:module";

let require: NodeJS.Require | null = null;

function ownRequire(): NodeJS.Require {
  return (require ??= createRequire(import.meta.url));
}

export function builtin<T>(name: `node:${string}`): T {
  return (process.getBuiltinModule?.(name) ?? ownRequire()(name)) as T; // the quicker way is as old as Node 20.16
}

/** Of a file beside the bundle. */
export function requireFile(path: string): unknown {
  return ownRequire()(path);
}
