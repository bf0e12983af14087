import { beforeEach, expect, test } from "@jest/globals";
import { lateClass, lateFunction, setLateReader } from "../../../js/platform/node_late.js";

class Base {
  static made = 0;
  constructor(readonly size: number) {
    Base.made++;
  }
  double(): number {
    return this.size * 2;
  }
  static of(size: number): Base {
    return new this(size);
  }
}

function sum(this: { offset: number } | undefined, a: number, b: number): number {
  return (this?.offset ?? 0) + a + b;
}

let reads = 0;
const LateBase = lateClass("Base") as unknown as typeof Base;
const lateSum = lateFunction("sum") as typeof sum;

beforeEach(() => {
  reads = 0;
  Base.made = 0;
  setLateReader(() => {
    reads++;
    return { Base, sum };
  });
});

test("the code behind is read once, with the first use and not before", () => {
  expect(reads).toBe(0);
  expect(lateSum.call(undefined, 1, 2)).toBe(3);
  expect(new LateBase(4).double()).toBe(8);
  expect(lateSum.call({ offset: 10 }, 1, 2)).toBe(13);
  expect(reads).toBe(1);
});

test("a stand-in constructs, extends and compares as the class", () => {
  const made = new LateBase(3);
  expect(made).toBeInstanceOf(Base);
  expect(made).toBeInstanceOf(LateBase);
  expect(new Base(1)).toBeInstanceOf(LateBase);
  expect(made.constructor).toBe(Base);

  class Larger extends LateBase {
    override double(): number {
      return super.double() + 1;
    }
  }
  const larger = new Larger(3);
  expect(larger.double()).toBe(7);
  expect(larger).toBeInstanceOf(Larger);
  expect(larger).toBeInstanceOf(Base);
  expect(larger.constructor).toBe(Larger);
});

test("statics are those of the class, read and written", () => {
  expect(LateBase.of(5).size).toBe(5);
  expect(LateBase.made).toBe(1);
  LateBase.made = 40;
  expect(Base.made).toBe(40);
  expect(LateBase.name).toBe("Base");
  expect(LateBase.length).toBe(1);
  expect("of" in LateBase).toBe(true);
  expect(Reflect.ownKeys(LateBase)).toEqual(Reflect.ownKeys(Base));
  expect(Object.getOwnPropertyDescriptor(LateBase, "made")?.value).toBe(40);
  expect(Object.getPrototypeOf(LateBase)).toBe(Object.getPrototypeOf(Base));
  Object.defineProperty(LateBase, "extra", { value: 1, configurable: true });
  expect("extra" in Base).toBe(true);
  expect(Reflect.deleteProperty(LateBase, "extra")).toBe(true);
  expect("extra" in Base).toBe(false);
});

test("a static that is set on a subclass is that one's own", () => {
  class First extends LateBase {}
  class Second extends LateBase {}
  First.made = 7;
  expect(First.made).toBe(7);
  expect(Second.made).toBe(0);
  expect(Base.made).toBe(0);
});

test("what the class throws and refuses is what the caller sees", () => {
  expect(() => (LateBase as unknown as () => void)()).toThrow(TypeError);
  const gone = new Error("the file is gone");
  setLateReader(() => {
    throw gone;
  });
  expect(() => new LateBase(1)).toThrow(expect.objectContaining({ errorCode: "RESOURCE_DOES_NOT_EXIST", cause: gone }));
});
