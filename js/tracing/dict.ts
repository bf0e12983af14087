// Dictionaries that leave the package: bigints inside, and still fit for JSON.stringify.

/** Gives `dict` a `toJSON` that nobody sees: bigints become decimal strings. */
export function withToJson<T extends object>(dict: T): T {
  Object.defineProperty(dict, "toJSON", { value: () => plain(dict), enumerable: false, configurable: true, writable: true });
  return dict;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
