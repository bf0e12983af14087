// One value of a span: pretty where it is JSON, else text; cut where it is long, whole when asked for.

import type { AttributeValue } from "../../js/viewer/model.js";
import { button, copyButton, fill, h } from "./dom.js";
import { bytesText } from "./format.js";
import { jsonView, parseContainer } from "./json_view.js";

/** Fetches the whole text of a value that came cut. */
export type LoadValue = (number: number) => Promise<string>;

const FIRST_CHARACTERS = 4000;
const MORE_CHARACTERS = 100_000;
/** JSON beyond this is shown as text: parsing it would hold up the page. */
const MAX_JSON_CHARACTERS = 4_000_000;
/** What the worker sends at once is enough for most; this much more is fetched unasked to show JSON as a tree. */
const MAX_EAGER_BYTES = 1_000_000;

export async function wholeText(value: AttributeValue, load: LoadValue): Promise<string> {
  return value.bytes === undefined ? value.value : load(value.number);
}

/** A titled block with copy and, for JSON, a switch between tree and text. */
export function valueBlock(title: string, value: AttributeValue, load: LoadValue): HTMLElement {
  const body = h("div", "value-body");
  const head = h("div", "value-head", h("h3", { text: title }));
  if (value.bytes !== undefined) head.append(h("span", { class: "faint", text: bytesText(value.bytes) }));
  head.append(h("span", "grow"));
  const container = (text: string): object | undefined =>
    value.type === "string" || value.type === "map" || value.type === "array" ? parseContainer(text) : undefined;

  const show = (text: string): void => {
    const inner = displayText(value, text);
    const parsed = text.length <= MAX_JSON_CHARACTERS ? container(inner) : undefined;
    if (!parsed) {
      fill(body, textView(inner, value, load));
      return;
    }
    let isTree = true;
    const mode = button(
      "Raw",
      () => {
        isTree = !isTree;
        mode.textContent = isTree ? "Raw" : "Tree";
        fill(body, isTree ? jsonView(parsed) : textView(text, value, load));
      },
      { class: "mode" },
    );
    head.insertBefore(mode, head.lastElementChild);
    fill(body, jsonView(parsed));
  };
  head.append(copyButton("Copy value", () => wholeText(value, load)));

  if (value.bytes !== undefined && value.bytes <= MAX_EAGER_BYTES) void load(value.number).then(show);
  else show(value.value);
  return h("section", "value-block", head, body);
}

/** Text that is a JSON string is shown without its quotes and escapes. */
function displayText(value: AttributeValue, text: string): string {
  if (value.type !== "string" || !text.startsWith('"') || value.bytes !== undefined) return text;
  try {
    const inner: unknown = JSON.parse(text);
    return typeof inner === "string" ? inner : text;
  } catch {
    return text;
  }
}

/** Preformatted text that wraps; long text grows by a button. */
export function textView(text: string, value?: AttributeValue, load?: LoadValue): HTMLElement {
  const pre = h("pre", "text");
  const box = h("div", "text-box", pre);
  if (text === "") {
    pre.classList.add("is-blank");
    pre.textContent = "empty";
    return box;
  }
  let shown = Math.min(text.length, FIRST_CHARACTERS);
  let whole = value?.bytes === undefined || !load;
  pre.append(text.slice(0, shown));
  const more = button("Show more", () => void grow(), { class: "more" });
  const refresh = (): void => {
    const isAll = whole && shown >= text.length;
    if (isAll) more.remove();
    else
      more.textContent = whole
        ? `Show more (${bytesText(text.length - shown)} left)`
        : `Show more (${bytesText(value?.bytes ?? 0)} in all)`;
  };
  async function grow(): Promise<void> {
    if (!whole && value && load && shown >= text.length) {
      text = await load(value.number);
      whole = true;
    }
    const next = text.slice(shown, shown + MORE_CHARACTERS);
    shown += next.length;
    pre.append(next);
    refresh();
  }
  if (!whole || shown < text.length) box.append(more);
  refresh();
  return box;
}

/** A key and its value in a table of attributes. */
export function attributeRow(attribute: AttributeValue, load: LoadValue): HTMLElement {
  const cell = h("div", { class: `attr-value is-${attribute.type}` });
  const parsed = attribute.bytes === undefined && attribute.type !== "bytes" ? parseContainer(attribute.value) : undefined;
  if (parsed) cell.append(jsonView(parsed));
  else if (attribute.value.length > 300 || attribute.bytes !== undefined || attribute.value.includes("\n")) {
    cell.append(textView(attribute.value, attribute, load));
  } else
    cell.append(
      attribute.value === ""
        ? h("span", { class: "faint", text: attribute.type === "empty" ? "null" : "empty" })
        : attribute.value,
    );
  return h(
    "div",
    "attr",
    h("div", { class: "attr-key", text: attribute.key || "(no key)", title: `${attribute.key} (${attribute.type})` }),
    cell,
    copyButton(`Copy ${attribute.key}`, () => wholeText(attribute, load)),
  );
}

export function attributeTable(attributes: readonly AttributeValue[], load: LoadValue, emptyText: string): HTMLElement {
  if (attributes.length === 0) return h("p", { class: "none", text: emptyText });
  return h("div", "attrs", ...attributes.map((attribute) => attributeRow(attribute, load)));
}
