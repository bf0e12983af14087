// A list of any length with as many elements as fit the screen.
//
// Elements are pooled, placed by transform, and keep their index while it is on screen. One index may be pinned: its
// element stays although it is scrolled away, so that the keyboard focus on it is never lost. Browsers lay out only
// so many pixels; beyond SCROLL_PIXELS the scroll bar is scaled.

const SCROLL_PIXELS = 8_000_000;

export interface VirtualRowsOptions {
  scroller: HTMLElement;
  rowHeight: number;
  overscan: number;
  create(): HTMLElement;
  update(element: HTMLElement, index: number): void;
  /** Called after each render with the indexes on screen, overscan included. */
  onRange?(first: number, end: number): void;
}

export class VirtualRows {
  readonly #options: VirtualRowsOptions;
  readonly #spacer: HTMLElement;
  readonly #elements = new Map<number, HTMLElement>();
  readonly #spare: HTMLElement[] = [];
  #count = 0;
  #pinned = -1;
  #isScheduled = false;

  constructor(options: VirtualRowsOptions) {
    this.#options = options;
    this.#spacer = document.createElement("div");
    this.#spacer.className = "spacer";
    this.#spacer.setAttribute("role", "presentation");
    options.scroller.append(this.#spacer);
    options.scroller.addEventListener(
      "scroll",
      () => {
        this.render();
      },
      { passive: true },
    );
    new ResizeObserver(() => {
      this.schedule();
    }).observe(options.scroller);
  }

  get count(): number {
    return this.#count;
  }

  setCount(count: number): void {
    if (count === this.#count) return;
    this.#count = count;
    this.#spacer.style.height = `${String(Math.min(this.#fullHeight, SCROLL_PIXELS))}px`;
  }

  pin(index: number): void {
    this.#pinned = index;
  }

  elementAt(index: number): HTMLElement | undefined {
    return this.#elements.get(index);
  }

  /** How many rows fit; at least one. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#options.scroller.clientHeight / this.#options.rowHeight) - 1);
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.render();
    });
  }

  render(): void {
    const { scroller, rowHeight, overscan } = this.#options;
    const offset = this.#offset;
    const first = Math.max(0, Math.floor(offset / rowHeight) - overscan);
    const end = Math.min(this.#count, Math.ceil((offset + scroller.clientHeight) / rowHeight) + overscan);
    for (const [index, element] of this.#elements) {
      if ((index >= first && index < end) || (index === this.#pinned && index < this.#count)) continue;
      this.#elements.delete(index);
      this.#spare.push(element);
      element.hidden = true;
    }
    const shift = scroller.scrollTop - offset; // 0 unless the scroll bar is scaled
    for (let index = first; index < end; index++) this.#place(index, shift);
    if (this.#pinned >= 0 && this.#pinned < this.#count && (this.#pinned < first || this.#pinned >= end)) {
      this.#place(this.#pinned, shift);
    }
    this.#options.onRange?.(first, end);
  }

  /** Scrolls as little as needed. */
  reveal(index: number): void {
    const { scroller, rowHeight } = this.#options;
    const top = index * rowHeight;
    const offset = this.#offset;
    if (top < offset) this.#scrollTo(top);
    else if (top + rowHeight > offset + scroller.clientHeight) this.#scrollTo(top + rowHeight - scroller.clientHeight);
  }

  #place(index: number, shift: number): void {
    let element = this.#elements.get(index);
    if (!element) {
      element = this.#spare.pop() ?? this.#create();
      element.hidden = false;
      this.#elements.set(index, element);
    }
    element.style.transform = `translateY(${String(index * this.#options.rowHeight + shift)}px)`;
    this.#options.update(element, index);
  }

  #create(): HTMLElement {
    const element = this.#options.create();
    this.#spacer.append(element);
    return element;
  }

  get #fullHeight(): number {
    return this.#count * this.#options.rowHeight;
  }

  get #scale(): number {
    const height = this.#options.scroller.clientHeight;
    return this.#fullHeight <= SCROLL_PIXELS ? 1 : (this.#fullHeight - height) / (SCROLL_PIXELS - height);
  }

  get #offset(): number {
    return this.#options.scroller.scrollTop * this.#scale;
  }

  #scrollTo(offset: number): void {
    this.#options.scroller.scrollTop = offset / this.#scale;
  }
}
