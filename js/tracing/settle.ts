// What a body gave: a value, or a promise of one. The caller gets what it would get untraced.

export interface Settlement {
  /** Gives what the caller is to be given in place of `value`, mostly `value`. */
  fulfilled(value: unknown): unknown;
  rejected(error: unknown): void;
}

/** Calls one of the two now or when `result` settles; gives what the caller is to be given. */
export function whenSettled<R>(result: R, settlement: Settlement): R {
  if (!isThenable(result)) {
    return settlement.fulfilled(result) as R;
  }
  if (result.then === Promise.prototype.then) {
    const followed: Promise<unknown> = (result as unknown as Promise<unknown>).then(
      (value) => settlement.fulfilled(value),
      (error: unknown) => {
        settlement.rejected(error);
        throw error;
      },
    );
    return followed as unknown as R;
  }
  return followForeign(result, settlement);
}

interface Thenable {
  then: (...args: unknown[]) => unknown;
}

function isThenable(value: unknown): value is Thenable {
  try {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/** A query builder or a client's own promise may start its work only when `then` is called: never call it for them. */
function followForeign<R>(result: R & Thenable, settlement: Settlement): R {
  const original = result.then;
  const then = function (this: unknown, onFulfilled?: unknown, onRejected?: unknown): unknown {
    return original.call(
      this,
      (value: unknown) => {
        const given = settlement.fulfilled(value);
        return typeof onFulfilled === "function" ? (onFulfilled as (v: unknown) => unknown)(given) : given;
      },
      (error: unknown) => {
        settlement.rejected(error);
        if (typeof onRejected === "function") return (onRejected as (e: unknown) => unknown)(error);
        throw error;
      },
    );
  };
  try {
    Object.defineProperty(result, "then", { value: then, configurable: true, writable: true, enumerable: false });
  } catch {
    settlement.fulfilled(undefined);
  }
  return result;
}
