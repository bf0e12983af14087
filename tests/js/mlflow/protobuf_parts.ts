// Messages inside a protobuf message, found by their field numbers. Enough for tests to compare parts byte by byte.

/** All messages at the path of fields, in order. */
export function messagesAt(message: Uint8Array, path: readonly number[]): Uint8Array[] {
  const [field, ...rest] = path;
  if (field === undefined) return [message];
  return fieldsOf(message, field).flatMap((inner) => messagesAt(inner, rest));
}

function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = varint();
      if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
