// The classes of the module as embind gives them, and what every object of `spandrel/wasm` is made
// of: an owner of one handle, and the host through which it calls. Nobody outside js/wasm.ts and
// module_spans.ts sees a handle.

import { TraceError } from "../trace_error.js";
import type { Handover } from "./handover.js";
import type { LogEntry } from "./manager_core.js";
import type { RawModule } from "./raw_module.js";

export interface ModuleLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface Handle {
  delete(): void;
  isDeleted(): boolean;
  isAliasOf(other: Handle): boolean;
}
export interface RawSpan extends Handle {
  record(): number;
  view(): number;
  toDict(): number;
  toOtlpBytes(): number;
  toOtlp(): number;
}
export interface RawLiveSpan extends Handle {
  apply(length: number): number;
  hasEnded(): boolean;
  record(): number;
  view(): number;
  toImmutableSpan(): RawSpan;
}
export type ManagerCall =
  | "registerTrace"
  | "registerPrompt"
  | "popTrace"
  | "getTrace"
  | "getRootSpanId"
  | "getLocalRootSpanId"
  | "getMlflowTraceIdFromOtelId"
  | "hasOpenSpans"
  | "configure";
export interface RawManager extends Handle, Record<ManagerCall, (length: number) => number> {
  registerSpan(span: RawLiveSpan): number;
  getSpanFromId(length: number): RawLiveSpan | null;
  tick(nowMillis: number): number;
  stats(): number;
}
export interface RawClasses extends RawModule {
  TraceManager: { getInstance(): RawManager; reset(): void };
  Span: { fromRecord(length: number): RawSpan | null };
  LiveSpan: { start(length: number): RawLiveSpan | null };
  checkLiveSpanOptions(length: number): number;
  managerHasLog(): number;
  managerTakeLog(): number;
}

/** What the classes of one module share. */
export class Host {
  readonly handover: Handover;
  readonly #logger: ModuleLogger | undefined;

  constructor(handover: Handover, logger: ModuleLogger | undefined) {
    this.handover = handover;
    this.#logger = logger;
  }

  call<T>(call: (raw: RawClasses) => T): T {
    return this.handover.guard((raw) => call(raw as RawClasses));
  }
  text(call: (raw: RawClasses) => number): string {
    return this.call((raw) => this.handover.takeText(call(raw)));
  }
  bytes(call: (raw: RawClasses) => number): Uint8Array {
    return this.call((raw) => this.handover.takeBytes(call(raw)));
  }
  put(text: string): number {
    return this.handover.putText(text);
  }
  warn(message: string): void {
    this.#log(["warn", message]);
  }
  drainLog(): void {
    if (this.handover.isDead || this.call((raw) => raw.managerHasLog()) === 0) return;
    for (const entry of JSON.parse(this.text((raw) => raw.managerTakeLog())) as LogEntry[]) this.#log(entry);
  }

  #log([level, message]: LogEntry): void {
    try {
      this.#logger?.[level](message);
    } catch {
      // a logger that fails has nowhere to say so
    }
  }
}

/** Owns a handle of the module: disposing twice is fine, and nothing in the core goes with it. */
export abstract class Owner<T extends Handle> {
  readonly #handle: T;
  protected readonly host: Host;

  constructor(host: Host, handle: T) {
    this.host = host;
    this.#handle = handle;
  }

  protected get handle(): T {
    if (this.#handle.isDeleted()) throw new TraceError("INVALID_PARAMETER_VALUE", "this object was disposed");
    return this.#handle;
  }
  _handle(): T {
    return this.handle;
  }
  get isDisposed(): boolean {
    return this.#handle.isDeleted();
  }
  dispose(): void {
    if (!this.host.handover.isDead && !this.#handle.isDeleted()) this.#handle.delete();
  }
}
