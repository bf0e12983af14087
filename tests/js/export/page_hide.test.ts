// The moment in which a page is hidden, with a fake page and a scripted client.
import { afterEach, describe, expect, test } from "@jest/globals";
import { gzipSync, gunzipSync } from "node:zlib";
import { installPageHide } from "../../../js/export/page_hide.js";
import type { HttpAnswer } from "../../../js/export/transport.js";
import { accountOf, answer, openScripted, type ScriptedClient } from "./harness.js";
import { spansOfRequest } from "./otlp_spans.js";

class FakePage {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  hide(): void {
    this.document.visibilityState = "hidden";
    this.document.dispatchEvent(new Event("visibilitychange"));
    this.window.dispatchEvent(new Event("pagehide"));
  }
  show(): void {
    this.document.visibilityState = "visible";
    this.window.dispatchEvent(new Event("pageshow"));
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

let cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanUp) each();
  cleanUp = [];
});

/** Nothing is answered before the test says so. */
async function openPage(compression: "none" | "gzip" = "none") {
  const page = new FakePage();
  const waiting: ((answer: HttpAnswer) => void)[] = [];
  const reply: ScriptedClient["reply"] = () => new Promise((resolve) => waiting.push(resolve));
  const opened = await openScripted(reply, { otlp: { compression } });
  // The body may be compressed: what was sent is read here.
  const bodies: Uint8Array[] = [];
  opened.client.send = async (request) => {
    bodies.push(request.body);
    if (page.document.visibilityState === "hidden") expect(request.keepalive).toBe(true);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const remove = installPageHide({
    host: page,
    destinations: () => [opened.destination],
    loadGzip: async () => (bytes) => gzipSync(bytes),
  });
  const answerAll = async (with_: HttpAnswer = answer(200)): Promise<void> => {
    while (waiting.length > 0) {
      for (const resolve of waiting.splice(0)) resolve(with_);
      await opened.time.settle();
    }
  };
  cleanUp.push(() => {
    for (const resolve of waiting.splice(0)) resolve(answer(200));
    remove();
  });
  await opened.time.settle();
  const names = (): string[] =>
    bodies.flatMap((body) => spansOfRequest(compression === "gzip" ? gunzipSync(body) : body, "").map((span) => span.name));
  return { ...opened, page, bodies, names, answerAll, remove };
}

const ATTRIBUTES = { "http.method": "GET", "http.route": "/api/items/:id", model: "some-model-name", user: "someone", n: 5 };

describe("when the page is hidden", () => {
  test.each([0, 1, 50])("%d pending spans leave within the event", async (count) => {
    const { harness, page, names } = await openPage();
    harness.endSpans(count, "span", ATTRIBUTES);
    page.hide();
    expect(names()).toHaveLength(count);
  });

  test("pieces stay under 60 KiB together and nine requests", async () => {
    const { harness, page, bodies, names, destination, answerAll } = await openPage();
    harness.endSpans(3_000, "span", ATTRIBUTES);
    page.hide();
    const inFlight = bodies.reduce((sum, body) => sum + body.length, 0);
    expect(bodies.length).toBeLessThanOrEqual(9);
    expect(inFlight).toBeLessThanOrEqual(60 << 10);
    expect(inFlight).toBeGreaterThan(40 << 10);
    expect(names()[0]).toBe("span1");

    // Each answer makes room for more.
    await answerAll();
    expect(new Set(names()).size).toBe(3_000);
    expect(accountOf(destination)).toEqual({ produced: 3_000, delivered: 3_000 });
  });

  test("compressed, 500 spans fit at once", async () => {
    const { harness, page, names, bodies } = await openPage("gzip");
    harness.endSpans(500, "span", ATTRIBUTES);
    page.hide();
    expect(names()).toHaveLength(500);
    expect(bodies.reduce((sum, body) => sum + body.length, 0)).toBeLessThan(60 << 10);
  });

  test("a span that ends later leaves at once, without a timer", async () => {
    const { harness, page, names } = await openPage();
    page.hide();
    harness.endSpans(2, "late");
    await Promise.resolve();
    expect(names()).toEqual(["late1", "late2"]);
    expect(harness.time.pendingTimers).toBe(0);
  });

  test("freeze counts as hidden", async () => {
    const { harness, page, names } = await openPage();
    harness.endSpans(1);
    page.document.dispatchEvent(new Event("freeze"));
    expect(names()).toEqual(["span1"]);
  });

  test("an answer nobody heard is an unknown outcome, and the spans are not sent again", async () => {
    const { harness, page, destination, answerAll, bodies, time } = await openPage();
    harness.endSpans(4);
    page.hide();
    page.show();
    await answerAll({ kind: "none", cause: "AbortError" });
    await time.advance(60_000);
    expect(accountOf(destination)).toEqual({ produced: 4, unknown_outcome: 4 });
    expect(bodies).toHaveLength(1);
  });
});

describe("when the page comes back", () => {
  test("what found no room leaves by the usual way", async () => {
    const { harness, page, destination, answerAll, names, time, bodies } = await openPage();
    harness.endSpans(2_000, "span", ATTRIBUTES);
    page.hide();
    const sentHidden = bodies.length;
    page.show();
    expect(names().length).toBeLessThan(2_000);
    for (let i = 0; i < 20; i++) {
      await time.settle();
      await answerAll();
      await time.advance(1_000);
    }
    expect(bodies.length).toBeGreaterThan(sentHidden);
    expect(accountOf(destination)).toEqual({ produced: 2_000, delivered: 2_000 });
  });

  test("spans wait for company again", async () => {
    const { harness, page, names, time } = await openPage();
    page.hide();
    page.show();
    harness.endSpans(1);
    await time.advance(4_000);
    expect(names()).toEqual([]);
    await time.advance(1_000);
    expect(names()).toEqual(["span1"]);
  });
});

test("removing takes the handlers away", async () => {
  const { harness, page, names, remove } = await openPage();
  remove();
  harness.endSpans(1);
  page.hide();
  expect(names()).toEqual([]);
});
