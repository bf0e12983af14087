// Elements without markup: text is always a text node, so nothing in a trace can become HTML.

type Child = Node | string | null | undefined | false;
type Listeners = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

export interface ElementOptions {
  class?: string;
  text?: string;
  title?: string;
  attributes?: Record<string, string>;
  on?: Listeners;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions | string = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { class: className, text, title, attributes, on } = typeof options === "string" ? { class: options } : options;
  if (className) element.className = className;
  if (title !== undefined) element.title = title;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener as EventListener);
  append(element, children);
  return element;
}

export function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Sets text only where it differs: rows are refreshed many times a second. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function button(
  label: string,
  onClick: () => void,
  options: ElementOptions = {},
  ...children: Child[]
): HTMLButtonElement {
  const element = h("button", { ...options, attributes: { type: "button", ...options.attributes } }, ...children);
  if (children.length === 0) element.textContent = label;
  else element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}

/** A button that puts `text` on the clipboard and says so. */
export function copyButton(label: string, text: () => string | Promise<string>): HTMLButtonElement {
  const element = button(label, () => void copy(), { class: "copy", title: label }, icon("copy"));
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(await text());
      element.classList.add("copied");
      setTimeout(() => element.classList.remove("copied"), 1200);
    } catch {
      // No permission: nothing was promised.
    }
  }
  return element;
}

// --- icons: strokes on a 16 × 16 grid -----------------------------------------------------------

const ICONS = {
  agent:
    "M8 1.8v2M4 3.8h8a1.7 1.7 0 0 1 1.7 1.7v5.3a1.7 1.7 0 0 1-1.7 1.7H4a1.7 1.7 0 0 1-1.7-1.7V5.5A1.7 1.7 0 0 1 4 3.8zM5.8 7.2v1.6M10.2 7.2v1.6M5.5 14.5h5",
  llm: "M8 1.8l1.5 4.7L14.2 8l-4.7 1.5L8 14.2l-1.5-4.7L1.8 8l4.7-1.5z",
  tool: "M10.3 2.2a3.6 3.6 0 0 0-4.5 4.6L2 10.6 5.4 14l3.8-3.8a3.6 3.6 0 0 0 4.6-4.5L11.5 8 9 7.6 8 5z",
  search: "M7 2.3a4.7 4.7 0 1 0 0 9.4 4.7 4.7 0 0 0 0-9.4zM10.5 10.5L14 14",
  chain:
    "M6.7 9.3a2.7 2.7 0 0 0 3.9.1l2-2a2.7 2.7 0 0 0-3.9-3.9l-1 1M9.3 6.7a2.7 2.7 0 0 0-3.9-.1l-2 2a2.7 2.7 0 0 0 3.9 3.9l1-1",
  grid: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
  sort: "M3 4h10M3 8h7M3 12h4",
  globe:
    "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM1.8 8h12.4M8 1.8c2.2 2 2.6 4.2 2.6 6.2S10.2 12.2 8 14.2C5.8 12.2 5.4 10 5.4 8S5.8 3.8 8 1.8z",
  database:
    "M8 1.9c3 0 5.2.9 5.2 2.2S11 6.3 8 6.3 2.8 5.4 2.8 4.1 5 1.9 8 1.9zM2.8 4.1v7.8c0 1.3 2.2 2.2 5.2 2.2s5.2-.9 5.2-2.2V4.1M2.8 8c0 1.3 2.2 2.2 5.2 2.2s5.2-.9 5.2-2.2",
  message: "M2.2 3.2h11.6v8H7.5L4.5 13.8v-2.6H2.2z",
  memory: "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  shield: "M8 1.8l5 1.9v3.8c0 3.2-2.1 5.5-5 6.7-2.9-1.2-5-3.5-5-6.7V3.7z",
  parser:
    "M5.5 2.5C4 2.5 4 4 4 5s0 2.5-1.7 3C4 8.5 4 10 4 11s0 2.5 1.5 2.5M10.5 2.5C12 2.5 12 4 12 5s0 2.5 1.7 3C12 8.5 12 10 12 11s0 2.5-1.5 2.5",
  span: "M2.5 5h8M5.5 8h8M4 11h6",
  error: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.8v4M8 11v.3",
  ok: "M3 8.5l3.3 3.3L13 5",
  warning: "M8 2l6.3 11.5H1.7zM8 6.5v3M8 11.5v.2",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  chevron: "M6 3.5L10.5 8 6 12.5",
  expand: "M4 6l4-4 4 4M4 10l4 4 4-4",
  collapse: "M4 2l4 4 4-4M4 14l4-4 4 4",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  play: "M4.5 2.5v11l9-5.5z",
  file: "M4 1.8h5L12.5 5.3v9H4zM9 1.8v3.5h3.5",
  menu: "M2 4h12M2 8h12M2 12h12",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8l2.5 1.5",
  link: "M9.5 2.5h4v4M13.5 2.5L8 8M12 9.5v4H2.5V4h4",
  bolt: "M8.8 1.8L3.5 9h4l-.8 5.2L12.5 7h-4z",
} as const;
export type IconName = keyof typeof ICONS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName, className = "icon"): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function setIcon(svg: SVGSVGElement, name: IconName): void {
  const path = svg.firstElementChild;
  if (path) setAttribute(path, "d", ICONS[name]);
}
