// What a value becomes when it is set: frozen at once, never consumed, never throwing.
//
// Primitives stay as they are, arrays of one kind of primitive are copied, everything else becomes
// JSON text (design: a value set on a span is a snapshot). The table of forms is in docs/values.md.

/** JSON text of a value that is kept as text. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Primitive = string | number | boolean | bigint;
/** What an attribute holds. `null` is OTLP's empty value. */
export type FrozenValue = Primitive | null | JsonText | Uint8Array | readonly Primitive[];

const MAX_DEPTH = 64;
const MAX_MEMBERS = 10_000;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

const toWellFormed = (String.prototype as { toWellFormed?: (this: string) => string }).toWellFormed;

/** Lone surrogates replaced by U+FFFD. */
export function wellFormed(text: string): string {
  if (toWellFormed !== undefined) return toWellFormed.call(text);
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** The form a value is kept in; `undefined` where nothing is to be set. Never throws. */
export function freezeValue(value: unknown): FrozenValue | undefined {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
      return value > MAX_INT64 || value < MIN_INT64 ? value.toString() : value;
    case "function":
    case "symbol":
      return describeUnserializable(value);
    case "object":
      break;
  }
  try {
    return freezeObject(value as object | null);
  } catch (error) {
    return threw(error);
  }
}

function freezeObject(value: object | null): FrozenValue {
  if (value === null) return null;
  if (Array.isArray(value)) return freezeArray(value) ?? new JsonText(jsonTextOf(value));
  const bytes = bytesOf(value);
  if (bytes !== null) return bytes;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const members = Array.from(value as unknown as Iterable<number | bigint>);
    return freezeArray(members) ?? new JsonText(jsonTextOf(members));
  }
  if (value instanceof Set) {
    const members = [...(value as Set<unknown>)];
    return freezeArray(members) ?? new JsonText(jsonTextOf(members));
  }
  if (value instanceof Date) return dateText(value);
  const opaque = opaqueName(value);
  if (opaque !== null) return opaque;
  return new JsonText(jsonTextOf(value));
}

/** A copy where all members are of one primitive type; null otherwise. */
function freezeArray(members: readonly unknown[]): readonly Primitive[] | null {
  if (members.length > MAX_MEMBERS) return null;
  const type = typeof members[0];
  if (members.length > 0 && type !== "string" && type !== "number" && type !== "boolean" && type !== "bigint") return null;
  for (let i = 0; i < members.length; i++) {
    const member = members[i];
    if (typeof member !== type) return null;
    if (type === "bigint" && ((member as bigint) > MAX_INT64 || (member as bigint) < MIN_INT64)) return null;
  }
  return members.slice() as Primitive[];
}

function bytesOf(value: object): Uint8Array | null {
  const name = Object.prototype.toString.call(value);
  if (name === "[object Uint8Array]") return Uint8Array.from(value as Uint8Array);
  if (name === "[object ArrayBuffer]") return new Uint8Array((value as ArrayBuffer).slice(0));
  return null;
}

function dateText(value: Date): string {
  return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
}

function describeUnserializable(value: unknown): string {
  if (typeof value === "symbol") return `[Symbol: ${value.description ?? ""}]`;
  let name: unknown;
  try {
    name = (value as { name?: unknown }).name;
  } catch {
    name = undefined;
  }
  return `[Function: ${typeof name === "string" && name !== "" ? name : "anonymous"}]`;
}

/** Promises, iterators and streams are named, never advanced. */
function opaqueName(value: object): string | null {
  const name = Object.prototype.toString.call(value);
  const v = value as { then?: unknown; next?: unknown; getReader?: unknown; [Symbol.asyncIterator]?: unknown };
  const isOpaque =
    typeof v.then === "function" ||
    typeof v.next === "function" ||
    typeof v.getReader === "function" ||
    typeof v[Symbol.asyncIterator] === "function" ||
    name === "[object WeakMap]" ||
    name === "[object WeakSet]" ||
    name === "[object WeakRef]";
  return isOpaque ? name : null;
}

/** A string for anything, whatever its toString does. */
export function safeText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "[unprintable]";
  }
}

function threw(error: unknown): string {
  let message: unknown = error;
  try {
    if (typeof error === "object" && error !== null && "message" in error) message = (error as { message: unknown }).message;
  } catch {
    message = "unknown";
  }
  return `[Threw: ${safeText(message)}]`;
}

/** JSON text of any value, as the host spaces it. `undefined` is null. Never throws. */
export function jsonTextOf(value: unknown): string {
  try {
    if (isPlain(value, 0, { left: MAX_MEMBERS })) return JSON.stringify(value);
  } catch {
    // A getter or a proxy threw: the slow writer says where.
  }
  return new SlowWriter().write(value);
}

