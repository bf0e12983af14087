// The pane beside the waterfall: one span, in tabs.

import type { AttributeValue, SpanDetail } from "../../js/viewer/model.js";
import { besideMessages, readMessages, readNumberedMessages, type ChatMessage } from "./chat.js";
import { besideView, chatView } from "./chat_view.js";
import type { CoreClient } from "./core_client.js";
import { button, copyButton, fill, h, icon } from "./dom.js";
import { costChip, exceptionBlock, fact, find, modelChip, tokensChip } from "./detail_parts.js";
import { durationText, exactTimeText, nsBetween, plural, shortCount } from "./format.js";
import { parseContainer } from "./json_view.js";
import { lookOf, serviceClass } from "./span_types.js";
import { attributeTable, textView, valueBlock, wholeText, type LoadValue } from "./value_view.js";

/** Of each value; longer ones are fetched when they are opened. */
const MAX_VALUE_BYTES = 32_768;
const MAX_CHAT_BYTES = 4_000_000;

const TABS = ["Content", "Attributes", "Events", "Links", "Resource"] as const;
type Tab = (typeof TABS)[number];

const INPUT_KEYS = ["mlflow.spanInputs", "gen_ai.input.messages", "input.value", "gen_ai.prompt", "gen_ai.tool.call.arguments"];
const OUTPUT_KEYS = [
  "mlflow.spanOutputs",
  "gen_ai.output.messages",
  "output.value",
  "gen_ai.completion",
  "gen_ai.tool.call.result",
];

export class DetailPane {
  readonly element: HTMLElement;
  readonly #core: CoreClient;
  readonly #onFollow: (traceId: string, spanId: string) => void;
  #detail: SpanDetail | null = null;
  #json = "";
  #traceStartNs = "0";
  #tab: Tab = "Content";
  #asked = "";

  constructor(core: CoreClient, onFollow: (traceId: string, spanId: string) => void) {
    this.#core = core;
    this.#onFollow = onFollow;
    this.element = h("aside", { class: "detail", attributes: { "aria-label": "Span", tabindex: "-1" } });
    this.clear();
  }

  clear(): void {
    this.#detail = null;
    this.#json = "";
    this.#asked = "";
    fill(
      this.element,
      h("div", "detail-empty", icon("span", "icon large"), h("p", { text: "Select a span to see what it did." })),
    );
  }

