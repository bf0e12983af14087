// Reads a request's body within bounds, inflating gzip on the way.
//
// Bytes are counted as they come, before and after inflation, and reading stops at the limit: a bomb is never
// unpacked further than the limit. Memory in flight over all requests has a bound of its own.
import type { IncomingMessage } from "node:http";
import { createGunzip, type Gunzip } from "node:zlib";

export type Body =
  | { status: "whole"; bytes: Buffer }
  /** The gzip stream broke or ended early; `bytes` is what could be inflated before. */
  | { status: "broken"; bytes: Buffer; message: string }
  | { status: "too_large"; message: string }
  | { status: "busy" }
  | { status: "slow" }
  | { status: "gone" };

export interface BodyLimits {
  /** Both for the bytes on the wire and for the inflated bytes. */
  maxBodyBytes: number;
  bodyMillis: number;
}

/** More than deflate reaches on anything but a bomb (its ceiling is 1,032 to 1). */
const MAX_RATIO = 1000;
/** Below this many inflated bytes a ratio says nothing. */
const RATIO_FLOOR_BYTES = 1024 * 1024;

/** Bytes of bodies being read right now, over all requests. */
export class InFlight {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }
  add(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= this.#maxBytes;
  }
  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** Reads to the end or to the first reason not to. Never rejects; the request's stream is left where it stopped. */
export function readBody(request: IncomingMessage, gzip: boolean, limits: BodyLimits, inFlight: InFlight): Promise<Body> {
  const { maxBodyBytes, bodyMillis } = limits;
  return new Promise((resolve) => {
    const gunzip: Gunzip | null = gzip ? createGunzip() : null;
    const chunks: Buffer[] = [];
    let received = 0;
    let inflated = 0;
    let held = 0;
    let settled = false;

    const settle = (body: Body): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      request.off("data", onWireData);
      request.off("end", onWireEnd);
      request.off("error", onGone);
      request.off("close", onClose);
      request.on("error", () => {}); // a reset after the decision is nobody's news
      gunzip?.removeAllListeners("data");
      gunzip?.destroy();
      inFlight.release(held);
      resolve(body);
    };
    const hold = (bytes: number): void => {
      held += bytes;
      if (!inFlight.add(bytes)) settle({ status: "busy" });
    };
    const keep = (chunk: Buffer): void => {
      inflated += chunk.length;
      if (inflated > maxBodyBytes) {
        settle({ status: "too_large", message: `body is larger than ${maxBodyBytes} bytes` });
      } else if (gunzip && inflated > RATIO_FLOOR_BYTES && inflated > received * MAX_RATIO) {
        settle({ status: "too_large", message: `body inflates to more than ${MAX_RATIO} times its size` });
      } else {
        chunks.push(chunk);
        hold(chunk.length);
      }
    };

    const onWireData = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > maxBodyBytes) {
        settle({ status: "too_large", message: `body is larger than ${maxBodyBytes} bytes` });
      } else if (!gunzip) {
        keep(chunk);
      } else if (!gunzip.write(chunk)) {
        request.pause();
        gunzip.once("drain", () => request.resume());
      }
    };
    const onWireEnd = (): void => {
      if (gunzip) gunzip.end();
      else settle({ status: "whole", bytes: Buffer.concat(chunks) });
    };
    const onGone = (): void => settle({ status: "gone" });
    const onClose = (): void => {
      if (!request.complete) onGone();
    };
    const timer = setTimeout(() => settle({ status: "slow" }), bodyMillis);

    gunzip?.on("data", keep);
    gunzip?.on("end", () => settle({ status: "whole", bytes: Buffer.concat(chunks) }));
    gunzip?.on("error", (error) => settle({ status: "broken", bytes: Buffer.concat(chunks), message: error.message }));
    request.on("data", onWireData);
    request.on("end", onWireEnd);
    request.on("error", onGone);
    request.on("close", onClose);
  });
}

/**
 * Throws the rest of a body away, so that the client gets to read the answer it was refused with (closing at once
 * would reset the connection under it); a client that goes on past `maxBytes` is cut off.
 */
export function discardRest(request: IncomingMessage, maxBytes: number): void {
  if (request.complete) return;
  let discarded = 0;
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > maxBytes) request.destroy();
  });
  request.on("error", () => {});
  request.resume();
}