/** True for values that JSON.stringify writes just as the table of forms says. */
function isPlain(value: unknown, depth: number, budget: { left: number }): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0;
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    budget.left -= value.length;
    if (budget.left < 0 || (value as { toJSON?: unknown }).toJSON !== undefined) return false;
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1, budget)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false;
  for (const key in value) {
    if (--budget.left < 0 || !isPlain((value as Record<string, unknown>)[key], depth + 1, budget)) return false;
  }
  return true;
}

/** Writes what JSON.stringify would refuse, drop or misrepresent. */
class SlowWriter {
  readonly #ancestors: object[] = [];
  #left = MAX_MEMBERS;

  write(value: unknown): string {
    try {
      return this.#value(value);
    } catch (error) {
      return JSON.stringify(threw(error));
    }
  }

  #value(value: unknown): string {
    switch (typeof value) {
      case "string":
        return JSON.stringify(wellFormed(value));
      case "boolean":
        return value ? "true" : "false";
      case "number":
        return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
      case "bigint":
        return value.toString();
      case "undefined":
        return "null";
      case "function":
      case "symbol":
        return JSON.stringify(wellFormed(describeUnserializable(value)));
      case "object":
        return value === null ? "null" : this.#object(value);
    }
  }

  #object(value: object): string {
    if (this.#ancestors.includes(value)) return '"[Circular]"';
    if (this.#ancestors.length >= MAX_DEPTH) return "null";
    this.#ancestors.push(value);
    try {
      return this.#members(value);
    } catch (error) {
      return JSON.stringify(wellFormed(threw(error)));
    } finally {
      this.#ancestors.pop();
    }
  }

  #members(value: object): string {
    if (Array.isArray(value)) return this.#list(value);
    const bytes = bytesOf(value);
    if (bytes !== null) return JSON.stringify(base64(bytes));
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return this.#list(Array.from(value as unknown as Iterable<unknown>));
    if (value instanceof Date) return JSON.stringify(dateText(value));
    if (value instanceof Set) return this.#list([...(value as Set<unknown>)]);
    if (value instanceof Map) return this.#entries([...(value as Map<unknown, unknown>)].map(([k, v]) => [keyText(k), () => v]));
    const opaque = opaqueName(value);
    if (opaque !== null) return JSON.stringify(opaque);
    const toJson = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson === "function") return this.#value((toJson as (key: string) => unknown).call(value, ""));
    if (isError(value)) {
      const { name, message, stack } = value;
      return this.#entries([["name", () => name], ["message", () => message], ["stack", () => stack]]);
    }
    return this.#entries(Object.keys(value).map((key) => [key, () => (value as Record<string, unknown>)[key]]));
  }

  #list(members: readonly unknown[]): string {
    const parts: string[] = [];
    for (let i = 0; i < members.length; i++) {
      if (--this.#left < 0) {
        parts.push(JSON.stringify(`[${String(members.length - i)} more]`));
        break;
      }
      parts.push(this.#value(members[i]));
    }
    return `[${parts.join(",")}]`;
  }

  #entries(entries: readonly (readonly [string, () => unknown])[]): string {
    const parts: string[] = [];
    for (let i = 0; i < entries.length; i++) {
      const [key, read] = entries[i] as readonly [string, () => unknown];
      if (--this.#left < 0) {
        parts.push(`"[more]":${String(entries.length - i)}`);
        break;
      }
      parts.push(`${JSON.stringify(wellFormed(key))}:${this.#member(read)}`);
    }
    return `{${parts.join(",")}}`;
  }

  #member(read: () => unknown): string {
    let value: unknown;
    try {
      value = read();
    } catch (error) {
      return JSON.stringify(wellFormed(threw(error)));
    }
    return this.#value(value);
  }
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : safeText(key);
}

/** By shape: `instanceof` fails across realms. */
export function isError(value: unknown): value is Error {
  return (
    typeof value === "object" &&
    value !== null &&
    (value instanceof Error || Object.prototype.toString.call(value) === "[object Error]") &&
    typeof (value as Error).message === "string"
  );
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** At most `limit` UTF-16 units, never half a surrogate pair. */
export function truncateText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const splitsPair =
    limit > 0 && (text.charCodeAt(limit - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(limit) & 0xfc00) === 0xdc00;
  return text.slice(0, splitsPair ? limit - 1 : limit);
}

/** Cuts strings, bytes and members of arrays to the attribute value length limit. */
export function truncateValue(value: FrozenValue, limit: number): FrozenValue {
  if (typeof value === "string") return truncateText(value, limit);
  if (value instanceof Uint8Array) return value.length > limit ? value.slice(0, limit) : value;
  if (Array.isArray(value)) return value.map((v: Primitive) => (typeof v === "string" ? truncateText(v, limit) : v));
  return value;
}
