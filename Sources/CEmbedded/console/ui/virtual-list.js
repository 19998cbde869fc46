// A table of any length. Only the visible rows, and a few rows above and below them, are in the document.

import { h } from './dom.js';

/** Number of rows to draw above and below the visible rows, so that scrolling shows no gaps. */
const OVERSCAN = 8;

export class VirtualList {
  /**
   * @param {Object} options
   * @param {string} options.label
   * @param {string} [options.className]
   * @param {number} options.rowHeight In CSS pixels.
   * @param {HTMLElement} [options.header] A row with the columns' headings.
   * @param {(index: number) => HTMLElement} options.row Creates a row with its cells.
   * @param {(index: number, row: HTMLElement) => void} [options.update] Updates an existing row. Without this
   *   function, `refresh` creates all rows again.
   * @param {(index: number, event: Event) => void} [options.onOpen] Called for Enter.
   * @param {(index: number, event: KeyboardEvent) => void} [options.onToggle] Called for Space.
   * @param {(from: number, to: number) => void} [options.onExtend] Called when the focus moves while
   *   Shift is pressed.
   * @param {(index: number, row: HTMLElement) => void} [options.onMenu] Called for the menu key and Shift+F10.
   * @param {(key: KeyboardEvent, index: number) => boolean} [options.onKey] Called for any other key; returns whether
   *   it handled the key.
   * @param {(last: number) => void} [options.onRange] Called with the index of the last row that is drawn.
   */
  constructor(options) {
    this.options = options;
    this.count = 0;
    this.active = 0;
    this.rows = new Map();
    this.body = h('div', { class: 'list-body', role: 'rowgroup' });
    this.element = h('div', { class: `list ${options.className ?? ''}`, role: 'grid', 'aria-label': options.label },
      options.header && h('div', { class: 'list-header', role: 'rowgroup' }, options.header), this.body);
    this.element.addEventListener('scroll', () => this.#schedule(), { passive: true });
    this.body.addEventListener('keydown', (event) => this.#key(event));
    this.body.addEventListener('focusin', (event) => {
      const row = event.target.closest('[data-index]');
      if (row) this.#activate(Number(row.dataset.index));
    });
    this.observer = new ResizeObserver(() => this.#schedule());
    this.observer.observe(this.element);
  }

  /** Sets the number of rows, and draws the visible rows again. */
  setCount(count) {
    this.count = count;
    this.active = Math.max(0, Math.min(this.active, count - 1));
    this.body.style.height = `${count * this.options.rowHeight}px`;
    this.element.setAttribute('aria-rowcount', String(count + (this.options.header ? 1 : 0)));
    this.refresh();
  }

  /** Draws the visible rows again. */
  refresh() {
    const focused = this.body.contains(document.activeElement);
    if (!this.options.update) {
      for (const row of this.rows.values()) row.remove();
      this.rows.clear();
    } else {
      for (const [index, row] of this.rows) if (index < this.count) this.options.update(index, row);
    }
    this.#draw();
    if (focused && this.count > 0) this.rows.get(this.active)?.focus({ preventScroll: true });
  }

  /** Moves the keyboard focus to a row and scrolls it into view. */
  focusRow(index) {
    if (this.count === 0) return;
    this.#activate(Math.max(0, Math.min(index, this.count - 1)));
    this.#reveal(this.active);
    this.#draw();
    this.rows.get(this.active)?.focus({ preventScroll: true });
  }

  dispose() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  #schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { rowHeight } = this.options;
    const top = this.element.scrollTop;
    const height = this.element.clientHeight || 400;
    const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN);
    const last = Math.min(this.count - 1, Math.ceil((top + height) / rowHeight) + OVERSCAN);
    const keep = this.body.contains(document.activeElement) ? this.active : -1;
    for (const [index, row] of this.rows) {
      if ((index < first || index > last) && index !== keep) {
        row.remove();
        this.rows.delete(index);
      }
    }
    for (let index = first; index <= last; index += 1) if (!this.rows.has(index)) this.#add(index);
    if (this.count > 0) this.options.onRange?.(last);
  }

  #add(index) {
    const row = this.options.row(index);
    row.dataset.index = String(index);
    row.setAttribute('role', 'row');
    row.setAttribute('aria-rowindex', String(index + (this.options.header ? 2 : 1)));
    row.tabIndex = index === this.active ? 0 : -1;
    row.style.transform = `translateY(${index * this.options.rowHeight}px)`;
    // Rows are inserted in order, because screen readers follow the order of the document.
    let next = null;
    let nearest = Infinity;
    for (const [other, element] of this.rows) {
      if (other > index && other < nearest) [nearest, next] = [other, element];
    }
    this.body.insertBefore(row, next);
    this.rows.set(index, row);
  }

  #activate(index) {
    if (index === this.active && this.rows.get(index)?.tabIndex === 0) return;
    const old = this.rows.get(this.active);
    if (old) old.tabIndex = -1;
    this.active = index;
    const row = this.rows.get(index);
    if (row) row.tabIndex = 0;
  }

  #reveal(index) {
    const { rowHeight } = this.options;
    const header = this.options.header ? this.body.offsetTop : 0;
    const top = index * rowHeight;
    const height = this.element.clientHeight - header;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > this.element.scrollTop + height) this.element.scrollTop = top + rowHeight - height;
  }

  #key(event) {
    if (event.target.closest('input, select, textarea')?.type && event.target.type !== 'checkbox') return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.options.rowHeight) - 1);
    const targets = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page,
      Home: 0, End: this.count - 1,
    };
    if (event.key in targets && !event.altKey && !event.metaKey) {
      event.preventDefault();
      const from = this.active;
      this.focusRow(targets[event.key]);
      if (event.shiftKey) this.options.onExtend?.(from, this.active);
    } else if (event.key === 'Enter' && event.target === this.rows.get(this.active)) {
      event.preventDefault();
      this.options.onOpen?.(this.active, event);
    } else if (event.key === ' ' && event.target === this.rows.get(this.active)) {
      event.preventDefault();
      this.options.onToggle?.(this.active, event);
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault();
      this.options.onMenu?.(this.active, this.rows.get(this.active));
    } else if (this.options.onKey?.(event, this.active)) {
      event.preventDefault();
    }
  }
}
