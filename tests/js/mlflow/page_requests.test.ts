// Traces of a page that goes away: their first requests start at once, and may outlive it.
import { beforeAll, describe, expect, test } from "@jest/globals";
import { init, TraceInfo, TracingClient } from "../../../js/index.js";
import type { AnyDestination } from "../../../js/export/destination_options.js";
import { installPageHide } from "../../../js/export/page_hide.js";
import type { HttpAnswer, HttpClient, HttpRequest } from "../../../js/export/transport.js";
import { TestLogger } from "../tracing/harness.js";

beforeAll(() => init({ exporter: "none", logger: new TestLogger() }));

class HeldRequests implements HttpClient {
  readonly sent: HttpRequest[] = [];
  readonly #waiting: ((answer: HttpAnswer) => void)[] = [];
  send(request: HttpRequest): Promise<HttpAnswer> {
    this.sent.push(request);
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
  answerAll(): void {
    const body = new TextEncoder().encode("{}");
    for (const resolve of this.#waiting.splice(0))
      resolve({ kind: "answer", status: 200, contentType: "application/json", retryAfter: "", date: "", body });
  }
  close(): void {}
}

describe("requests of an exporter's client", () => {
  const info = (length: number): TraceInfo => new TraceInfo({ traceId: "tr-1", requestPreview: "x".repeat(length) });

  async function keptAlive(lengths: number[], isBackground: boolean): Promise<boolean[]> {
    const http = new HeldRequests();
    const client = new TracingClient({ trackingUri: "http://server", http, isBackground, logger: new TestLogger() });
    const calls = lengths.map((length) => client.startTrace(info(length)).catch(() => null));
    http.answerAll();
    await Promise.all(calls);
    return http.sent.map(({ keepalive }) => keepalive);
  }

  test("outlive the page while they are small together, and few", async () => {
    expect(await keptAlive([10, 10], true)).toEqual([true, true]);
    expect(await keptAlive([70_000], true)).toEqual([false]);
    expect(await keptAlive([40_000, 40_000, 100], true)).toEqual([true, false, true]);
    expect(await keptAlive(Array<number>(11).fill(1), true)).toEqual([...Array<boolean>(9).fill(true), false, false]);
    // What was answered makes room.
    expect(await keptAlive([40_000], true)).toEqual([true]);
  });

  test("those of a client that is called directly do not", async () => {
    expect(await keptAlive([10], false)).toEqual([false]);
  });
});

describe("when the page is hidden", () => {
  class Page {
    readonly window = new EventTarget();
    readonly document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  }

  function destinationOf(exporter: object): { calls: string[]; destination: AnyDestination } {
    const calls: string[] = [];
    const destination = {
      exporter,
      flush: () => Promise.resolve(void calls.push("flush")),
      sendNow: () => void calls.push("sendNow"),
      setHidden: () => undefined,
    } as unknown as AnyDestination;
    return { calls, destination };
  }

  test.each([
    ["whole traces start inside of the event", { sendsTraces: true }, ["flush", "sendNow"]],
    ["an exporter of the user's is flushed", {}, ["flush"]],
  ])("%s", (_name, exporter, wanted) => {
    const page = new Page();
    const { calls, destination } = destinationOf(exporter);
    const remove = installPageHide({ host: page, destinations: () => [destination] });
    page.window.dispatchEvent(new Event("pagehide"));
    remove();
    expect(calls).toEqual(wanted);
  });
});
