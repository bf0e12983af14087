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
  return new Proxy(unconstructed.bind(null) as unknown as Class, new LateClass(name));
}

// A bound function has no `prototype` of its own, which a proxy could not hide.
function unconstructed(): void {
  // the class itself stands in for it
}

class LateClass implements ProxyHandler<Class> {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  get #class(): Class {
    return named(this.#name) as Class;
  }

  construct(_: Class, args: unknown[], newTarget: { prototype: unknown }): object {
    const made = this.#class;
    const isExtended = newTarget.prototype !== made.prototype;
    return Reflect.construct(made, args, isExtended ? (newTarget as Class) : made) as object;
  }
  apply(_: Class, self: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.#class as unknown as Callable, self, args);
  }
  get(_: Class, key: PropertyKey): unknown {
    return Reflect.get(this.#class, key);
  }
  set(_: Class, key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.#class, key, value);
  }
  has(_: Class, key: PropertyKey): boolean {
    return Reflect.has(this.#class, key);
  }
  deleteProperty(_: Class, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#class, key);
  }
  defineProperty(_: Class, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#class, key, descriptor);
  }
  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#class);
  }
  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.#class);
  }
  getOwnPropertyDescriptor(_: Class, key: PropertyKey): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(this.#class, key);
    return descriptor && { ...descriptor, configurable: true };
  }
}
