// HTTP for exporters with fetch: browsers, workers and other runtimes.

import type { ExportPlatform, HttpAnswer, HttpClient, HttpRequest } from "../export/transport.js";

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class FetchHttpClient implements HttpClient {
  readonly #active = new Set<AbortController>();

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const abort = new AbortController();
    this.#active.add(abort);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      abort.abort();
    }, request.timeoutMillis);
    try {
      const response = await originalFetch()(request.url, {
        method: request.method,
        headers: request.headers,
        // GET with a body, even an empty one, is refused.
        body: request.body.byteLength === 0 ? null : (request.body as Uint8Array<ArrayBuffer>),
        keepalive: request.keepalive,
        redirect: "manual",
        cache: "no-store",
        signal: abort.signal,
      });
      return await readAnswer(response, request.maxAnswerBytes);
    } catch (error) {
      return { kind: "none", cause: isLate ? "timeout" : error instanceof Error ? error.name : "error" };
    } finally {
      clearTimeout(timer);
      this.#active.delete(abort);
    }
  }

  close(): void {
    for (const abort of this.#active) abort.abort();
  }
}

export const exportPlatform: ExportPlatform = {
  createHttpClient: () => new FetchHttpClient(),
  gzip,
  setsUserAgent: false,
};

/** Instrumentations keep the original under this name; our own requests must not be traced. */
function originalFetch(): typeof fetch {
  const current = globalThis.fetch as typeof fetch & { __original?: unknown };
  return typeof current.__original === "function" ? (current.__original as typeof fetch) : current.bind(globalThis);
}

async function readAnswer(response: Response, maxBytes: number): Promise<HttpAnswer> {
  // A redirect is opaque here: status 0. It is an answer all the same, and a final one.
  const status = response.type === "opaqueredirect" ? 302 : response.status;
  const body = await readBody(response, maxBytes);
  if (body === null) return { kind: "too_large", status };
  return {
    kind: "answer",
    status,
    contentType: response.headers.get("content-type") ?? "",
    retryAfter: response.headers.get("retry-after") ?? "",
    date: response.headers.get("date") ?? "",
    body,
  };
}

/** The stream is inflated already, so what is counted are the bytes that would take memory. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}
