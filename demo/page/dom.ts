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

export function button(label: string, onClick: () => void, options: ElementOptions = {}, ...children: Child[]): HTMLButtonElement {
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
  agent: "M8 1.8v2M4 3.8h8a1.7 1.7 0 0 1 1.7 1.7v5.3a1.7 1.7 0 0 1-1.7 1.7H4a1.7 1.7 0 0 1-1.7-1.7V5.500A1.7 1.7 0 0 1 4 3.800zM5.8 7.200v1.600M10.2 7.200v1.600M5.5 14.500h5",
  llm: "M8 1.800l1.5 4.700L14.2 8l-4.7 1.500L8 14.200l-1.5-4.700L1.8 8l4.7-1.500z",
  tool: "M10.3 2.200a3.6 3.6 0 0 0-4.5 4.600L2 10.6 5.4 14l3.8-3.800a3.6 3.6 0 0 0 4.6-4.500L11.5 8 9 7.6 8 5z",
  search: "M7 2.300a4.7 4.7 0 1 0 0 9.4 4.7 4.7 0 0 0 0-9.400zM10.5 10.500L14 14",
  chain: "M6.7 9.300a2.7 2.7 0 0 0 3.9.1l2-2a2.7 2.7 0 0 0-3.9-3.900l-1 1M9.3 6.700a2.7 2.7 0 0 0-3.9-.1l-2 2a2.7 2.7 0 0 0 3.9 3.900l1-1",
  grid: "M2.5 2.500h4v4h-4zM9.5 2.500h4v4h-4zM2.5 9.500h4v4h-4zM9.5 9.500h4v4h-4z",
  sort: "M3 4h10M3 8h7M3 12h4",
  globe: "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800zM1.8 8h12.400M8 1.800c2.2 2 2.6 4.2 2.6 6.200S10.2 12.2 8 14.200C5.8 12.2 5.4 10 5.4 8S5.8 3.8 8 1.800z",
  database: "M8 1.900c3 0 5.2.9 5.2 2.200S11 6.3 8 6.3 2.8 5.4 2.8 4.1 5 1.9 8 1.900zM2.8 4.100v7.800c0 1.3 2.2 2.2 5.2 2.200s5.2-.9 5.2-2.200V4.100M2.8 8c0 1.3 2.2 2.2 5.2 2.200s5.2-.9 5.2-2.2",
  message: "M2.2 3.200h11.600v8H7.500L4.5 13.800v-2.600H2.200z",
  memory: "M4.5 4.500h7v7h-7zM6.5 2v2.500M9.5 2v2.500M6.5 11.500V14M9.5 11.500V14M2 6.500h2.500M2 9.500h2.500M11.5 6.500H14M11.5 9.500H14",
  shield: "M8 1.800l5 1.900v3.800c0 3.2-2.1 5.5-5 6.7-2.9-1.2-5-3.5-5-6.700V3.700z",
  parser: "M5.5 2.500C4 2.5 4 4 4 5s0 2.5-1.7 3C4 8.5 4 10 4 11s0 2.5 1.5 2.500M10.5 2.500C12 2.5 12 4 12 5s0 2.5 1.7 3C12 8.5 12 10 12 11s0 2.5-1.5 2.5",
  span: "M2.5 5h8M5.5 8h8M4 11h6",
  error: "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800zM8 4.800v4M8 11v.3",
  ok: "M3 8.500l3.3 3.300L13 5",
  warning: "M8 2l6.3 11.500H1.700zM8 6.500v3M8 11.500v.2",
  copy: "M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3",
  chevron: "M6 3.500L10.5 8 6 12.5",
  collapse: "M4 6l4-4 4 4M4 10l4 4 4-4",
  expand: "M4 2l4 4 4-4M4 14l4-4 4 4",
  close: "M3.5 3.500l9 9M12.5 3.500l-9 9",
  play: "M4.5 2.500v11l9-5.500z",
  file: "M4 1.800h5L12.5 5.300v9H4zM9 1.800v3.500h3.5",
  menu: "M2 4h12M2 8h12M2 12h12",
  clock: "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800zM8 4.500V8l2.5 1.5",
  link: "M9.5 2.500h4v4M13.5 2.500L8 8M12 9.500v4H2.500V4h4",
  bolt: "M8.8 1.800L3.5 9h4l-.8 5.200L12.5 7h-4z",
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
