// Checks of searches before they are sent: what the server would refuse is refused here, with the place and with
// what to write instead. docs/search.md is the language.

import { codec } from "../tracing/span_codec.js";
import type { QueryCore } from "../load/query_core.js";
import { TraceError } from "../trace_error.js";

/** Throws TraceError (INVALID_PARAMETER_VALUE, `offset` in bytes of the text) where this is no filter. */
export function checkFilter(filter: string): void {
  check((query) => {
    query.checkFilter(filter);
  });
}

/** The same for every item of an order. */
export function checkOrderBy(list: readonly string[]): void {
  check((query) => {
    for (const item of list) query.checkOrderBy(item);
  });
}

/** Without a module that knows the language the server's own check stays. */
function check(ask: (query: QueryCore) => void): void {
  try {
    ask(codec().query());
  } catch (error) {
    if (error instanceof TraceError && error.errorCode === "INVALID_PARAMETER_VALUE") throw error;
  }
}
