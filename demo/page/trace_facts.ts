// Below the head of a trace: what MLflow knows about it besides its spans. Assessments and the user's own tags as chips,
// everything else in a table that opens.

import type { Assessment, TraceFacts } from "../../js/viewer/model.js";
import { button, fill, h, icon, type ElementOptions } from "./dom.js";
import { costText, plural } from "./format.js";

const MAX_ASSESSMENTS = 6;
const MAX_TAGS = 6;
/** In a chip; the table has the whole. */
const MAX_CHIP_TEXT = 40;

export class TraceFactsView {
  readonly element = h("div", "facts");
  readonly #table = h("div", {
    class: "facts-table",
    attributes: { id: "trace-facts", role: "region", tabindex: "0", "aria-label": "About this trace" },
  });
  #key = "";
  #isOpen = false;

  constructor() {
    this.clear();
  }

  clear(): void {
    this.#isOpen = false;
    this.#key = "";
    this.element.hidden = true;
    fill(this.element);
  }

  show(facts: TraceFacts | null): void {
    const key = JSON.stringify(facts);
    if (key === this.#key) return;
    this.#key = key;
    this.element.hidden = facts === null;
    if (!facts) return fill(this.element);
    const hadFocus = this.element.contains(document.activeElement);
    const own = facts.tags.filter(([name]) => !name.startsWith("mlflow."));
    const more = this.#moreButton(facts);
    fill(
      this.element,
      h(
        "div",
        "chips",
        stateChip(facts.state),
        ...facts.assessments.slice(0, MAX_ASSESSMENTS).map(assessmentChip),
        metadataChip(facts, "mlflow.trace.session", "session"),
        metadataChip(facts, "mlflow.trace.user", "user"),
        facts.cost === undefined ? null : pairChip("Cost in US dollars", "cost", costText(facts.cost)),
        ...own.slice(0, MAX_TAGS).map(([name, value]) => pairChip("Tag", name, value)),
        more,
      ),
      this.#table,
    );
    fill(this.#table, ...sections(facts));
    this.#table.hidden = !this.#isOpen;
    if (hadFocus) more.focus();
  }

  #moreButton(facts: TraceFacts): HTMLButtonElement {
    const label = `About this trace: ${plural(facts.tags.length, "tag")}, ${String(facts.metadata.length)} of metadata, ${plural(facts.assessments.length, "assessment")}`;
    const more = button(
      label,
      () => {
        this.#isOpen = !this.#isOpen;
        this.#table.hidden = !this.#isOpen;
        more.setAttribute("aria-expanded", String(this.#isOpen));
      },
      {
        class: "chip more-facts",
        title: label,
        attributes: { "aria-expanded": String(this.#isOpen), "aria-controls": "trace-facts" },
      },
      h("span", { text: "About" }),
      icon("chevron"),
    );
    return more;
  }
}

function chip(options: ElementOptions, ...children: (Node | string | null)[]): HTMLElement {
  return h("span", { ...options, class: `chip ${options.class ?? ""}`.trim() }, ...children);
}

function pairChip(title: string, name: string, value: string): HTMLElement {
  return chip({ title: `${title}: ${name} = ${value}` }, h("span", { class: "chip-key", text: cut(name) }), cut(value));
}

function metadataChip(facts: TraceFacts, key: string, name: string): HTMLElement | null {
  const value = facts.metadata.find(([each]) => each === key)?.[1];
  return value ? pairChip("Metadata", name, value) : null;
}

/** OK says nothing that the spans do not say. */
function stateChip(state: string): HTMLElement | null {
  if (state === "IN_PROGRESS") return chip({ class: "is-live", title: "State of the trace" }, h("span", "pulse"), "in progress");
  return state === "ERROR" ? chip({ class: "is-error", title: "State of the trace" }, icon("error"), "failed") : null;
}

function assessmentChip(assessment: Assessment): HTMLElement {
  const { name, kind, value, error, rationale, source, isValid } = assessment;
  const title = [
    `${kind === "feedback" ? "Feedback" : "Expectation"}${source ? ` by ${source}` : ""}: ${name} = ${value}`,
    error && `failed: ${error}`,
    rationale,
    isValid ? "" : "A later one took its place.",
  ];
  const options = { class: assessmentClass(assessment), title: title.filter(Boolean).join("\n") };
  return chip(options, icon(assessmentIcon(assessment)), h("span", { class: "chip-key", text: cut(name) }), cut(error || value));
}

function assessmentClass({ kind, value, error, isValid }: Assessment): string {
  const isVerdict = kind === "feedback" && isValid;
  if (!isValid) return "is-replaced";
  if (error || (isVerdict && isNo(value))) return "is-error";
  return isVerdict && isYes(value) ? "is-ok" : "";
}

function assessmentIcon({ kind, value, error }: Assessment): "warning" | "shield" | "ok" | "close" | "message" {
  if (error) return "warning";
  if (kind === "expectation") return "shield";
  if (isYes(value)) return "ok";
  return isNo(value) ? "close" : "message";
}

function isYes(value: string): boolean {
  return /^(true|yes|pass)$/i.test(value);
}
function isNo(value: string): boolean {
  return /^(false|no|fail)$/i.test(value);
}

function sections(facts: TraceFacts): (Node | null)[] {
  const about: [string, string][] = [
    ["trace id", facts.traceId],
    ["experiment", facts.experimentId],
    ["state", facts.state],
    ["client request id", facts.clientRequestId],
    ["request", facts.requestPreview],
    ["response", facts.responsePreview],
  ];
  return [
    section(
      "Trace",
      about.filter(([, value]) => value !== ""),
    ),
    section("Assessments", facts.assessments.map(assessmentEntry)),
    section("Tags", ownFirst(facts.tags)),
    section("Metadata", ownFirst(facts.metadata)),
  ];
}

/** What the application said stands above what MLflow keeps for itself. */
function ownFirst(entries: readonly [string, string][]): [string, string][] {
  const isMlflows = ([name]: [string, string]): boolean => name.startsWith("mlflow.");
  return [...entries.filter((entry) => !isMlflows(entry)), ...entries.filter(isMlflows)];
}

function assessmentEntry({ name, kind, value, rationale, error, source, spanId, isValid }: Assessment): [string, string] {
  const notes = [
    source && `by ${source}`,
    error && `failed: ${error}`,
    spanId && `span ${spanId}`,
    isValid ? "" : "replaced by a later one",
    rationale,
  ].filter(Boolean);
  return [name || kind, [value, ...notes].join(" · ")];
}

function section(title: string, entries: readonly [string, string][]): HTMLElement | null {
  if (entries.length === 0) return null;
  return h(
    "section",
    {},
    h("h2", { text: title }),
    h("dl", {}, ...entries.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])),
  );
}

function cut(text: string): string {
  return text.length > MAX_CHIP_TEXT ? `${text.slice(0, MAX_CHIP_TEXT - 1)}…` : text;
}
