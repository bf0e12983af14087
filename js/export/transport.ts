// One HTTP request as exporters and clients see it, whatever the platform sends it with.

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  headers: Record<string, string>;
  /** Empty: the request has none. */
  body: Uint8Array;
  /** Bounds the attempt as a whole, to the last byte of the answer. */
  timeoutMillis: number;
  /** The answer may have this many bytes after inflation. */
  maxAnswerBytes: number;
  /** Browsers: the request may outlive the page. Elsewhere without meaning. */
  keepalive: boolean;
  /** Node: the process waits for the answer. Absent: it may end before. */
  keepsProcess?: boolean;
}

export type HttpAnswer =
  /** An answer that arrived whole. Redirects are answers; they are not followed. */
  | { kind: "answer"; status: number; contentType: string; retryAfter: string; date: string; body: Uint8Array }
  /** No connection, or one that broke or stood still: nobody knows whether the request arrived. */
  | { kind: "none"; cause: string }
  /** The answer was larger than asked for. */
  | { kind: "too_large"; status: number };

export interface HttpClient {
  /** Never rejects. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Loads what requests to this protocol ("http:", "https:") need, so that the first one need not. */
  prepare?(protocol: string): void;
  /** Breaks off what is under way and closes idle connections. */
  close(): void;
}

/** What differs between Node and browsers for exporters: js/platform/. */
export interface ExportPlatform {
  createHttpClient(options: { maxConnections: number }): HttpClient;
  gzip(bytes: Uint8Array): Promise<Uint8Array>;
  /** Browsers set their own. */
  readonly setsUserAgent: boolean;
}
