/** `using span = startSpan(…)`, where the host knows it. */
export function makeDisposable(prototype: object, value: () => void): void {
  if (typeof Symbol.dispose === "symbol")
    Object.defineProperty(prototype, Symbol.dispose, { value, configurable: true, writable: true });
}
