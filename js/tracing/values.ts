// What a value becomes when it is set: frozen at once, never consumed, never throwing.
//
// Primitives stay as they are, arrays of one kind of primitive are copied, everything else becomes
// JSON text (design: a value set on a span is a snapshot). The table of forms is in docs/values.md.

/** JSON text of a value that is kept as text. */
export class JsonText {
  text: string;
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

/** "[object …]": tells kinds of objects across realms, where `instanceof` fails. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

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
  const plain = plainJson(value);
  if (plain !== null) return new JsonText(plain);
  const bytes = bytesOf(value);
  if (bytes !== null) return bytes;
  if (isNumberArray(value) || value instanceof Set) {
    const members = [...(value as Iterable<unknown>)];
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
  const name = tagOf(value);
  if (name === "[object Uint8Array]") return Uint8Array.from(value as Uint8Array);
  if (name === "[object ArrayBuffer]") return new Uint8Array((value as ArrayBuffer).slice(0));
  return null;
}

function isNumberArray(value: object): boolean {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
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
  const name = tagOf(value);
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

/** The keys of the last object of numbers, by place, and what stands before their values. */
const lastKeys: string[] = [];
const lastPrefixes: string[] = [];
const MAX_NUMBERS = 8;
const { hasOwnProperty } = Object.prototype;

/** Token counts and the like, in a fifth of the time JSON.stringify takes. null for any other object. */
function numbersJson(value: object): string | null {
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return null;
  let text = "";
  let i = 0;
  for (const key in value) {
    const number = (value as Record<string, unknown>)[key];
    if (typeof number !== "number" || number - number !== 0 || i === MAX_NUMBERS || !hasOwnProperty.call(value, key)) return null;
    if (lastKeys[i] !== key) {
      lastKeys[i] = key;
      lastPrefixes[i] = `${i === 0 ? "{" : ","}${JSON.stringify(key)}:`;
    }
    text += `${lastPrefixes[i]}${number}`;
    i++;
  }
  return i === 0 ? null : `${text}}`;
}

/** null for what JSON.stringify would write otherwise than the table of forms says. */
function plainJson(value: unknown): string | null {
  try {
    if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      const numbers = numbersJson(value);
      if (numbers !== null) return numbers;
    }
    return isPlain(value, 0, { left: MAX_MEMBERS }) ? JSON.stringify(value) : null;
  } catch {
    return null; // a getter or a proxy threw: the slow writer says where
  }
}

/** JSON text of any value, as the host spaces it. `undefined` is null. Never throws. */
export function jsonTextOf(value: unknown): string {
  const plain = plainJson(value);
  if (plain !== null) return plain;
  return writeSlowly(value);
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
function writeSlowly(root: unknown): string {
  const ancestors: object[] = [];
  let left = MAX_MEMBERS;

  const text = (value: unknown): string => {
    if (value === undefined || value === null) return "null";
    if (typeof value === "boolean" || typeof value === "bigint") return String(value);
    if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : quote(String(value));
    if (typeof value === "string") return quote(value);
    if (typeof value !== "object") return quote(describeUnserializable(value));
    if (ancestors.includes(value)) return '"[Circular]"';
    if (ancestors.length >= MAX_DEPTH) return "null";
    ancestors.push(value);
    const written = read(() => members(value));
    ancestors.pop();
    return written;
  };

  const members = (value: object): string => {
    if (Array.isArray(value)) return list(value);
    const bytes = bytesOf(value);
    if (bytes !== null) return quote(base64(bytes));
    if (isNumberArray(value) || value instanceof Set) return list([...(value as Iterable<unknown>)]);
    if (value instanceof Date) return quote(dateText(value));
    if (value instanceof Map)
      return entries([...(value as Map<unknown, unknown>)].map(([key, member]) => [safeText(key), () => member]));
    const opaque = opaqueName(value);
    if (opaque !== null) return quote(opaque);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return text((toJSON as (key: string) => unknown).call(value, ""));
    const keys = isError(value) ? ["name", "message", "stack"] : Object.keys(value);
    return entries(keys.map((key) => [key, () => (value as Record<string, unknown>)[key]]));
  };

  const list = (all: readonly unknown[]): string => {
    const parts: string[] = [];
    for (let i = 0; i < all.length; i++) {
      if (--left < 0) {
        parts.push(`"[${String(all.length - i)} more]"`);
        break;
      }
      parts.push(text(all[i]));
    }
    return `[${parts.join(",")}]`;
  };

  const entries = (all: readonly (readonly [string, () => unknown])[]): string => {
    const parts: string[] = [];
    for (const [key, member] of all) {
      if (--left < 0) {
        parts.push(`"[more]":${String(all.length - parts.length)}`);
        break;
      }
      parts.push(`${quote(key)}:${read(() => text(member()))}`);
    }
    return `{${parts.join(",")}}`;
  };

  return read(() => text(root));
}

/** What the user's own code (a getter, toJSON, a proxy) throws stands in the text. */
function read(write: () => string): string {
  try {
    return write();
  } catch (error) {
    return quote(threw(error));
  }
}

function quote(text: string): string {
  return JSON.stringify(wellFormed(text));
}

/** By shape: `instanceof` fails across realms. */
export function isError(value: unknown): value is Error {
  return (
    typeof value === "object" &&
    value !== null &&
    (value instanceof Error || tagOf(value) === "[object Error]") &&
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
