// The page: top bar, list of traces, waterfall, detail. State is small: which trace, which span; the rest is asked for.

import type { Connection, News, ReceiverStatus } from "../../js/viewer/messages.js";
import type { StoreStats, TraceHead } from "../../js/viewer/model.js";
import { CoreClient } from "./core_client.js";
import { DetailPane } from "./detail.js";
import { button, fill, h, icon, setText } from "./dom.js";
import { emptyState } from "./empty_state.js";
import { bytesText, countText, plural } from "./format.js";
import { readPlace, readToken, writePlace } from "./location.js";
import { acceptDrops, openFiles } from "./open_files.js";
import { splitter } from "./splitter.js";
import { TraceFactsView } from "./trace_facts.js";
import { TraceHeader } from "./trace_header.js";
import { TraceList } from "./trace_list.js";
import { Waterfall } from "./waterfall.js";

const FIRST_ROWS = 240;
const NARROW = matchMedia("(max-width: 1000px)");

class Page {
  readonly #core = new CoreClient((news) => {
    this.#onNews(news);
  });
  readonly #token = readToken();
  readonly #list = new TraceList(this.#core, (traceId) => void this.#openTrace(traceId, null));
  readonly #detail = new DetailPane(this.#core, (traceId, spanId) => void this.#openTrace(traceId, spanId));
  readonly #waterfall = new Waterfall(this.#core, {
    onSelect: (spanId) => {
      this.#onSelect(spanId);
    },
    onEnter: () => {
      this.#detail.focus();
    },
    onGone: () => {
      this.#closeTrace("This trace has left the memory: newer ones needed the room.");
    },
    onHead: (head) => {
      this.#onHead(head);
    },
  });
  readonly #header = new TraceHeader(
    () => void this.#waterfall.nextError(true),
    () => {
      this.#setListOpen(true);
    },
  );
  readonly #facts = new TraceFactsView();
  readonly #connection = h("span", { class: "connection", attributes: { role: "status" } });
  readonly #counts = h("span", "counts");
  readonly #notices = h("div", { class: "notices", attributes: { role: "status", "aria-live": "polite" } });
  readonly #main = h("main", "main");
  readonly #empty = h("div", "empty-place");
  readonly #view = h("div", "trace-view");
  readonly #app = h("div", "app");
  readonly #sampleButton = button(
    "Run the sample",
    () => void this.#runSample(),
    { class: "action is-primary" },
    icon("play"),
    h("span", { text: "Run the sample" }),
  );
  #shown: string | null = null;
  #head: TraceHead | null = null;
  #isWaitingForLinked = false;
  /** Counts the traces asked for: an answer that comes after the next question is dropped. */
  #turn = 0;
  #connectionState: Connection = "none";
  #lastStatus: ReceiverStatus | null = null;

  start(): void {
    this.#build();
    const place = readPlace();
    this.#isWaitingForLinked = place.traceId !== null;
    if (this.#token) {
      void this.#core.call("connect", location.origin, this.#token);
      this.#connectionState = "connecting";
    }
    this.#drawConnection();
    this.#drawEmpty();
    window.addEventListener("hashchange", () => void this.#followAddress());
    window.addEventListener("popstate", () => void this.#followAddress());
    acceptDrops((files) => void this.#open(files));
  }

  #build(): void {
    const picker = h("input", {
      attributes: { type: "file", multiple: "", tabindex: "-1", "aria-hidden": "true" },
      class: "picker",
    });
    picker.addEventListener("change", () => {
      void this.#open([...(picker.files ?? [])]);
      picker.value = "";
    });
    const openButton = button(
      "Open a file",
      () => {
        picker.click();
      },
      { class: "action" },
      icon("file"),
      h("span", { text: "Open file" }),
    );
    const listButton = button(
      "Traces",
      () => {
        this.#setListOpen(!this.#app.classList.contains("is-list-open"));
      },
      { class: "tool only-narrow" },
      icon("menu"),
    );
    this.#sampleButton.hidden = true;
    const top = h(
      "header",
      "top",
      listButton,
      h(
        "span",
        "brand",
        h("img", { class: "mark", attributes: { src: "icon.svg", alt: "", width: "22", height: "22" } }),
        h("span", { text: "Spandrel" }),
      ),
      this.#connection,
      h("span", "grow"),
      this.#counts,
      openButton,
      this.#sampleButton,
      picker,
    );
    const listSplit = splitter({
      label: "Width of the list",
      variable: "--list-width",
      initial: 264,
      min: 200,
      max: () => innerWidth / 2,
      direction: 1,
    });
    const detailSplit = splitter({
      label: "Size of the detail pane",
      variable: "--detail-size",
      initial: Math.round(Math.max(360, Math.min(480, innerWidth * 0.3))),
      min: 260,
      max: () => (NARROW.matches ? innerHeight - 260 : innerWidth * 0.6),
      direction: -1,
      isHorizontal: () => NARROW.matches,
    });
    detailSplit.classList.add("detail-splitter");
    this.#view.append(
      this.#header.element,
      this.#facts.element,
      h("div", "panes", this.#waterfall.element, detailSplit, this.#detail.element),
    );
    this.#view.hidden = true;
    this.#main.append(this.#empty, this.#view);
    const shade = h("div", {
      class: "shade",
      on: {
        click: () => {
          this.#setListOpen(false);
        },
      },
    });
    this.#app.append(top, h("div", "content", this.#list.element, listSplit, this.#main, shade), this.#notices);
    document.getElementById("app")?.replaceWith(this.#app);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#setListOpen(false);
    });
  }

  #setListOpen(isOpen: boolean): void {
    this.#app.classList.toggle("is-list-open", isOpen);
  }

  // --- news from the worker ----------------------------------------------------------------------

  #onNews(news: News): void {
    switch (news.news) {
      case "ready":
        break;
      case "failed":
        this.#notice(`The viewer could not start: ${news.message}`, true);
        break;
      case "connection":
        this.#connectionState = news.state;
        if (news.status) this.#lastStatus = news.status;
        this.#sampleButton.hidden = !this.#hasSample;
        this.#drawConnection();
        this.#drawEmpty();
        break;
      case "trouble": {
        const first = news.report.errors[0];
        if (first) this.#notice(`Part of ${news.where} could not be read: ${first.message} (byte ${countText(first.offset)})`);
        break;
      }
      case "changed":
        void this.#onChanged(news.stats);
    }
  }

  async #onChanged(stats: StoreStats): Promise<void> {
    const evicted = stats.evictedTraces > 0 ? ` · ${plural(stats.evictedTraces, "trace")} evicted` : "";
    setText(this.#counts, `${plural(stats.spans, "span")} · ${bytesText(stats.bytes)}${evicted}`);
    await this.#list.refresh();
    const place = readPlace();
    if (this.#shown) {
      await this.#waterfall.changed();
      const selected = this.#waterfall.selected;
      if (selected && this.#head) await this.#detail.show(selected, this.#head.treeStartNs);
    } else if (this.#isWaitingForLinked && place.traceId && (await this.#core.call("traceIndex", place.traceId)) >= 0) {
      await this.#openTrace(place.traceId, place.spanId);
    } else if (!this.#isWaitingForLinked && this.#list.newest) {
      await this.#openTrace(this.#list.newest, null);
    }
    this.#drawEmpty();
  }

  // --- the trace shown ---------------------------------------------------------------------------

  async #openTrace(traceId: string, spanId: string | null): Promise<void> {
    const turn = ++this.#turn;
    const window = await this.#core.call("openTrace", traceId, FIRST_ROWS);
    if (turn !== this.#turn) return; // another trace was asked for meanwhile
    if (!window) {
      this.#notice(`Trace ${traceId} is not here.`);
      return;
    }
    this.#isWaitingForLinked = false;
    const isOther = this.#shown !== traceId;
    this.#shown = traceId;
    this.#view.hidden = false;
    this.#list.show(traceId);
    this.#setListOpen(false);
    if (isOther) this.#waterfall.show(window);
    const wanted = spanId ?? (isOther ? window.rows[0]?.spanId : null);
    if (wanted && !(await this.#waterfall.select(wanted)) && spanId) this.#notice(`Span ${spanId} is not in this trace.`);
    this.#drawEmpty();
    if (turn !== this.#turn) return;
    writePlace({ traceId, spanId: this.#waterfall.selected }, this.#token);
  }

  #closeTrace(reason: string): void {
    this.#shown = null;
    this.#head = null;
    this.#waterfall.clear();
    this.#detail.clear();
    this.#view.hidden = true;
    this.#list.show(null);
    this.#notice(reason);
    this.#drawEmpty();
  }

  #onHead(head: TraceHead): void {
    if (JSON.stringify(head) !== JSON.stringify(this.#head)) void this.#showFacts(head.traceId);
    if (head.traceId !== this.#head?.traceId) this.#facts.clear();
    this.#head = head;
    this.#header.show(head);
    document.title = `${head.name || "Trace"} – Spandrel`;
  }

  async #showFacts(traceId: string): Promise<void> {
    const facts = await this.#core.call("traceFacts");
    if (this.#shown === traceId) this.#facts.show(facts);
  }

  #onSelect(spanId: string): void {
    if (!this.#head || !this.#shown) return;
    void this.#detail.show(spanId, this.#head.treeStartNs);
    writePlace({ traceId: this.#shown, spanId }, this.#token);
  }

  async #followAddress(): Promise<void> {
    const { traceId, spanId } = readPlace();
    if (traceId && (traceId !== this.#shown || spanId !== this.#waterfall.selected)) await this.#openTrace(traceId, spanId);
  }

  // --- actions -----------------------------------------------------------------------------------

  async #open(files: File[]): Promise<void> {
    const outcomes = await openFiles(this.#core, files);
    for (const { name, report, error } of outcomes) {
      if (error) this.#notice(`${name}: ${error}`, true);
      else if (report) this.#tellFile(name, report.spans, report.broken, report.errors[0]);
    }
    await this.#list.refresh();
    if (this.#list.newest && outcomes.some(({ report }) => report && report.spans > 0)) {
      await this.#openTrace(this.#list.newest, null);
    }
  }

  #tellFile(name: string, spans: number, broken: number, first: { message: string; offset: number } | undefined): void {
    const trouble = first
      ? `; ${broken > 0 ? `${plural(broken, "span")} left out, ` : ""}${first.message} (byte ${countText(first.offset)})`
      : "";
    this.#notice(`${name}: ${plural(spans, "span")}${trouble}`, spans === 0);
  }

  /** Only a receiver with the sample's service can run it; it says so with its first status. */
  get #hasSample(): boolean {
    return this.#lastStatus?.services?.includes("/sample") === true;
  }

  async #runSample(): Promise<void> {
    this.#sampleButton.disabled = true;
    this.#sampleButton.classList.add("is-busy");
    try {
      const { runFromPage } = await import("../sample/browser.js");
      const run = await runFromPage({ endpoint: location.origin });
      this.#isWaitingForLinked = true;
      await this.#openWhenHere(run.traceId);
    } catch (error) {
      this.#notice(`The sample failed: ${error instanceof Error ? error.message : String(error)}`, true);
    }
    this.#sampleButton.disabled = false;
    this.#sampleButton.classList.remove("is-busy");
  }

  /** Its last spans may still be on their way. */
  async #openWhenHere(traceId: string): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      if ((await this.#core.call("traceIndex", traceId)) >= 0) return this.#openTrace(traceId, null);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.#isWaitingForLinked = false;
  }

  // --- small drawings ----------------------------------------------------------------------------

  #drawConnection(): void {
    const texts: Record<Connection, string> = {
      none: "Files only",
      connecting: "Connecting",
      live: "Live",
      lost: "Receiver gone, trying again",
      refused: "Not allowed: open the address that the receiver printed",
    };
    const state = this.#connectionState;
    this.#connection.className = `connection is-${state}`;
    fill(this.#connection, h("span", "led"), texts[state]);
    const evicted = this.#lastStatus?.evictedSpans ?? 0;
    this.#connection.title =
      evicted > 0
        ? `The receiver has dropped ${plural(evicted, "old span")} to stay within ${bytesText(this.#lastStatus?.capacityBytes ?? 0)}.`
        : location.origin;
  }

  #drawEmpty(): void {
    const isEmpty = this.#list.total === 0 && !this.#shown;
    this.#app.classList.toggle("has-nothing", isEmpty);
    this.#empty.hidden = !isEmpty;
    const hasReceiver = this.#token !== null && this.#connectionState !== "refused";
    const hasSample = hasReceiver && this.#hasSample;
    const key = [isEmpty, hasReceiver, hasSample].join(" ");
    if (!isEmpty || this.#empty.dataset["key"] === key) return;
    this.#empty.dataset["key"] = key;
    const actions = hasSample
      ? [
          button(
            "Run the sample",
            () => void this.#runSample(),
            { class: "action is-primary" },
            icon("play"),
            h("span", { text: "Run the sample" }),
          ),
        ]
      : [];
    fill(this.#empty, emptyState(hasReceiver, actions));
  }

  #notice(text: string, isError = false): void {
    const close = button(
      "Dismiss",
      () => {
        notice.remove();
      },
      { class: "tool" },
      icon("close"),
    );
    const notice = h(
      "div",
      `notice${isError ? " is-error" : ""}`,
      icon(isError ? "error" : "warning"),
      h("span", { text }),
      close,
    );
    this.#notices.append(notice);
    while (this.#notices.childElementCount > 4) this.#notices.firstElementChild?.remove();
    if (!isError)
      setTimeout(() => {
        notice.remove();
      }, 8000);
  }
}

new Page().start();
