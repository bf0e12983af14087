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

type Members = Record<PropertyKey, unknown>;

/** Promises, iterators and streams are named, never advanced. */
function opaqueName(value: object): string | null {
  const name = tagOf(value);
  const isOpaque =
    ["then", "next", "getReader", Symbol.asyncIterator].some((key) => typeof (value as Members)[key] === "function") ||
    name.startsWith("[object Weak");
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

/** Of the value that is being written. */
let membersLeft = 0;

/** null for what JSON.stringify would write otherwise than the table of forms says. */
function plainJson(value: unknown): string | null {
  try {
    membersLeft = MAX_MEMBERS + 1; // and the value itself
    return writePlain(value, 0);
  } catch {
    return null; // a getter or a proxy threw: the slow writer says where
  }
}

/** What JSON.stringify writes, in half its time: text without anything to escape is not copied. */
function writePlain(value: unknown, depth: number): string | null {
  if (--membersLeft < 0) return null;
  if (typeof value === "string") return quotePlain(value);
  if (typeof value === "number") return value - value === 0 ? `${value}` : null;
  if (value === null || typeof value === "boolean") return `${value}`;
  if (typeof value !== "object" || depth >= MAX_DEPTH || (value as { toJSON?: unknown }).toJSON !== undefined) return null;
  let text = "";
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const member = writePlain(value[i], depth + 1);
      if (member === null) return null;
      if (i > 0) text += ",";
      text += member;
    }
    return `[${text}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return null;
  let last = noKey;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const member = writePlain((value as Record<string, unknown>)[key], depth + 1);
    if (member === null) return null;
    last = last.next?.key === key ? last.next : (last.next = quoteKey(key));
    text += text === "" ? last.first : last.later;
    text += member;
  }
  return text === "" ? "{}" : `${text}}`;
}

// eslint-disable-next-line no-control-regex -- these are what JSON escapes
const ESCAPED = /["\\\u0000-\u001f]/;
/** Up to here the characters are looked at one by one. */
const SHORT = 24;

function quotePlain(text: string): string {
  if (text.length < SHORT) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 32 || unit === 34 || unit === 92 || unit >= 0xd800) return JSON.stringify(text);
    }
    return `"${text}"`;
  }
  return ESCAPED.test(text) || wellFormed(text) !== text ? JSON.stringify(text) : `"${text}"`;
}

interface QuotedKey {
  readonly key: string;
  readonly first: string;
  readonly later: string;
  /** What followed the last time: objects of a kind have their keys in the same order. */
  next?: QuotedKey;
}

/** Stands before the first key of every object. */
const noKey = {} as QuotedKey;

const MAX_KEYS = 1000;
const quotedKeys = new Map<string, QuotedKey>();

function quoteKey(key: string): QuotedKey {
  let known = quotedKeys.get(key);
  if (known === undefined) {
    if (quotedKeys.size === MAX_KEYS) quotedKeys.clear();
    const quoted = JSON.stringify(key);
    known = { key, first: `{${quoted}:`, later: `,${quoted}:` };
    // Through JSON and back: then each is in one piece, and need not be joined in every text it goes into.
    quotedKeys.set(key, (known = JSON.parse(JSON.stringify(known)) as QuotedKey));
  }
  return known;
}

/** JSON text of any value, as the host spaces it. `undefined` is null. Never throws. */
export function jsonTextOf(value: unknown): string {
  return plainJson(value) ?? writeSlowly(value);
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
