// Is this JSON or protobuf? Told by the content, never by a name.

const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** JSON begins with a bracket, perhaps after white space and a byte order mark; everything else is tried as protobuf. */
export function isJson(bytes: Uint8Array): boolean {
  const content = withoutByteOrderMark(bytes);
  const first = content.find((byte) => !BLANKS.has(byte));
  // 0x0A is both a line feed and the first byte of every OTLP request in protobuf.
  return (first === 0x7b || first === 0x5b) && (content[0] !== 0x0a || looksLikeText(content));
}

function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 200).every((byte) => byte >= 0x20 || BLANKS.has(byte));
}
