// MLflow's search language, read by the core (wasm/query_bindings.cpp). Only the full module has it.

import type { Handover } from "./handover.js";

export class QueryCore {
  readonly #handover: Handover;

  constructor(handover: Handover) {
    this.#handover = handover;
  }

  /** Throws TraceError with code, offset in bytes and advice where the text is no filter. */
  checkFilter(text: string): void {
    this.#handover.callText("checkFilter", text);
  }

  /** The same for one item of an order: "timestamp_ms DESC". */
  checkOrderBy(item: string): void {
    this.#handover.callText("checkOrderBy", item);
  }
}
