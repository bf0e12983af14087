// Stand-ins for exports of code that is read when the first of them is used (scripts/bundle_js.mjs).

type Class = new (...args: unknown[]) => object;
type Callable = (this: unknown, ...args: unknown[]) => unknown;
type Names = Record<string, unknown>;

let read: () => Names = () => ({});
let names: Names | null = null;

/** `reader` is called once, with the first use of a stand-in. */
export function setLateReader(reader: () => Names): void {
  read = reader;
  names = null;
}

function named(name: string): unknown {
  return (names ??= read())[name];
}

export function lateFunction(name: string): Callable {
  return function (...args) {
    return Reflect.apply(named(name) as Callable, this, args);
  };
}

/** Constructs, extends, compares and inspects as the class itself; `constructor` of its objects is that class. */
export function lateClass(name: string): Class {
  // A bound function has no `prototype` of its own, which a proxy could not hide.
  const target = Object.defineProperty(unconstructed.bind(null), "name", { value: name });
  const real = (): Class => named(name) as Class;
  const proxy: Class = new Proxy(target as unknown as Class, {
    construct: (_, args, newTarget) => Reflect.construct(real(), args, newTarget === proxy ? real() : newTarget) as object,
    apply: (_, self, args) => Reflect.apply(real() as unknown as Callable, self, args),
    get: (_, key) => Reflect.get(real(), key) as unknown,
    set: (_, key, value) => Reflect.set(real(), key, value),
    has: (_, key) => Reflect.has(real(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(real(), key),
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(real(), key, descriptor),
    ownKeys: () => Reflect.ownKeys(real()),
    getPrototypeOf: () => Reflect.getPrototypeOf(real()),
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(real(), key);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
  return proxy;
}

function unconstructed(): void {
  // the class itself stands in for it
}
