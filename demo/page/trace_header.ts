// The line above the waterfall: what the trace is, how long it took, and everything about it that is not as it should be.

import type { TraceHead } from "../../js/viewer/model.js";
import { button, copyButton, fill, h, icon } from "./dom.js";
import { clockText, countText, durationText, plural, shortCount } from "./format.js";
import { serviceClass } from "./span_types.js";

export class TraceHeader {
  readonly element = h("header", "trace-head");
  readonly #onNextError: () => void;
  readonly #onBack: () => void;
  #key = "";

  constructor(onNextError: () => void, onBack: () => void) {
    this.#onNextError = onNextError;
    this.#onBack = onBack;
  }

  show(head: TraceHead): void {
    const key = JSON.stringify(head);
    if (key === this.#key) return;
    this.#key = key;
    const hadFocus = this.element.contains(document.activeElement);
    fill(
      this.element,
      h(
        "div",
        "trace-title",
        button("Traces", this.#onBack, { class: "tool only-narrow", title: "All traces" }, icon("menu")),
        h("h1", { text: head.name || "(no name)", title: head.name }),
        h("span", { class: "trace-id", text: head.traceId.slice(0, 8), title: `trace id ${head.traceId}` }),
        copyButton("Copy trace id", () => head.traceId),
      ),
      h("div", "chips", ...this.#facts(head)),
    );
    if (hadFocus) this.element.querySelector<HTMLElement>(".error-button")?.focus();
  }

  #facts(head: TraceHead): (Node | null)[] {
    const usage = head.tokens;
    return [
      chip("Duration", icon("clock"), durationText(head.durationNs)),
      chip("Started", null, clockText(head.startTimeNs)),
      chip(`${plural(head.rootCount, "root")}, ${String(head.maxDepth + 1)} levels deep`, null, plural(head.spans, "span")),
      ...head.services
        .slice(0, 4)
        .map((service) =>
          h(
            "span",
            { class: `chip ${serviceClass(service)}`, title: "Service" },
            h("i", `dot ${serviceClass(service)}`),
            service,
          ),
        ),
      head.serviceCount > 4 ? chip(head.services.join(", "), null, `+${String(head.serviceCount - 4)} services`) : null,
      usage && usage.total > 0
        ? chip(
            `${countText(usage.input)} tokens in, ${countText(usage.output)} out, ${countText(usage.total)} in all`,
            icon("llm"),
            `${shortCount(usage.input)} → ${shortCount(usage.output)} tokens`,
          )
        : null,
      head.errors > 0
        ? button(
            `${plural(head.errors, "error")}, go to the next`,
            this.#onNextError,
            { class: "chip is-error error-button", title: "Go to the next error  e" },
            icon("error"),
            plural(head.errors, "error"),
          )
        : null,
      head.open > 0
        ? h(
            "span",
            { class: "chip is-live", title: "spans that have not ended" },
            h("span", "pulse"),
            `${countText(head.open)} open`,
          )
        : null,
      ...warnings(head).map((text) => h("span", { class: "chip is-warning" }, icon("warning"), text)),
    ];
  }
}

function warnings(head: TraceHead): string[] {
  return [
    head.orphans > 0 ? `${plural(head.orphans, "span")} without their parent` : "",
    head.cycles > 0 ? `${plural(head.cycles, "cycle")} of parents` : "",
    head.rootCount - head.orphans - head.cycles > 1 ? `${String(head.rootCount - head.orphans - head.cycles)} roots` : "",
    head.endsBeforeStart > 0 ? `${plural(head.endsBeforeStart, "span")} ending before the start` : "",
    head.duplicates > 0 ? plural(head.duplicates, "duplicate span id") : "",
    head.dropped > 0 ? `${plural(head.dropped, "span")} shortened by the sender's limits` : "",
  ].filter(Boolean);
}

function chip(title: string, symbol: Node | null, text: string): HTMLElement {
  return h("span", { class: "chip", title }, symbol, text);
}
