// Built-ins of Node when they are first needed. An import statement would have all that "node:fs" can do set up
// when the package is imported, which takes longer than everything else about it.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export function builtin<T>(name: `node:${string}`): T {
  return require(name) as T;
}

/** Of a file beside the bundle. */
export function requireFile(path: string): unknown {
  return require(path);
}
