// GET /api/stream?since=<sequence>: what was received, and what is being received, as one body without an end.
//
//   frame   := payloadLength:u32 type:u8 sequence:u32 payload           (little endian)
//   type    := 1 OTLP protobuf request | 2 OTLP JSON request | 3 status (JSON: StoreStatus, and `services`)
//
// A reader first gets what the store holds after `since`, then each new request. A status frame follows each
// change (at most one in STATUS_MILLIS) and otherwise comes every 15 s; its sequence number is the last one given.
// Requests are fetched from the store one at a time, when the connection can take more: a slow reader costs
// one frame of memory and misses what is evicted before it gets there (the status says how much that is).
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestStore } from "./store.js";

export const FRAME_HEADER_BYTES = 9;
export const FrameType = { protobuf: 1, json: 2, status: 3 } as const;

const STATUS_MILLIS = 200;
const HEARTBEAT_MILLIS = 15_000;
/** Written ahead for one reader; a frame larger than this is still written whole. */
const WRITE_AHEAD_BYTES = 1024 * 1024;

export class LiveStream {
  readonly #store: RequestStore;
  readonly #services: readonly string[];
  readonly #readers = new Set<Reader>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #removeListener: () => void;
  #statusTimer: NodeJS.Timeout | null = null;

  /** `services`: path prefixes of what is mounted beside, which a page may want to know. */
  constructor(store: RequestStore, services: readonly string[] = []) {
    this.#store = store;
    this.#services = services;
    this.#heartbeat = setInterval(() => this.#sendStatus(), HEARTBEAT_MILLIS);
    this.#heartbeat.unref();
    this.#removeListener = store.onChange(() => this.#onChange());
  }

  /** Answers one reader until it goes away; `since` is the last sequence number it has. */
  attach(request: IncomingMessage, response: ServerResponse, since: number): void {
    response.statusCode = 200;
    response.setHeader("Content-Type", "application/octet-stream");
    const reader: Reader = {
      response,
      // A number this server never gave comes from an earlier one: such a reader has nothing of ours.
      cursor: since > this.#store.lastSequence ? 0 : since,
      owesStatus: true,
    };
    this.#readers.add(reader);
    response.on("close", () => this.#readers.delete(reader));
    response.on("error", () => response.destroy());
    response.on("drain", () => this.#pump(reader));
    response.flushHeaders();
    this.#pump(reader);
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  close(): void {
    clearInterval(this.#heartbeat);
    if (this.#statusTimer) clearTimeout(this.#statusTimer);
    this.#removeListener();
    for (const { response } of this.#readers) response.end();
    this.#readers.clear();
  }

  #onChange(): void {
    for (const reader of this.#readers) this.#pump(reader);
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = null;
      this.#sendStatus();
    }, STATUS_MILLIS).unref();
  }

  #sendStatus(): void {
    for (const reader of this.#readers) {
      reader.owesStatus = true;
      this.#pump(reader);
    }
  }

  #pump(reader: Reader): void {
    const { response } = reader;
    while (response.writableLength < WRITE_AHEAD_BYTES && !response.writableEnded) {
      const next = this.#store.after(reader.cursor);
      if (next) {
        reader.cursor = next.sequence;
        response.write(frameHeader(FrameType[next.encoding], next.sequence, next.bytes.byteLength));
        response.write(next.bytes);
      } else if (reader.owesStatus) {
        reader.owesStatus = false;
        const payload = Buffer.from(JSON.stringify({ ...this.#store.status(), services: this.#services }));
        response.write(frameHeader(FrameType.status, reader.cursor, payload.length));
        response.write(payload);
      } else {
        return;
      }
    }
  }
}

interface Reader {
  response: ServerResponse;
  /** The last sequence number written. */
  cursor: number;
  owesStatus: boolean;
}

function frameHeader(type: number, sequence: number, payloadBytes: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(payloadBytes, 0);
  header.writeUInt8(type, 4);
  header.writeUInt32LE(sequence, 5);
  return header;
}
