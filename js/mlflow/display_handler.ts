// Shows finished traces below a notebook's cell, as MLflow does in Jupyter.
//
// Where traces are shown is a sink: the one that was set, else Deno's Jupyter kernel. Without a sink
// nothing is kept and nothing happens. JavaScript notebooks have no event "the cell has run": what was
// handed in during a task is shown in a task of its own, after the cell's microtasks. Showing is a
// side effect of other calls, so nothing here throws; failures are told at level debug.

import { tracer } from "../tracing/realm.js";
import type { Trace } from "../tracing/trace.js";
import { safeText } from "../tracing/values.js";
import { environmentVariable } from "./display_settings.js";
import { mimeBundle, type MimeBundle } from "./mime_bundle.js";

/** Takes a MIME bundle to the cell's output. May be asynchronous. */
export type DisplaySink = (bundle: MimeBundle) => unknown;

const DEFAULT_MAX_TRACES = 10;
/** Between two tasks; beyond it the newest are not shown. */
const MAX_WAITING = 1000;

export class DisplayHandler {
  isDisabled = false;
  readonly #later: (run: () => void) => void;
  readonly #waiting = new Map<string, Trace>();
  #sink: DisplaySink | null = null;
  #isScheduled = false;

  /** `later` runs a function in a task of its own. */
  constructor(later: (run: () => void) => void = (run) => void setTimeout(run, 0)) {
    this.#later = later;
  }

  /** For notebooks that are not found by themselves; null takes it away. */
  setSink(sink: DisplaySink | null): void {
    this.#sink = sink;
  }

  /** True where there is a notebook to show traces in. */
  get isAvailable(): boolean {
    return this.#currentSink() !== null;
  }

  /** A later trace of the same id replaces the earlier. Never throws. */
  displayTraces(traces: readonly Trace[]): void {
    this.#quietly(() => {
      if (this.isDisabled || traces.length === 0 || !this.isAvailable) return;
      for (const trace of traces) {
        const id = trace.info.requestId;
        if (this.#waiting.size < MAX_WAITING || this.#waiting.has(id)) this.#waiting.set(id, trace);
      }
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      this.#later(() => {
        this.displayNow();
      });
    });
  }

  /** Shows what waits, the first of them, and forgets all of it. Never throws. */
  displayNow(): void {
    this.#isScheduled = false;
    const traces = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#quietly(() => {
      const shown = traces.slice(0, maxTraces());
      const sink = this.#currentSink();
      if (this.isDisabled || sink === null || shown.length === 0) return;
      const result = sink(this.getMimeBundle(shown));
      Promise.resolve(result).catch((error: unknown) => {
        this.#tell(error);
      });
    });
  }

  /** Content by MIME type: what a notebook shows for these traces. */
  getMimeBundle(traces: readonly Trace[]): MimeBundle {
    return mimeBundle(traces);
  }

  #currentSink(): DisplaySink | null {
    return this.#sink ?? denoKernelSink();
  }

  #quietly(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    try {
      tracer().logger.debug(`traces could not be displayed: ${safeText(error)}`);
    } catch {
      // a logger that throws is not ours to mend
    }
  }
}

interface DenoJupyter {
  display?: (object: unknown, options: { raw: boolean }) => unknown;
}

/** Outside its kernel Deno throws when the member is read. */
function denoKernelSink(): DisplaySink | null {
  try {
    const jupyter = (globalThis as { Deno?: { jupyter?: DenoJupyter } }).Deno?.jupyter;
    if (typeof jupyter?.display !== "function") return null;
    return (bundle) => jupyter.display?.(bundle, { raw: true });
  } catch {
    return null;
  }
}

function maxTraces(): number {
  const text = environmentVariable("MLFLOW_MAX_TRACES_TO_DISPLAY_IN_NOTEBOOK");
  const count = text === undefined || text.trim() === "" ? NaN : Number(text);
  return Number.isInteger(count) && count >= 0 ? count : DEFAULT_MAX_TRACES;
}

const KEY = Symbol.for("spandrel.display.v1");

/** The handler of this realm. It is shared by all copies of the package. */
export function getDisplayHandler(): DisplayHandler {
  const realm = globalThis as { [KEY]?: DisplayHandler };
  if (realm[KEY] === undefined) Object.defineProperty(realm, KEY, { value: new DisplayHandler(), configurable: true });
  return realm[KEY] as DisplayHandler;
}

/** Finished and fetched traces are shown below the cell. This is how it starts. */
export function enableNotebookDisplay(): void {
  getDisplayHandler().isDisabled = false;
}

export function disableNotebookDisplay(): void {
  getDisplayHandler().isDisabled = true;
}
