import { describe, expect, test } from "@jest/globals";
import { RequestStore } from "../../../js/cli/store.js";

const body = (size: number, fill = 0): Uint8Array => new Uint8Array(size).fill(fill);

describe("RequestStore", () => {
  test("gives requests in order, from any sequence number on", () => {
    const store = new RequestStore(1_000_000);
    for (let index = 1; index <= 5; index += 1) store.add("protobuf", body(10, index), index);

    const walk = (since: number): number[] => {
      const found: number[] = [];
      for (let next = store.after(since); next; next = store.after(next.sequence)) found.push(next.sequence);
      return found;
    };

    expect(walk(0)).toEqual([1, 2, 3, 4, 5]);
    expect(walk(3)).toEqual([4, 5]);
    expect(walk(5)).toEqual([]);
    expect(store.lastSequence).toBe(5);
  });

  test("evicts the oldest first and counts requests and spans", () => {
    const store = new RequestStore(10_000);
    for (let index = 1; index <= 5; index += 1) store.add("json", body(3000), index);

    const status = store.status();

    expect(store.after(0)?.sequence).toBe(3);
    expect(status).toMatchObject({
      requests: 3,
      spans: 3 + 4 + 5,
      evictedRequests: 2,
      evictedSpans: 1 + 2,
      capacityBytes: 10_000,
    });
    expect(status.bytes).toBeLessThanOrEqual(10_000);
  });

  test("drops a request that alone is over the bound, counted", () => {
    const store = new RequestStore(1000);
    store.add("json", body(10), 1);

    store.add("json", body(2000), 7);

    expect(store.status()).toMatchObject({ requests: 0, spans: 0, bytes: 0, evictedRequests: 2, evictedSpans: 8 });
    expect(store.after(0)).toBeNull();
    expect(store.add("json", body(10), 1)).toBe(3);
    expect(store.after(0)?.sequence).toBe(3);
  });

  test("stays within its bound over many requests, and requests plus evicted ones are all there were", () => {
    const store = new RequestStore(50_000);

    for (let index = 1; index <= 5000; index += 1) {
      store.add("protobuf", body(index % 1000), 1);
      expect(store.status().bytes).toBeLessThanOrEqual(50_000);
    }

    const { requests, evictedRequests, spans, evictedSpans } = store.status();
    expect(requests + evictedRequests).toBe(5000);
    expect(spans + evictedSpans).toBe(5000);
    expect(store.after(0)?.sequence).toBe(evictedRequests + 1);
    expect(store.after(4999)?.sequence).toBe(5000);
  });

  test("tells listeners of each change until they are removed", () => {
    const store = new RequestStore(1000);
    let calls = 0;
    const remove = store.onChange(() => (calls += 1));

    store.add("json", body(1), 1);
    remove();
    store.add("json", body(1), 1);

    expect(calls).toBe(1);
  });
});
