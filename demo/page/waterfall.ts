// The span tree of one trace beside its time axis: a tree grid with as many elements as rows on screen.
//
// Rows come from the worker in windows a few screens long, so scrolling draws from memory and asks ahead. The row the
// keyboard is on keeps its element while it is scrolled away.

import type { SpanRow, TraceHead, TraceWindow } from "../../js/viewer/model.js";
import type { CoreClient } from "./core_client.js";
import { button, h, icon, setAttribute } from "./dom.js";
import { tickText, ticks } from "./format.js";
import { createSpanRow, drawSpanRow, type SpanRowParts } from "./span_row.js";
import { splitter } from "./splitter.js";
import { VirtualRows } from "./virtual_rows.js";

const ROW_HEIGHT = 30;
const WINDOW = 240;
/** A trace with open spans that heard nothing for so long is not running, it is unfinished. */
const LIVE_MILLIS = 20_000;

export interface WaterfallEvents {
  onSelect(spanId: string): void;
  /** Enter: the reader wants to go into the detail. */
  onEnter(): void;
  onGone(): void;
  onHead(head: TraceHead): void;
}

export class Waterfall {
  readonly element: HTMLElement;
  readonly #core: CoreClient;
  readonly #events: WaterfallEvents;
  readonly #rows: VirtualRows;
  readonly #scroller: HTMLElement;
  readonly #axis: HTMLElement;
  readonly #lines: HTMLElement;
  readonly #parts = new WeakMap<HTMLElement, SpanRowParts>();
  #head: TraceHead | null = null;
  #first = 0;
  #window: SpanRow[] = [];
  #active = 0;
  #selected: string | null = null;
  #asking: Promise<void> | null = null;
  #mustAsk = false;
  #isMoving = false;
  #drawnAxis = "";
  #lastChange = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(core: CoreClient, events: WaterfallEvents) {
    this.#core = core;
    this.#events = events;
    this.#axis = h("div", { class: "axis", attributes: { "aria-hidden": "true" } });
    this.#lines = h("div", { class: "gridlines", attributes: { "aria-hidden": "true" } });
    this.#scroller = h("div", {
      class: "wf-scroll",
      attributes: { role: "treegrid", "aria-label": "Spans", "aria-colcount": "2" },
    });
    const tools = h(
      "div",
      "wf-tools",
      button(
        "Collapse all",
        () => void this.setAllCollapsed(true),
        { class: "tool", title: "Collapse all  [" },
        icon("collapse"),
      ),
      button("Expand all", () => void this.setAllCollapsed(false), { class: "tool", title: "Expand all  ]" }, icon("expand")),
    );
    const divider = splitter({
      label: "Width of the span tree",
      variable: "--tree-width",
      initial: Math.round(Math.max(250, Math.min(380, innerWidth * 0.235))),
      min: 160,
      max: () => Math.max(200, (this.#scroller.clientWidth || innerWidth) - 160),
      direction: 1,
    });
    divider.classList.add("wf-divider");
    this.element = h(
      "section",
      { class: "wf", attributes: { "aria-label": "Waterfall" } },
      h("div", "wf-head", h("div", "wf-head-tree", h("span", { text: "Span" }), tools), this.#axis),
      h("div", "wf-body", this.#lines, this.#scroller),
      divider,
    );
    this.#rows = new VirtualRows({
      scroller: this.#scroller,
      rowHeight: ROW_HEIGHT,
      overscan: 6,
      create: () => this.#createRow(),
      update: (element, index) => {
        this.#updateRow(element, index);
      },
      onRange: (first, end) => {
        const missesSome = first < this.#first || end > this.#first + this.#window.length;
        if (missesSome && this.#head && this.#first + this.#window.length <= this.#rows.count) void this.refresh();
      },
    });
    this.#scroller.addEventListener("keydown", (event) => {
      this.#onKey(event);
    });
    new ResizeObserver(() => {
      this.#drawAxis();
    }).observe(this.element);
  }

  /** Another trace, from its first rows. */
  show(window: TraceWindow): void {
    this.#active = 0;
    this.#selected = null;
    this.#scroller.scrollTop = 0;
    this.#lastChange = isFresh(window.head) ? Date.now() : 0;
    this.#take(window);
  }

  clear(): void {
    this.#head = null;
    this.#window = [];
    this.#rows.setCount(0);
    this.#rows.render();
    this.#setTimer(false);
  }

  /** Spans came in. */
  changed(): Promise<void> {
    return this.refresh();
  }

  /** Asks for the rows around what is on screen; calls while one is under way become one more. */
  refresh(): Promise<void> {
    this.#mustAsk = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    while (this.#mustAsk && this.#head) {
      this.#mustAsk = false;
      const traceId: string = this.#head.traceId;
      const first = Math.max(0, this.#centerRow() - Math.floor(WINDOW / 2));
      const window = await this.#core.call("window", first, WINDOW);
      if (!window) {
        this.#events.onGone();
        return;
      }
      if (window.head.traceId === traceId && this.#head.traceId === traceId) this.#take(window);
    }
  }

  #centerRow(): number {
    const ratio = this.#scroller.scrollTop / Math.max(1, this.#scroller.scrollHeight);
    const byPixels = Math.floor((this.#scroller.scrollTop + this.#scroller.clientHeight / 2) / ROW_HEIGHT);
    return this.#rows.count * ROW_HEIGHT > 7_900_000 ? Math.floor(ratio * this.#rows.count) : byPixels;
  }

  #take(window: TraceWindow): void {
    const before = this.#head;
    this.#head = window.head;
    this.#first = window.first;
    this.#window = window.rows;
    if (before?.traceId === window.head.traceId && before.spans + before.open !== window.head.spans + window.head.open) {
      this.#lastChange = Date.now();
    }
    this.#rows.setCount(window.head.rows);
    const index = this.#window.findIndex((row) => row.spanId === this.#selected);
    if (index >= 0 && !this.#isMoving) this.#active = this.#first + index;
    this.#active = Math.min(this.#active, Math.max(0, window.head.rows - 1));
    this.#rows.pin(this.#active);
    setAttribute(this.#scroller, "aria-rowcount", String(window.head.rows));
    this.#draw();
    this.#events.onHead(window.head);
    this.#setTimer(this.#isLive);
  }

  #draw(): void {
    const hadFocus = this.#scroller.contains(document.activeElement) && document.activeElement !== this.#scroller;
    this.#drawAxis();
    this.#rows.render();
    if (hadFocus) this.#rows.elementAt(this.#active)?.focus({ preventScroll: true });
  }

  get #isLive(): boolean {
    return (this.#head?.open ?? 0) > 0 && Date.now() - this.#lastChange < LIVE_MILLIS;
  }

  /** Length of the time axis: open spans of a running trace reach to now. */
  get #totalNs(): number {
    if (!this.#head) return 1;
    const known = Math.max(1, this.#head.treeDurationNs);
    if (!this.#isLive) return known;
    return Math.max(known, Date.now() * 1e6 - Number(this.#head.treeStartNs));
  }

  #setTimer(isOn: boolean): void {
    if (isOn === (this.#timer !== null)) return;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    if (!isOn) return;
    this.#timer = setInterval(() => {
      this.#draw();
      if (!this.#isLive) this.#setTimer(false);
    }, 250);
  }

  // --- selection ---------------------------------------------------------------------------------

  get selected(): string | null {
    return this.#selected;
  }

  /** Selects a span of the trace shown, expanding what hides it. False if it is not there. */
  async select(spanId: string, options: { focus?: boolean } = {}): Promise<boolean> {
    const index = await this.#core.call("reveal", spanId);
    if (index < 0) return false;
    this.#active = index;
    await this.refresh();
    this.#rows.reveal(index);
    await this.refresh();
    this.#moveTo(index, options.focus ?? false);
    return true;
  }

  #moveTo(index: number, isFocused: boolean): void {
    if (this.#rows.count === 0) return;
    this.#active = Math.max(0, Math.min(this.#rows.count - 1, index));
    this.#rows.pin(this.#active);
    this.#rows.reveal(this.#active);
    const row = this.#rowAt(this.#active);
    if (row) this.#choose(row.spanId);
    else this.#chooseWhenKnown();
    this.#rows.render();
    if (isFocused) this.#rows.elementAt(this.#active)?.focus({ preventScroll: true });
  }

  /** The row moved to is not in memory; until it is, what is selected must not pull the keyboard back. */
  #chooseWhenKnown(): void {
    this.#isMoving = true;
    void this.refresh().then(() => {
      this.#isMoving = false;
      this.#choose(this.#rowAt(this.#active)?.spanId ?? null);
    });
  }

  #choose(spanId: string | null): void {
    if (!spanId) return;
    const isNew = spanId !== this.#selected;
    this.#selected = spanId;
    this.#rows.render();
    if (isNew) this.#events.onSelect(spanId);
  }

  #rowAt(index: number): SpanRow | undefined {
    return this.#window[index - this.#first];
  }

  focus(): void {
    this.#rows.elementAt(this.#active)?.focus();
  }

  async setAllCollapsed(isCollapsed: boolean): Promise<void> {
    await this.#core.call("setAllCollapsed", isCollapsed);
    await this.#afterCollapse();
  }

  async #toggle(row: SpanRow, isCollapsed: boolean): Promise<void> {
    await this.#core.call("setCollapsed", row.spanId, isCollapsed);
    await this.#afterCollapse();
  }

  /** What is selected may have gone into a collapsed row, which then is selected. */
  async #afterCollapse(): Promise<void> {
    const index = this.#selected ? await this.#core.call("visibleIndex", this.#selected) : -1;
    if (index >= 0) this.#active = index;
    await this.refresh();
    const row = this.#rowAt(this.#active);
    if (row && this.#selected && row.spanId !== this.#selected) this.#choose(row.spanId);
    this.#draw();
  }

  async nextError(isForward: boolean): Promise<void> {
    const spanId = await this.#core.call("nextError", this.#selected ?? "", isForward);
    if (!spanId) return;
    await this.select(spanId, { focus: true });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.#rowAt(this.#active);
    const go = (index: number): void => {
      this.#moveTo(index, true);
    };
    const actions: Record<string, () => void> = {
      ArrowUp: () => {
        go(this.#active - 1);
      },
      ArrowDown: () => {
        go(this.#active + 1);
      },
      Home: () => {
        go(0);
      },
      End: () => {
        go(this.#rows.count - 1);
      },
      PageUp: () => {
        go(this.#active - this.#rows.pageRows);
      },
      PageDown: () => {
        go(this.#active + this.#rows.pageRows);
      },
      ArrowRight: () => {
        if (!row || row.childCount === 0) return;
        if (row.isCollapsed) void this.#toggle(row, false);
        else go(this.#active + 1);
      },
      ArrowLeft: () => {
        if (!row) return;
        if (row.childCount > 0 && !row.isCollapsed) void this.#toggle(row, true);
        else if (row.parentRow >= 0) go(row.parentRow);
      },
      Enter: () => {
        this.#events.onEnter();
      },
      "[": () => void this.setAllCollapsed(true),
      "]": () => void this.setAllCollapsed(false),
      e: () => void this.nextError(true),
      E: () => void this.nextError(false),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  // --- drawing -----------------------------------------------------------------------------------

  #drawAxis(): void {
    const gutter = this.#scroller.offsetWidth - this.#scroller.clientWidth;
    this.element.style.setProperty("--gutter", `${String(gutter)}px`);
    const total = this.#totalNs;
    const width = this.#axis.clientWidth || 600;
    const key = `${String(total)} ${String(Math.round(width / 8))}`;
    if (key === this.#drawnAxis) return;
    this.#drawnAxis = key;
    const marks: HTMLElement[] = [];
    const lines: HTMLElement[] = [];
    for (const at of ticks(total, Math.max(2, Math.floor(width / 72)))) {
      const left = `${String((at / total) * 100)}%`;
      const line = h("i", "gridline");
      line.style.left = left;
      lines.push(line);
      if ((1 - at / total) * width < 34) continue; // its label would be cut off
      const mark = h("span", { class: "tick", text: tickText(at) });
      mark.style.left = left;
      marks.push(mark);
    }
    this.#axis.replaceChildren(...marks);
    this.#lines.replaceChildren(...lines);
  }

  #createRow(): HTMLElement {
    const parts = createSpanRow();
    const { element } = parts;
    this.#parts.set(element, parts);
    const own = (): SpanRow | undefined => this.#rowAt(Number(element.dataset["index"]));
    element.addEventListener("click", (event) => {
      const row = own();
      if (!row) return;
      this.#moveTo(Number(element.dataset["index"]), true);
      if (parts.chevron.contains(event.target as Node)) void this.#toggle(row, !row.isCollapsed);
    });
    element.addEventListener("dblclick", () => {
      const row = own();
      if (row && row.childCount > 0) void this.#toggle(row, !row.isCollapsed);
    });
    return element;
  }

  #updateRow(element: HTMLElement, index: number): void {
    const parts = this.#parts.get(element);
    if (!parts) return;
    const row = this.#rowAt(index);
    element.dataset["index"] = String(index);
    element.tabIndex = index === this.#active ? 0 : -1;
    setAttribute(element, "aria-rowindex", String(index + 1));
    setAttribute(element, "aria-selected", String(row !== undefined && row.spanId === this.#selected));
    element.classList.toggle("is-empty", !row);
    if (!row) return;
    drawSpanRow(parts, row, {
      totalNs: this.#totalNs,
      isLive: this.#isLive,
      isSelected: row.spanId === this.#selected,
      parent: this.#rowAt(row.parentRow),
    });
  }
}

/** Started within the last minute: its open spans may well be running. */
function isFresh(head: TraceHead): boolean {
  return Date.now() * 1e6 - Number(head.treeStartNs) - head.treeDurationNs < 60e9;
}
