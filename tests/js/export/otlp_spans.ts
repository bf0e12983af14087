// The spans of an OTLP request, read by a few lines of our own: what the receiver saw.

export interface SeenSpan {
  spanId: string;
  name: string;
}

export function spansOfRequest(body: Uint8Array, contentType: string): SeenSpan[] {
  return contentType.startsWith("application/json") ? spansOfJson(body) : spansOfProtobuf(body);
}

interface JsonRequest {
  resourceSpans?: { scopeSpans?: { spans?: { spanId: string; name: string }[] }[] }[];
}

function spansOfJson(body: Uint8Array): SeenSpan[] {
  const request = JSON.parse(new TextDecoder().decode(body)) as JsonRequest;
  return (request.resourceSpans ?? [])
    .flatMap((resource) => resource.scopeSpans ?? [])
    .flatMap((scope) => scope.spans ?? [])
    .map(({ spanId, name }) => ({ spanId, name }));
}

function spansOfProtobuf(body: Uint8Array): SeenSpan[] {
  return messages(body, 1)
    .flatMap((resourceSpans) => messages(resourceSpans, 2))
    .flatMap((scopeSpans) => messages(scopeSpans, 2))
    .map((span) => ({
      spanId: Buffer.from(messages(span, 2)[0] ?? []).toString("hex"),
      name: new TextDecoder().decode(messages(span, 5)[0]),
    }));
}

/** The length-delimited fields of this number. */
function messages(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error(`cut off at ${String(at)}`);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (length > bytes.length - at) throw new Error(`cut off at ${String(at)}`);
      if (Math.floor(tag / 8) === wanted) found.push(bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${String(type)} at ${String(at)}`);
  }
  return found;
}
