// Stand-ins for exports of code that is read when the first of them is used (scripts/bundle_js.mjs).

import { TraceError } from "../trace_error.js";

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
  try {
    names ??= read();
  } catch (error) {
    const message = "late.cjs is missing beside the package's main file, or cannot be read: deploy the package's whole folder";
    throw new TraceError("RESOURCE_DOES_NOT_EXIST", message, { cause: error });
  }
  return names[name];
}

export function lateFunction(name: string): Callable {
  return function (...args) {
    return Reflect.apply(named(name) as Callable, this, args);
  };
}

/** Constructs, extends, compares and inspects as the class itself; `constructor` of its objects is that class. */
export function lateClass(name: string): Class {
  const target = Object.defineProperty(unconstructed.bind(null), "name", { value: name, configurable: true });
  return new Proxy(target as unknown as Class, new LateClass(name));
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
    return Reflect.construct(this.#class, args, this.#isSelf(newTarget) ? this.#class : (newTarget as Class)) as object;
  }
  apply(_: Class, self: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.#class as unknown as Callable, self, args);
  }
  // `receiver` is the stand-in, or a class that extends it: that one's statics are its own.
  get(_: Class, key: PropertyKey, receiver: { prototype: unknown }): unknown {
    return Reflect.get(this.#class, key, key === "prototype" || this.#isSelf(receiver) ? this.#class : receiver);
  }
  set(_: Class, key: PropertyKey, value: unknown, receiver: { prototype: unknown }): boolean {
    return Reflect.set(this.#class, key, value, this.#isSelf(receiver) ? this.#class : receiver);
  }
  #isSelf(receiver: { prototype: unknown }): boolean {
    return receiver.prototype === this.#class.prototype;
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
