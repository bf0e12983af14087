// Calls into the worker, as promises; its news, to one listener.

import type { Answer, CallName, Calls, FromWorker, News } from "../../js/viewer/messages.js";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class CoreClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(onNews: (news: News) => void) {
    this.#worker = new Worker(workerUrl() as unknown as string, { type: "module", name: "spandrel viewer" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      if ("news" in data) onNews(data);
      else this.#settle(data);
    });
    this.#worker.addEventListener("error", (event) => {
      onNews({ news: "failed", message: event.message || "the worker could not be started" });
    });
  }

  call<K extends CallName>(name: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage({ id, name, args });
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

/** The page's policy allows one named policy, and this is the one URL it lets through. */
function workerUrl(): unknown {
  const url = new URL("./worker.js", import.meta.url).href;
  const trustedTypes = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (!trustedTypes) return url;
  const policy = trustedTypes.createPolicy("spandrel", {
    createScriptURL(asked) {
      if (asked !== url) throw new TypeError("only the viewer's own worker may be started");
      return asked;
    },
  });
  return policy.createScriptURL(url);
}
