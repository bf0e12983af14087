// Reads GET /api/stream of the local receiver: frames without an end, over as many connections as it takes.
//
//   frame := payloadLength:u32 type:u8 sequence:u32 payload      (little endian)
//
// The last sequence number is sent with each new connection, so nothing comes twice. Waiting between attempts
// doubles from a quarter of a second to five seconds. A wrong token is final.

export const FrameType = { protobuf: 1, json: 2, status: 3 } as const;

/** A length beyond this is not the receiver's. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
const HEADER_BYTES = 9;
const FIRST_WAIT_MILLIS = 250;
const LONGEST_WAIT_MILLIS = 5000;

export interface StreamListener {
  onFrame(type: number, payload: Uint8Array): void;
  onState(state: "connecting" | "live" | "lost" | "refused"): void;
}

export class ReceiverStream {
  readonly #url: string;
  readonly #token: string;
  readonly #listener: StreamListener;
  readonly #abort = new AbortController();
  #sequence = 0;

  constructor(origin: string, token: string, listener: StreamListener) {
    this.#url = `${origin}/api/stream`;
    this.#token = token;
    this.#listener = listener;
  }

  close(): void {
    this.#abort.abort();
  }

  async run(): Promise<void> {
    let wait = FIRST_WAIT_MILLIS;
    while (!this.#abort.signal.aborted) {
      this.#listener.onState("connecting");
      const outcome = await this.#readOnce();
      if (this.#abort.signal.aborted) return;
      this.#listener.onState(outcome === "refused" ? "refused" : "lost");
      if (outcome === "refused") return;
      if (outcome === "had data") wait = FIRST_WAIT_MILLIS;
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, LONGEST_WAIT_MILLIS);
    }
  }

  async #readOnce(): Promise<"refused" | "no answer" | "had data"> {
    let hadData = false;
    try {
      const response = await fetch(`${this.#url}?since=${String(this.#sequence)}`, {
        headers: { Authorization: `Bearer ${this.#token}` },
        signal: this.#abort.signal,
        cache: "no-store",
      });
      if (response.status === 401 || response.status === 403) return "refused";
      if (!response.ok || !response.body) return "no answer";
      this.#listener.onState("live");
      const reader = response.body.getReader();
      const frames = new FrameSplitter();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const frame of frames.push(value)) {
          hadData = true;
          if (frame.type !== FrameType.status) this.#sequence = frame.sequence;
          this.#listener.onFrame(frame.type, frame.payload);
        }
      }
    } catch {
      // The connection broke; what was read stays.
    }
    return hadData ? "had data" : "no answer";
  }
}

export interface Frame {
  type: number;
  sequence: number;
  payload: Uint8Array;
}

/** Cuts a byte stream into frames. Throws where a length cannot be the receiver's. */
export class FrameSplitter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= HEADER_BYTES) {
      const header = this.#peek(HEADER_BYTES);
      const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
      const payloadBytes = view.getUint32(0, true);
      if (payloadBytes > MAX_FRAME_BYTES) throw new Error("a frame is longer than any request can be");
      if (this.#length < HEADER_BYTES + payloadBytes) return;
      const frame = this.#peek(HEADER_BYTES + payloadBytes);
      this.#length -= frame.length;
      this.#drop(frame.length);
      yield { type: view.getUint8(4), sequence: view.getUint32(5, true), payload: frame.subarray(HEADER_BYTES) };
    }
  }

  /** The first `count` bytes in one piece; chunks are joined only when a frame lies across them. */
  #peek(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (first && first.length >= count) return first.subarray(0, count);
    const joined = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
    return joined.subarray(0, count);
  }

  #drop(count: number): void {
    const first = this.#chunks[0];
    if (!first) return;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
  }
}
