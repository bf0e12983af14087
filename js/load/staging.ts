// The staging area of the recorder: a region of module memory for words, another for the rope.
//
// It is grown for a single record that is larger than usual and shrunk again afterwards. Views are
// made afresh on each request; they are invalid after any call into the module.

import { TraceError } from "../trace_error.js";
import type { Handover } from "./handover.js";

const WORD_BYTES = 128 << 10;
const ROPE_UNITS = 24 << 10;
const MAX_BYTES = 256 << 20;

export class StagingArea {
  readonly #handover: Handover;
  #address = 0;
  #wordBytes = 0;
  #ropeBytes = 0;

  constructor(handover: Handover) {
    this.#handover = handover;
    if (!this.#place(WORD_BYTES, ROPE_UNITS * 3)) throw new TraceError("TOO_LARGE", "no memory for the staging area");
  }

  /** Words that fit. */
  get wordCapacity(): number {
    return this.#wordBytes >>> 2;
  }
  /** UTF-16 units that fit whatever they are. */
  get unitCapacity(): number {
    return Math.floor(this.#ropeBytes / 3);
  }
  /** Beyond these a new chunk is begun before the next record. */
  get softWordLimit(): number {
    return (this.#wordBytes >>> 2) * 0.875;
  }
  get softUnitLimit(): number {
    return this.unitCapacity * 0.75;
  }
  /** Where the rope begins, in bytes from the start of the area. */
  get ropeOffset(): number {
    return this.#wordBytes;
  }

  words(): Uint32Array {
    return new Uint32Array(this.#handover.raw.HEAPU8.buffer, this.#address, this.#wordBytes >>> 2);
  }
  bytes(): Uint8Array {
    return new Uint8Array(this.#handover.raw.HEAPU8.buffer, this.#address, this.#wordBytes + this.#ropeBytes);
  }

  /** Room for one record of at most `bytes`; false when memory cannot be had. */
  grow(bytes: number): boolean {
    if (bytes > MAX_BYTES) return false;
    const needed = (bytes + 7) & ~3;
    return this.#place(Math.max(needed, WORD_BYTES), Math.max(needed, ROPE_UNITS * 3));
  }

  shrink(): void {
    if (this.#wordBytes > WORD_BYTES) this.#place(WORD_BYTES, ROPE_UNITS * 3);
  }

  #place(wordBytes: number, ropeBytes: number): boolean {
    try {
      const address = this.#handover.guard((raw) => raw.stagingAddress(wordBytes, ropeBytes));
      if (address === 0) {
        if (this.#wordBytes > 0) this.#address = this.#handover.raw.stagingAddress(this.#wordBytes, this.#ropeBytes) >>> 0;
        return false;
      }
      this.#address = address >>> 0;
      this.#wordBytes = wordBytes;
      this.#ropeBytes = ropeBytes;
      return true;
    } catch {
      return false;
    }
  }

  appendTexts(joined: string): void {
    this.#quietly(() => this.#handover.guard((raw) => raw.appendTexts(this.#handover.putText(joined))));
  }

  commit(wordBytes: number, ropeBytes: number, ropeUnits: number, records: number): void {
    this.#quietly(() => this.#handover.guard((raw) => raw.commitStaged(wordBytes, ropeBytes, ropeUnits, records)));
  }

  /** The one staged record as a portable record. */
  portable(wordBytes: number, ropeBytes: number, ropeUnits: number): Uint8Array {
    return this.#handover.guard((raw) => this.#handover.takeBytes(raw.stagedPortable(wordBytes, ropeBytes, ropeUnits)));
  }

  /** The one staged record is the origin of all exports. */
  setOrigin(wordBytes: number, ropeBytes: number, ropeUnits: number): void {
    this.#quietly(() => this.#handover.guard((raw) => raw.setOrigin(wordBytes, ropeBytes, ropeUnits)));
  }

  /** A dead module has told its listener already; the host must not hear of it here. */
  #quietly(call: () => unknown): void {
    try {
      call();
    } catch {
      // counted by whoever listens for the module's end
    }
  }
}
