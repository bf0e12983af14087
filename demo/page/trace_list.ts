// The list of traces, newest first: name, time, duration against the longest on screen, errors, services.

import type { TraceSummary } from "../../js/viewer/model.js";
import type { CoreClient } from "./core_client.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { clockText, countText, durationText, plural, shortCount } from "./format.js";
import { serviceClass } from "./span_types.js";
import { VirtualRows } from "./virtual_rows.js";

const ROW_HEIGHT = 58;
const WINDOW = 200;

export class TraceList {
  readonly element: HTMLElement;
  readonly #core: CoreClient;
  readonly #onOpen: (traceId: string) => void;
  readonly #rows: VirtualRows;
  readonly #scroller: HTMLElement;
  readonly #title: HTMLElement;
  #first = 0;
  #traces: TraceSummary[] = [];
  #total = 0;
  #shown: string | null = null;
  #active = 0;
  #asking: Promise<void> | null = null;
  #mustAsk = false;

  constructor(core: CoreClient, onOpen: (traceId: string) => void) {
    this.#core = core;
    this.#onOpen = onOpen;
    this.#title = h("span", { class: "list-title", text: "Traces" });
    this.#scroller = h("div", { class: "list-rows", attributes: { role: "listbox", "aria-label": "Traces" } });
    this.element = h(
      "nav",
      { class: "list", attributes: { "aria-label": "Traces" } },
      h("div", "list-head", this.#title),
      this.#scroller,
    );
    this.#rows = new VirtualRows({
      scroller: this.#scroller,
      rowHeight: ROW_HEIGHT,
      overscan: 4,
      create: () => this.#createRow(),
      update: (element, index) => {
        this.#updateRow(element, index);
      },
      onRange: (first, end) => {
        if (first < this.#first || end > this.#first + this.#traces.length) void this.refresh();
      },
    });
    this.#scroller.addEventListener("keydown", (event) => {
      this.#onKey(event);
    });
  }

  get total(): number {
    return this.#total;
  }

  /** The newest trace that is known, if any. */
  get newest(): string | null {
    return this.#first === 0 ? (this.#traces[0]?.traceId ?? null) : null;
  }

  show(traceId: string | null): void {
    this.#shown = traceId;
    const index = this.#traces.findIndex((trace) => trace.traceId === traceId);
    if (index >= 0) this.#active = this.#first + index;
    this.#rows.pin(this.#active);
    this.#rows.render();
  }

  /** Asks the worker for what is on screen; calls while one is under way become one more. */
  refresh(): Promise<void> {
    this.#mustAsk = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    while (this.#mustAsk) {
      this.#mustAsk = false;
      const top = Math.floor(this.#scroller.scrollTop / ROW_HEIGHT);
      const first = Math.max(0, top - Math.floor(WINDOW / 3));
      const answer = await this.#core.call("traces", first, WINDOW);
      this.#first = first;
      this.#traces = answer.rows;
      this.#total = answer.total;
      setText(this.#title, plural(answer.total, "trace"));
      this.#rows.setCount(answer.total);
      // New traces push others down: the one shown keeps its mark.
      const index = this.#traces.findIndex((trace) => trace.traceId === this.#shown);
      if (index >= 0) this.#active = first + index;
      this.#rows.pin(this.#active);
      const hadFocus = this.#scroller.contains(document.activeElement);
      this.#rows.render();
      if (hadFocus) this.#rows.elementAt(this.#active)?.focus({ preventScroll: true });
    }
  }

  #createRow(): HTMLElement {
    const parts = [
      h("span", "list-name"),
      h("span", "list-state"),
      h("span", "list-facts"),
      h("span", "list-duration"),
      h("span", "list-dots"),
    ];
    return h(
      "div",
      {
        class: "list-row",
        attributes: { role: "option", tabindex: "-1" },
        on: {
          click: (event) => {
            const id = (event.currentTarget as HTMLElement).dataset["trace"];
            if (id) this.#onOpen(id);
          },
        },
      },
      ...parts,
    );
  }

  #updateRow(element: HTMLElement, index: number): void {
    const trace = this.#traces[index - this.#first];
    const [name, state, facts, duration, dots] = element.children as unknown as HTMLElement[];
    if (!name || !state || !facts || !duration || !dots) return;
    element.tabIndex = index === this.#active ? 0 : -1;
    setAttribute(element, "aria-setsize", String(this.#total));
    setAttribute(element, "aria-posinset", String(index + 1));
    const isShown = trace?.traceId === this.#shown;
    setAttribute(element, "aria-selected", String(isShown));
    element.classList.toggle("is-shown", isShown);
    if (!trace) {
      element.dataset["trace"] = "";
      for (const part of [name, state, facts, duration, dots]) part.replaceChildren();
      return;
    }
    element.dataset["trace"] = trace.traceId;
    setText(name, trace.name || "(no name)");
    setAttribute(name, "title", trace.name);
    const stateKey = trace.errors > 0 ? `error ${String(trace.errors)}` : trace.open > 0 ? "open" : "ok";
    if (state.dataset["key"] !== stateKey) {
      state.dataset["key"] = stateKey;
      state.replaceChildren(...stateNodes(trace));
    }
    const factsText = [
      clockText(trace.startTimeNs),
      plural(trace.spans, "span"),
      trace.tokens && trace.tokens.total > 0 ? `${shortCount(trace.tokens.total)} tok` : "",
    ];
    setText(facts, factsText.filter(Boolean).join("  ·  "));
    setText(duration, trace.open > 0 && trace.durationNs === 0 ? "…" : durationText(trace.durationNs));
    const dotsKey = trace.services.join("\n");
    if (dots.dataset["key"] !== dotsKey) {
      dots.dataset["key"] = dotsKey;
      dots.title = trace.services.join(", ");
      dots.replaceChildren(...trace.services.slice(0, 5).map((service) => h("i", `dot ${serviceClass(service)}`)));
    }
    const errors = trace.errors > 0 ? `, ${plural(trace.errors, "error")}` : "";
    setAttribute(
      element,
      "aria-label",
      `${trace.name}, ${durationText(trace.durationNs)}, ${plural(trace.spans, "span")}${errors}${trace.open > 0 ? ", running" : ""}`,
    );
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowUp: this.#active - 1,
      ArrowDown: this.#active + 1,
      Home: 0,
      End: this.#total - 1,
      PageUp: this.#active - this.#rows.pageRows,
      PageDown: this.#active + this.#rows.pageRows,
    };
    if (event.key === "Enter" || event.key === " ") {
      const id = this.#traces[this.#active - this.#first]?.traceId;
      if (id) this.#onOpen(id);
      event.preventDefault();
      return;
    }
    const next = moves[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#active = Math.max(0, Math.min(this.#total - 1, next));
    this.#rows.pin(this.#active);
    this.#rows.reveal(this.#active);
    this.#rows.render();
    this.#rows.elementAt(this.#active)?.focus({ preventScroll: true });
  }
}

function stateNodes(trace: TraceSummary): Node[] {
  if (trace.errors > 0) {
    return [icon("error", "icon is-error"), h("span", { class: "is-error", text: countText(trace.errors) })];
  }
  if (trace.open > 0) return [h("span", { class: "pulse", title: "spans of this trace have not ended" })];
  return [];
}
