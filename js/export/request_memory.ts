// Memory for requests, used again once a request is over: fresh memory costs more than encoding into it.

const MAX_SPARE = 2;
const MAX_SPARE_BYTES = 2 << 20;

export class RequestMemory {
  readonly #spare: Uint8Array[] = [];

  take(): Uint8Array | undefined {
    return this.#spare.pop();
  }

  /** Nobody else may hold `bytes`, or the memory around them. */
  give({ buffer }: Uint8Array): void {
    if (this.#spare.length < MAX_SPARE && buffer.byteLength <= MAX_SPARE_BYTES) this.#spare.push(new Uint8Array(buffer));
  }
}
