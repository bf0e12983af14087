// The tracer that all copies of the package in this realm share. The key carries the version of the
// record grammar (src/record/grammar.h): copies that write other records share the context alone.

import { Tracer } from "./tracer.js";

const KEY = Symbol.for("spandrel.tracer.v1");

let instance: Tracer | null = null;

export function tracer(): Tracer {
  return instance ?? join();
}

function join(): Tracer {
  const realm = globalThis as { [KEY]?: Tracer };
  if (realm[KEY] === undefined) Object.defineProperty(realm, KEY, { value: new Tracer(), configurable: true });
  instance = realm[KEY] as Tracer;
  return instance;
}