  /** Fetches the span and shows it; drawn anew only where something in it has changed. */
  async show(spanId: string, traceStartNs: string): Promise<void> {
    this.#asked = spanId;
    const detail = await this.#core.call("spanDetail", spanId, MAX_VALUE_BYTES);
    if (this.#asked !== spanId || !detail) return;
    this.#traceStartNs = traceStartNs;
    const json = JSON.stringify(detail);
    if (json === this.#json) return;
    const isOther = detail.spanId !== this.#detail?.spanId;
    this.#json = json;
    this.#detail = detail;
    this.#draw(detail);
    if (isOther) this.element.querySelector(".detail-body")?.scrollTo(0, 0);
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  }

  readonly #load: LoadValue = async (number) => (await this.#core.call("spanValue", this.#detail?.spanId ?? "", number)) ?? "";

  #draw(detail: SpanDetail): void {
    const counts: Record<Tab, number | null> = {
      Content: null,
      Attributes: detail.attributes.length,
      Events: detail.events.length,
      Links: detail.links.length,
      Resource: null,
    };
    const shown = TABS.filter((tab) => tab !== "Links" || detail.links.length > 0);
    const tab = shown.includes(this.#tab) ? this.#tab : "Content";
    const panel = h("div", { class: "detail-body", attributes: { role: "tabpanel", "aria-label": tab, tabindex: "0" } });
    const tabs = shown.map((name) =>
      h(
        "button",
        {
          class: "tab",
          attributes: {
            type: "button",
            role: "tab",
            "aria-selected": String(name === tab),
            tabindex: name === tab ? "0" : "-1",
            "data-tab": name,
          },
          on: {
            click: () => {
              this.#setTab(name);
            },
          },
        },
        name,
        counts[name] ? h("span", { class: "tab-count", text: shortCount(counts[name]) }) : null,
      ),
    );
    const bar = h("div", { class: "tabs", attributes: { role: "tablist", "aria-label": "Parts of the span" } }, ...tabs);
    bar.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      this.#setTab(shown[(shown.indexOf(tab) + step + shown.length) % shown.length] ?? "Content");
      this.focus();
    });
    fill(this.element, this.#head(detail), bar, panel);
    fill(panel, ...this.#panel(tab, detail));
  }

  #setTab(tab: Tab): void {
    this.#tab = tab;
    const hadFocus = this.element.contains(document.activeElement);
    if (this.#detail) this.#draw(this.#detail);
    if (hadFocus) this.focus();
  }

  #head(detail: SpanDetail): HTMLElement {
    const look = lookOf(detail.type, detail.kind);
    const duration = nsBetween(detail.startTimeNs, detail.endTimeNs);
    const facts: (Node | null)[] = [
      fact(detail.isOpen ? "not ended" : durationText(Math.max(0, duration)), "Duration", "clock"),
      detail.service
        ? h(
            "span",
            { class: `chip ${serviceClass(detail.service)}`, title: "Service" },
            h("i", `dot ${serviceClass(detail.service)}`),
            detail.service,
          )
        : null,
      detail.type
        ? h("span", { class: `chip hue-${look.hue} is-tinted`, title: "Span type", text: look.label || detail.type })
        : null,
      detail.kind !== "INTERNAL" && detail.kind !== "UNSPECIFIED" ? fact(detail.kind.toLowerCase(), "Span kind") : null,
      modelChip(detail),
      tokensChip(detail),
      costChip(detail),
    ];
    const status = detail.status.code;
    const state =
      status === "ERROR"
        ? h("span", "chip is-error", icon("error"), "Error")
        : status === "OK"
          ? h("span", "chip is-ok", icon("ok"), "OK")
          : detail.isOpen
            ? h("span", "chip is-live", "Running")
            : null;
    return h(
      "header",
      "detail-head",
      h(
        "div",
        "detail-title",
        h("span", `type hue-${look.hue}`, icon(look.icon)),
        h("h2", { text: detail.name || "(no name)", title: detail.name }),
      ),
      h("div", "chips", state, ...facts),
      status === "ERROR" && detail.status.message ? h("div", "error-box", icon("error"), textView(detail.status.message)) : null,
    );
  }

  #panel(tab: Tab, detail: SpanDetail): Node[] {
    switch (tab) {
      case "Content":
        return this.#content(detail);
      case "Attributes":
        return [
          attributeTable(detail.attributes, this.#load, "This span has no attributes."),
          ...droppedNote(detail.dropped.attributes, "attribute"),
        ];
      case "Events":
        return this.#events(detail);
      case "Links":
        return [...detail.links.map((link) => this.#link(link)), ...droppedNote(detail.dropped.links, "link")];
      case "Resource":
        return this.#resource(detail);
    }
  }

  // --- content -----------------------------------------------------------------------------------

  #content(detail: SpanDetail): Node[] {
    const inputs = find(detail, INPUT_KEYS);
    const outputs = find(detail, OUTPUT_KEYS);
    const numberedIn = readNumberedMessages(detail.attributes, "llm.input_messages");
    const numberedOut = readNumberedMessages(detail.attributes, "llm.output_messages");
    const system = detail.attributes.find(({ key }) => key === "gen_ai.system_instructions");
    const nodes: Node[] = [];
    const exception = detail.events.filter((event) => event.name === "exception").at(-1);
    if (exception) nodes.push(exceptionBlock(exception, this.#offset(exception.timeNs)));
    if (system) nodes.push(this.#messagesOrValue("System instructions", system));
    if (numberedIn) nodes.push(chatBlock("Input", numberedIn));
    else if (inputs) nodes.push(this.#messagesOrValue("Input", inputs));
    if (numberedOut) nodes.push(chatBlock("Output", numberedOut));
    else if (outputs) nodes.push(this.#messagesOrValue("Output", outputs));
    if (nodes.length === 0) {
      nodes.push(h("p", { class: "none", text: "No inputs or outputs were recorded." }));
    }
    nodes.push(this.#timing(detail));
    const rest = detail.attributes.filter(
      ({ key }) => key !== inputs?.key && key !== outputs?.key && !/^llm\.(in|out)put_messages\./.test(key),
    );
    if (!inputs && !outputs && rest.length > 0) {
      nodes.push(
        h(
          "section",
          "value-block",
          h("div", "value-head", h("h3", { text: "Attributes" })),
          attributeTable(rest.slice(0, 40), this.#load, ""),
        ),
      );
    }
    return nodes;
  }

  /** Chat where the value is a conversation, else JSON or text. */
  #messagesOrValue(title: string, value: AttributeValue): HTMLElement {
    if (value.bytes === undefined) {
      return this.#chatOrValue(title, value, value.value);
    }
    const place = h("div", "value-block");
    if (value.bytes > MAX_CHAT_BYTES) return valueBlock(title, value, this.#load);
    void wholeText(value, this.#load).then((text) => {
      place.replaceWith(this.#chatOrValue(title, value, text));
    });
    return place;
  }

  #chatOrValue(title: string, value: AttributeValue, text: string): HTMLElement {
    const parsed = parseContainer(text);
    const messages = readMessages(parsed);
    if (!messages) return valueBlock(title, value, this.#load);
    const beside = besideMessages(parsed);
    const block = this.#chatWithRaw(title, messages, value);
    if (beside) block.append(besideView(beside));
    return block;
  }

  #chatWithRaw(title: string, messages: ChatMessage[], value: AttributeValue): HTMLElement {
    const block = chatBlock(title, messages);
    const raw = valueBlock(title, value, this.#load);
    const head = block.querySelector(".value-head");
    const rawHead = raw.querySelector(".value-head");
    head?.append(
      h("span", "grow"),
      button(
        "JSON",
        () => {
          block.replaceWith(raw);
        },
        { class: "mode" },
      ),
      copyButton("Copy value", () => wholeText(value, this.#load)),
    );
    rawHead?.insertBefore(
      button(
        "Chat",
        () => {
          raw.replaceWith(block);
        },
        { class: "mode" },
      ),
      rawHead.lastElementChild,
    );
    return block;
  }

  #timing(detail: SpanDetail): HTMLElement {
    const rows: [string, string, boolean][] = [
      ["Started", exactTimeText(detail.startTimeNs), false],
      ["Ended", detail.endTimeNs === "0" ? "not yet" : exactTimeText(detail.endTimeNs), false],
      ["Offset", this.#offset(detail.startTimeNs), false],
      ["Span id", detail.spanId, true],
      ["Parent id", detail.parentSpanId || "none (root)", detail.parentSpanId !== ""],
      ["Trace id", detail.traceId, true],
    ];
    return h(
      "section",
      "value-block",
      h("div", "value-head", h("h3", { text: "Span" })),
      h(
        "div",
        "attrs",
        ...rows.map(([key, value, canCopy]) =>
          h(
            "div",
            "attr",
            h("div", { class: "attr-key", text: key }),
            h("div", { class: "attr-value", text: value }),
            canCopy ? copyButton(`Copy ${key.toLowerCase()}`, () => value) : null,
          ),
        ),
      ),
    );
  }

  #offset(timeNs: string): string {
    const offset = nsBetween(this.#traceStartNs, timeNs);
    return offset < 0 ? `−${durationText(-offset)}` : `+${durationText(offset)}`;
  }

  // --- other tabs --------------------------------------------------------------------------------

  #events(detail: SpanDetail): Node[] {
    if (detail.events.length === 0)
      return [h("p", { class: "none", text: "This span has no events." }), ...droppedNote(detail.dropped.events, "event")];
    const shown = detail.events.slice(0, 500);
    return [
      ...shown.map((event) =>
        h(
          "section",
          `event${event.name === "exception" ? " is-error" : ""}`,
          h(
            "div",
            "event-head",
            h("span", { class: "event-time", text: this.#offset(event.timeNs) }),
            h("strong", { text: event.name || "(no name)" }),
          ),
          event.attributes.length > 0 ? attributeTable(event.attributes, this.#load, "") : null,
        ),
      ),
      ...(detail.events.length > shown.length
        ? [h("p", { class: "none", text: `${plural(detail.events.length - shown.length, "more event")} not shown.` })]
        : []),
      ...droppedNote(detail.dropped.events, "event"),
    ];
  }

  #link(link: SpanDetail["links"][number]): HTMLElement {
    return h(
      "section",
      "event",
      h(
        "div",
        "event-head",
        icon("link"),
        button(
          `${link.traceId.slice(0, 8)}… / ${link.spanId}`,
          () => {
            this.#onFollow(link.traceId, link.spanId);
          },
          { class: "linked", title: `trace ${link.traceId}\nspan ${link.spanId}` },
        ),
      ),
      link.attributes.length > 0 ? attributeTable(link.attributes, this.#load, "") : null,
    );
  }

  #resource(detail: SpanDetail): Node[] {
    const { resource, scope } = detail;
    const scopeName = [scope.name, scope.version].filter(Boolean).join(" ");
    return [
      h(
        "section",
        "value-block",
        h("div", "value-head", h("h3", { text: "Resource" })),
        attributeTable(resource.attributes, this.#load, "No resource was sent."),
      ),
      h(
        "section",
        "value-block",
        h("div", "value-head", h("h3", { text: "Instrumentation scope" })),
        h("p", { class: scopeName ? "" : "none", text: scopeName || "No scope was sent." }),
        scope.attributes.length > 0 ? attributeTable(scope.attributes, this.#load, "") : null,
      ),
      ...(detail.traceState
        ? [h("section", "value-block", h("div", "value-head", h("h3", { text: "Trace state" })), textView(detail.traceState))]
        : []),
    ];
  }
}

function chatBlock(title: string, messages: ChatMessage[]): HTMLElement {
  return h("section", "value-block", h("div", "value-head", h("h3", { text: title })), chatView(messages));
}

function droppedNote(count: number, one: string): Node[] {
  return count > 0 ? [h("p", "note", icon("warning"), `${plural(count, one)} left out by the sender's limits.`)] : [];
}
