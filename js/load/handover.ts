// Calls that carry text or bytes, see wasm/handover.h. The only code that touches the heap beside
// the recorder's staging area.
//
// Views of the heap are taken afresh at each use: they die when memory grows. A RangeError out of
// the module leaves its stack pointer lowered, so it is restored; after an abort the module is dead
// and every call gives a TraceError.

import { TraceError, type TraceErrorCode } from "../trace_error.js";
import type { RawModule } from "./raw_module.js";

const ERROR_CODES: readonly TraceErrorCode[] = [
  "INVALID_PARAMETER_VALUE",
  "RESOURCE_DOES_NOT_EXIST",
  "NOT_IMPLEMENTED",
  "INTERNAL_ERROR",
  "MALFORMED",
  "TRUNCATED",
  "TOO_DEEP",
  "TOO_LARGE",
];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** About 50 kB in frames, in a microsecond. */
const FRAMES = 1000;

/**
 * Whether the host has stack for a call into the module. A RangeError in the midst of one would leave the core's data
 * half done, so what the host may call from anywhere asks before.
 */
export function hasStack(): boolean {
  try {
    return dig(FRAMES) === FRAMES;
  } catch {
    return false;
  }
}

function dig(frames: number): number {
  return frames === 0 ? 0 : 1 + dig(frames - 1);
}

export class Handover {
  readonly raw: RawModule;
  #deathCause: unknown;
  #onDeath: (cause: unknown) => void;

  constructor(raw: RawModule, onDeath: (cause: unknown) => void) {
    this.raw = raw;
    this.#onDeath = onDeath;
  }

  get isDead(): boolean {
    return this.#deathCause !== undefined;
  }

  /** Marks the module as unusable; the listener hears of it once. */
  die(cause: unknown): void {
    if (this.isDead) return;
    this.#deathCause = cause ?? new Error("aborted");
    this.#onDeath(cause);
  }

  /** Runs `call` against the module; anything it throws but our own errors kills the module. */
  guard<T>(call: (raw: RawModule) => T): T {
    if (this.isDead) throw new TraceError("INTERNAL_ERROR", "the tracing module has stopped", { cause: this.#deathCause });
    let stack = 0;
    try {
      stack = this.raw.stackPointer();
      return call(this.raw);
    } catch (error) {
      if (error instanceof TraceError) throw error;
      if (error instanceof RangeError) {
        if (stack !== 0) this.raw.restoreStack(stack);
        throw new TraceError("TOO_DEEP", "the input is nested too deeply for the module", { cause: error });
      }
      this.die(error);
      throw new TraceError("INTERNAL_ERROR", "the tracing module has stopped", { cause: error });
    }
  }

  /** Copies text into the input buffer; its length in bytes. Lone surrogates become U+FFFD. */
  putText(text: string): number {
    const address = this.#reserve(text.length * 3);
    return encoder.encodeInto(text, this.raw.HEAPU8.subarray(address, address + text.length * 3)).written;
  }

  putBytes(bytes: Uint8Array): number {
    const address = this.#reserve(bytes.length);
    this.raw.HEAPU8.set(bytes, address);
    return bytes.length;
  }

  put(input: string | Uint8Array): number {
    return typeof input === "string" ? this.putText(input) : this.putBytes(input);
  }

  #reserve(bytes: number): number {
    const address = this.raw.inputBuffer(bytes);
    if (address === 0) throw new TraceError("TOO_LARGE", `no memory for an input of ${String(bytes)} bytes`);
    return address >>> 0;
  }

  /**
   * The output of a binding that returned `length`, copied: to the beginning of `into` where it fits
   * there, else to new memory. Throws TraceError for a refusal.
   */
  takeBytes(length: number, into?: Uint8Array): Uint8Array {
    this.#check(length);
    const address = this.raw.outputAddress() >>> 0;
    if (into === undefined || into.length < length) return this.raw.HEAPU8.slice(address, address + length);
    into.set(this.raw.HEAPU8.subarray(address, address + length));
    return into.subarray(0, length);
  }

  takeText(length: number): string {
    this.#check(length);
    return this.#outputText(length);
  }

  #outputText(length: number): string {
    const address = this.raw.outputAddress() >>> 0;
    return decoder.decode(this.raw.HEAPU8.subarray(address, address + length));
  }

  #check(length: number): void {
    if (length >= 0) return;
    const message = this.#outputText(this.raw.messageLength());
    const code = ERROR_CODES[-1 - length] ?? "INTERNAL_ERROR";
    throw new TraceError(code, message, { offset: this.raw.errorOffset() });
  }

  /** Calls the binding `name` with the input's length; text out. */
  callText(name: string, input: string | Uint8Array): string {
    return this.#deepGuard(() => this.takeText(this.#call(name, input)));
  }

  /** Calls the binding `name` with the input's length; bytes out. */
  callBytes(name: string, input: string | Uint8Array, into?: Uint8Array): Uint8Array {
    return this.#deepGuard(() => this.takeBytes(this.#call(name, input), into));
  }

  #deepGuard<T>(call: () => T): T {
    if (!hasStack()) throw new TraceError("TOO_DEEP", "the host's stack is nearly full");
    return this.guard(call);
  }

  /** To be called before a binding that RawModule does not list. Throws TraceError where this module is the smaller one; calling what it lacks would count as its end. */
  need(name: string): void {
    if (typeof this.raw[name] !== "function")
      throw new TraceError(
        "NOT_IMPLEMENTED",
        `the smaller module was loaded, which has no ${name}: load the whole one with init({ module: "full" })`,
      );
  }

  #call(name: string, input: string | Uint8Array): number {
    this.need(name);
    return (this.raw[name] as (length: number) => number)(this.put(input));
  }
}
