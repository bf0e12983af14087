// What browsers allow of requests that outlive their page: Chromium and others take 64 KiB and nine
// requests at once, over the whole page and all of its exporters.

const MAX_BYTES = 60 << 10;
const MAX_REQUESTS = 9;

const inUse = { bytes: 0, requests: 0 };

export function hasKeepaliveRequest(): boolean {
  return inUse.requests < MAX_REQUESTS;
}

export function fitsKeepalive(bytes: number): boolean {
  return hasKeepaliveRequest() && inUse.bytes + bytes <= MAX_BYTES;
}

/** The request of `send` counts until it is answered. */
export async function withinKeepalive<T>(bytes: number, send: () => Promise<T>): Promise<T> {
  inUse.bytes += bytes;
  inUse.requests++;
  try {
    return await send();
  } finally {
    inUse.bytes -= bytes;
    inUse.requests--;
  }
}
