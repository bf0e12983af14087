// The staging area of the recorder: a region of module memory for words, another for the rope.
//
// It is grown for a single record that is larger than usual and shrunk again afterwards; a commit
// may move the words. Views are made afresh on each request; they are invalid after any call into
// the module.

import { TraceError } from "../trace_error.js";
import type { Handover } from "./handover.js";
import type { RawModule } from "./raw_module.js";

const WORD_BYTES = 128 << 10;
const ROPE_UNITS = 24 << 10;
const MAX_BYTES = 256 << 20;

export class StagingArea {
  readonly #handover: Handover;
  #address = 0;
  #ropeAddress = 0;
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
  words(): Uint32Array {
    return new Uint32Array(this.#handover.raw.HEAPU8.buffer, this.#address, this.#wordBytes >>> 2);
  }
  /** The same memory. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#handover.raw.HEAPU8.buffer, this.#address, this.#wordBytes);
  }
  rope(): Uint8Array {
    return new Uint8Array(this.#handover.raw.HEAPU8.buffer, this.#ropeAddress, this.#ropeBytes);
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
    const before = { wordBytes: this.#wordBytes, ropeBytes: this.#ropeBytes };
    try {
      if (this.#handover.guard((raw) => this.#move(raw, wordBytes, ropeBytes))) return true;
      if (before.wordBytes > 0) this.#move(this.#handover.raw, before.wordBytes, before.ropeBytes);
    } catch {
      // the module has stopped
    }
    return false;
  }

  #move(raw: RawModule, wordBytes: number, ropeBytes: number): boolean {
    this.#wordBytes = wordBytes;
    this.#ropeBytes = ropeBytes;
    const isThere = this.#wordsAreAt(raw.stagingAddress(wordBytes, ropeBytes));
    this.#ropeAddress = raw.ropeAddress() >>> 0;
    return isThere;
  }

  /** At 0 there is no area: nothing fits, and the next record asks for one. */
  #wordsAreAt(address: number): boolean {
    this.#address = address >>> 0;
    if (address === 0) this.#wordBytes = this.#ropeBytes = 0;
    return address !== 0;
  }

  appendTexts(joined: string): void {
    this.#quietly(() => this.#handover.guard((raw) => raw.appendTexts(this.#handover.putText(joined))));
  }

  commit(wordBytes: number, ropeBytes: number, ropeUnits: number, records: number): void {
    this.#quietly(() => {
      this.#wordsAreAt(this.#handover.guard((raw) => raw.commitStaged(wordBytes, ropeBytes, ropeUnits, records)));
    });
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
