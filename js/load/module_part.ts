// Parts of the module that may be used before it is there.
//
// service.ts says here when the module is ready and when it has died. A ModulePart makes its own
// object of the core as soon as it can, keeps earlier calls in order, and tells their owners when
// it is certain that they will never run.

import type { Timers } from "../export/timers.js";
import { TraceError } from "../trace_error.js";
import { safeText } from "../tracing/values.js";
import type { LossReason } from "./core.js";
import type { Handover } from "./handover.js";

/** null: it has died, or could not be loaded; undefined: it is not there yet. */
type ModuleState = Handover | null | undefined;

const KEY = Symbol.for("spandrel.module.v1");
const realm = globalThis as { [KEY]?: { present: ModuleState; listeners: Set<() => void> } };
/** Of all copies of the package: the module is that of the copy that was initialised. */
const shared = (realm[KEY] ??= { present: undefined, listeners: new Set() });

/** Called when the module is ready, and when it has died. */
export function announceModule(state: ModuleState): void {
  shared.present = state;
  for (const listener of [...shared.listeners]) listener();
}

/** It has died or could not be loaded, and that has been told. */
export function isModuleLost(): boolean {
  return shared.present === null || shared.present?.isDead === true;
}

/** A flush without a module waits so long for one. */
export const MODULE_WAIT_MILLIS = 5000;

interface EarlyCall<C> {
  call: (core: C) => void;
  lose: (reason: LossReason) => void;
}

export interface ModulePartOptions<C> {
  /** Throws TraceError where the module lacks this part. */
  make: (handover: Handover) => C;
  /** The module died under the part, or lacks it: what the part held is lost. `why` is for a log. */
  onLost: (reason: LossReason, why: string) => void;
}

export class ModulePart<C> {
  readonly #options: ModulePartOptions<C>;
  #core: C | null = null;
  #handover: Handover | null = null;
  #early: EarlyCall<C>[] = [];
  #unlisten: (() => void) | null = null;

  constructor(options: ModulePartOptions<C>) {
    this.#options = options;
  }

  /** Calls are kept: there is no module yet. */
  get isEarly(): boolean {
    return shared.present === undefined;
  }

  get earlyCalls(): number {
    return this.#early.length;
  }

  /**
   * Runs `call` now, or when the module is there; `lose` where that will not be, or where the
   * module dies in it. Neither may throw.
   */
  use(call: (core: C) => void, lose: (reason: LossReason) => void): void {
    if (this.isEarly) {
      this.#early.push({ call, lose });
      this.#listen();
      return;
    }
    this.#catchUp();
    this.#run({ call, lose });
  }

  /** Gives back the object in the core; the next use() makes another. */
  release(free: (core: C) => void): void {
    const core = this.#core;
    this.#core = null;
    if (core === null) return;
    try {
      free(core);
    } catch {
      // it went with its module
    }
  }

  /** Settles when the module is there or lost, or has let us wait long enough: then `false`. */
  async ready(timers: Timers): Promise<boolean> {
    if (!this.isEarly) return true;
    return await new Promise((resolve) => {
      const listener = (): void => {
        finish(true);
      };
      const cancel = timers.schedule(() => finish(false), MODULE_WAIT_MILLIS, true);
      const finish = (isThere: boolean): void => {
        shared.listeners.delete(listener);
        cancel();
        resolve(isThere);
      };
      shared.listeners.add(listener);
    });
  }

  #listen(): void {
    if (this.#unlisten !== null) return;
    const listener = (): void => {
      this.#catchUp();
    };
    shared.listeners.add(listener);
    this.#unlisten = () => shared.listeners.delete(listener);
  }

  #catchUp(): void {
    this.#unlisten?.();
    this.#unlisten = null;
    for (const early of this.#early.splice(0)) this.#run(early);
  }

  #run({ call, lose }: EarlyCall<C>): void {
    try {
      call(this.#object());
    } catch (error) {
      const code = (error as Partial<TraceError> | null)?.errorCode; // of whichever copy
      const isLacking = code === "NOT_IMPLEMENTED";
      // The host had no stack or memory for this one call; the object in the core is as it was.
      if (shared.present?.isDead === false && !isLacking) return lose("gave_up");
      const reason = isLacking ? "not_ready" : "module_dead";
      this.#core = null;
      lose(reason);
      this.#options.onLost(reason, error instanceof Error ? error.message : safeText(error));
    }
  }

  #object(): C {
    const { present } = shared;
    if (present == null) throw new TraceError("INTERNAL_ERROR", "the tracing module has stopped");
    if (this.#core === null || this.#handover !== present) {
      this.#core = this.#options.make(present);
      this.#handover = present;
    }
    return this.#core;
  }
}
