// A bar between two panes: dragged with the pointer, moved with the arrow keys, remembered for next time.

import { h } from "./dom.js";

export interface SplitterOptions {
  label: string;
  /** CSS variable on the document that holds the size in pixels. */
  variable: string;
  initial: number;
  min: number;
  max(): number;
  /** Which way the size grows: 1 to the right (or down), −1 to the left (or up). */
  direction: 1 | -1;
  isHorizontal?: () => boolean;
}

const STEP = 16;

export function splitter(options: SplitterOptions): HTMLElement {
  const element = h("div", {
    class: "splitter",
    attributes: { role: "separator", tabindex: "0", "aria-label": options.label, "aria-orientation": "vertical" },
  });
  const key = `spandrel.${options.variable}`;
  let size = restored(key) ?? options.initial;

  const set = (next: number): void => {
    size = Math.round(Math.max(options.min, Math.min(options.max(), next)));
    document.documentElement.style.setProperty(options.variable, `${String(size)}px`);
    element.setAttribute("aria-valuenow", String(size));
    element.setAttribute("aria-valuemin", String(options.min));
    element.setAttribute("aria-valuemax", String(Math.round(options.max())));
  };
  const keep = (): void => {
    try {
      localStorage.setItem(key, String(size));
    } catch {
      // Not remembered, then.
    }
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    const isRow = options.isHorizontal?.() ?? false;
    const from = isRow ? event.clientY : event.clientX;
    const before = size;
    const move = (moved: PointerEvent): void => {
      set(before + options.direction * ((isRow ? moved.clientY : moved.clientX) - from));
    };
    const stop = (): void => {
      element.removeEventListener("pointermove", move);
      keep();
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", stop, { once: true });
    element.addEventListener("pointercancel", stop, { once: true });
  });
  element.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    set(size + step * STEP * options.direction);
    keep();
  });
  element.addEventListener("dblclick", () => {
    set(options.initial);
    keep();
  });
  set(size);
  return element;
}

function restored(key: string): number | null {
  try {
    const value = Number(localStorage.getItem(key));
    return value > 0 ? value : null;
  } catch {
    return null;
  }
}
