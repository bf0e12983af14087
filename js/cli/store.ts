// The requests received, oldest first, within a bound of bytes.
//
// Bodies are kept as they came (inflated), not as objects: the page decodes them with the same core, and the
// bound is then a plain sum. Past the bound the oldest requests go, and are counted: the page shows the count.
import type { Encoding } from "./answers.js";

export interface StoredRequest {
  /** 1 for the first request received, then one more each; never reused. */
  sequence: number;
  encoding: Encoding;
  bytes: Uint8Array;
  spans: number;
}

export interface StoreStatus {
  requests: number;
  spans: number;
  bytes: number;
  evictedRequests: number;
  evictedSpans: number;
  capacityBytes: number;
}

/** What one request costs besides its body: its record here and the headers of its buffer. */
const OVERHEAD_BYTES = 256;

export class RequestStore {
  readonly capacityBytes: number;
  // A queue with a moving head: entries before #head are gone, and are cut off when they are the larger half.
  #entries: StoredRequest[] = [];
  #head = 0;
  #bytes = 0;
  #spans = 0;
  #evictedRequests = 0;
  #evictedSpans = 0;
  #lastSequence = 0;
  #listeners = new Set<() => void>();

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** Keeps a request and drops the oldest ones until the sum fits; a request alone over the bound goes too. */
  add(encoding: Encoding, bytes: Uint8Array, spans: number): number {
    const sequence = ++this.#lastSequence;
    this.#entries.push({ sequence, encoding, bytes, spans });
    this.#bytes += bytes.byteLength + OVERHEAD_BYTES;
    this.#spans += spans;
    while (this.#bytes > this.capacityBytes) this.#evictOldest();
    this.#compact();
    for (const listener of this.#listeners) listener();
    return sequence;
  }

  /** The first request kept whose sequence number is greater, or null. */
  after(sequence: number): StoredRequest | null {
    const first = this.#entries[this.#head];
    if (!first) return null;
    // Sequence numbers are consecutive, so the place is known.
    const index = this.#head + Math.max(0, sequence + 1 - first.sequence);
    return this.#entries[index] ?? null;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  status(): StoreStatus {
    return {
      requests: this.#entries.length - this.#head,
      spans: this.#spans,
      bytes: this.#bytes,
      evictedRequests: this.#evictedRequests,
      evictedSpans: this.#evictedSpans,
      capacityBytes: this.capacityBytes,
    };
  }

  /** Calls back after each change; returns the remover. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #evictOldest(): void {
    const oldest = this.#entries[this.#head];
    if (!oldest) return;
    this.#entries[this.#head] = { ...oldest, bytes: new Uint8Array(0) }; // lets the body go before the array is cut
    this.#head += 1;
    this.#bytes -= oldest.bytes.byteLength + OVERHEAD_BYTES;
    this.#spans -= oldest.spans;
    this.#evictedRequests += 1;
    this.#evictedSpans += oldest.spans;
  }

  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
