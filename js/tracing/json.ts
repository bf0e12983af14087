// Reading of JSON without loss: integers beyond 2^53 become bigint; the bare NaN and Infinity that
// Python writes are understood.

import { JsonText, type FrozenValue, type Primitive } from "./values.js";

/** Only with this many digits in a row can an integer be beyond 2^53. */
const LONG_DIGITS = /\d{16}/;

/** Parses JSON text. Throws SyntaxError for anything that is not JSON of the kind above. */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
    }
  }
  return new ExactReader(text).read();
}

/** A fresh copy of a frozen value as the caller set it; text that is no JSON stays text. */
export function thawValue(value: FrozenValue): unknown {
  if (value instanceof JsonText) return parseOrText(value.text);
  if (typeof value === "object" && value !== null) return (value as Uint8Array | readonly Primitive[]).slice();
  return value;
}

/** A string set by another instrumentation: parsed where it holds an object, array or quoted string. */
export function thawNativeValue(value: FrozenValue): unknown {
  if (typeof value === "string" && /^\s*[{["]/.test(value)) return parseOrText(value);
  return thawValue(value);
}

function parseOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** Reads with a stack of its own: depth is bounded by memory, not by the call stack. */
class ExactReader {
  readonly #text: string;
  readonly #token = /\s*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]+|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null|NaN|-?Infinity))/y;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const root: unknown[] = [];
    const stack: (unknown[] | Record<string, unknown>)[] = [root];
    const keys: (string | null)[] = [null];
    for (;;) {
      const container = stack[stack.length - 1] as unknown[] | Record<string, unknown>;
      let token = this.#next();
      if (container !== root && token === (Array.isArray(container) ? "]" : "}") && isEmpty(container)) {
        stack.pop();
        keys.pop();
      } else {
        if (!Array.isArray(container)) {
          keys[keys.length - 1] = this.#string(token);
          if (this.#next() !== ":") this.#fail();
          token = this.#next();
        }
        const value = token === "{" ? {} : token === "[" ? [] : this.#scalar(token);
        put(container, keys[keys.length - 1] ?? null, value);
        if (token === "{" || token === "[") {
          stack.push(value as unknown[]);
          keys.push(null);
          continue;
        }
      }
      // A value is complete: close what ends here, or go on behind a comma.
      while (stack.length > 1) {
        const closing = Array.isArray(stack[stack.length - 1]) ? "]" : "}";
        const separator = this.#next();
        if (separator === ",") break;
        if (separator !== closing) this.#fail();
        stack.pop();
        keys.pop();
      }
      if (stack.length === 1) break;
    }
    if (/\S/.test(this.#text.slice(this.#token.lastIndex))) this.#fail();
    return root[0];
  }

  #next(): string {
    const place = this.#token.lastIndex;
    const match = this.#token.exec(this.#text);
    if (match === null) {
      this.#token.lastIndex = place;
      this.#fail();
    }
    return (match[1] ?? match[2] ?? match[3] ?? match[4]) as string;
  }

  #string(token: string): string {
    if (token[0] !== '"') this.#fail();
    return JSON.parse(token) as string;
  }

  #scalar(token: string): unknown {
    if (token === "NaN" || token.endsWith("Infinity")) return Number(token);
    if (/^-?\d+$/.test(token)) {
      const number = Number(token);
      return Number.isSafeInteger(number) ? (JSON.parse(token) as number) : BigInt(token);
    }
    return JSON.parse(token) as unknown;
  }

  #fail(): never {
    throw new SyntaxError(`not JSON at character ${String(this.#token.lastIndex)}`);
  }
}

function isEmpty(container: unknown[] | Record<string, unknown>): boolean {
  for (const _ in container) return false;
  return true;
}

function put(container: unknown[] | Record<string, unknown>, key: string | null, value: unknown): void {
  if (Array.isArray(container)) container.push(value);
  else if (key === "__proto__") Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  else container[key as string] = value;
}
