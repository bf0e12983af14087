// JSON as a tree that is built while it is opened: a node's children exist only once they are shown, a hundred at a time.

import { button, h, icon } from "./dom.js";
import { plural } from "./format.js";

/** A number whose digits do not fit a double, as it was written. */
class ExactNumber {
  constructor(readonly digits: string) {}
}

const OPEN_DEPTH = 2;
const OPEN_CHILDREN = 24;
const CHILDREN_AT_ONCE = 100;
const LONG_STRING = 600;

/** Undefined where the text is no JSON object or array (or nests too deeply to be parsed here). */
export function parseContainer(text: string): object | undefined {
  const start = text.trimStart()[0];
  if (start !== "{" && start !== "[") return undefined;
  try {
    const value: unknown = JSON.parse(text, keepDigits);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Newer engines say how a number was written. */
function keepDigits(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || !context?.source || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  return new ExactNumber(context.source);
}

export function jsonView(value: unknown): HTMLElement {
  const root = h("div", "json");
  if (isContainer(value)) addChildren(root, entriesOf(value), 0, 0);
  else root.append(leaf(null, value));
  if (root.childElementCount === 0) root.append(h("span", { class: "json-empty", text: Array.isArray(value) ? "[ ]" : "{ }" }));
  return root;
}

function addChildren(parent: HTMLElement, entries: [string | number, unknown][], from: number, depth: number): void {
  const end = Math.min(entries.length, from + CHILDREN_AT_ONCE);
  for (const [key, value] of entries.slice(from, end)) {
    parent.append(isContainer(value) && entriesOf(value).length > 0 ? branch(key, value, depth) : leaf(key, value));
  }
  if (end === entries.length) return;
  const more = button(
    `Show ${plural(Math.min(CHILDREN_AT_ONCE, entries.length - end), "more entry", "more entries")} of ${String(entries.length - end)}`,
    () => {
      more.remove();
      addChildren(parent, entries, end, depth);
    },
    { class: "more" },
  );
  parent.append(more);
}

function branch(key: string | number, value: object, depth: number): HTMLElement {
  const entries = entriesOf(value);
  const children = h("div", "json-children");
  const summary = Array.isArray(value) ? plural(entries.length, "item") : plural(entries.length, "key");
  const head = h(
    "button",
    { class: "json-head", attributes: { type: "button", "aria-expanded": "false" } },
    icon("chevron", "icon json-chevron"),
    keyNode(key),
    h("span", { class: "json-summary", text: summary }),
  );
  const node = h("div", "json-branch", head, children);
  let isBuilt = false;
  const setOpen = (isOpen: boolean): void => {
    if (isOpen && !isBuilt) addChildren(children, entries, 0, depth + 1);
    isBuilt ||= isOpen;
    children.hidden = !isOpen;
    head.setAttribute("aria-expanded", String(isOpen));
  };
  head.addEventListener("click", () => {
    setOpen(children.hidden);
  });
  setOpen(depth < OPEN_DEPTH && entries.length <= OPEN_CHILDREN);
  return node;
}

function leaf(key: string | number | null, value: unknown): HTMLElement {
  return h("div", "json-leaf", key === null ? null : keyNode(key), valueNode(value));
}

function keyNode(key: string | number): HTMLElement {
  return h("span", { class: typeof key === "number" ? "json-index" : "json-key", text: String(key) });
}

function valueNode(value: unknown): HTMLElement {
  if (typeof value === "string") return stringNode(value);
  if (value instanceof ExactNumber) return h("span", { class: "json-number", text: value.digits });
  if (isContainer(value)) return h("span", { class: "json-empty", text: Array.isArray(value) ? "[ ]" : "{ }" });
  return h("span", { class: `json-${value === null ? "null" : typeof value}`, text: String(value) });
}

function stringNode(text: string): HTMLElement {
  if (text.length <= LONG_STRING) return h("span", { class: "json-string", text });
  const shown = h("span", { class: "json-string", text: text.slice(0, LONG_STRING) });
  const more = button(
    `… ${String(text.length - LONG_STRING)} more characters`,
    () => {
      shown.textContent = text;
      more.remove();
    },
    { class: "more" },
  );
  return h("span", "json-long", shown, more);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof ExactNumber);
}

function entriesOf(value: object): [string | number, unknown][] {
  return Array.isArray(value) ? value.map((item: unknown, index): [number, unknown] => [index, item]) : Object.entries(value);
}
