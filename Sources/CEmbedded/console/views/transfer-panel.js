// The panel of running uploads: one row per file, and the overall progress.

import { strings } from '../strings.js';
import { confirmDialog, openDialog } from '../ui/dialog.js';
import { button, fill, h, icon, keepFocus, name, plainName } from '../ui/dom.js';
import { bytes, count, duration, percent, rate } from '../ui/format.js';
import { openMenu } from '../ui/menu.js';
import { setBar } from '../ui/progress.js';
import { VirtualList } from '../ui/virtual-list.js';

const t = strings.transfers;
const ROW = 56;
/** Minimum number of sent bytes for which cancelling requires a confirmation. */
const MOST_LOST = 1 << 20;
/** Maximum number of rows that the panel shows without scrolling. */
const MOST_VISIBLE = 6;
const ICONS = {
  verified: 'shield', uploaded: 'check', skipped: 'check', failed: 'alert', cancelled: 'close', paused: 'pause',
  offline: 'clock',
  waiting: 'clock',
};
/** The states of a file in which each action is possible. */
const CAN = {
  pause: new Set(['waiting', 'preparing', 'sending', 'offline']),
  resume: new Set(['paused']),
  retry: new Set(['failed', 'cancelled']),
  cancel: new Set(['waiting', 'preparing', 'sending', 'offline', 'paused', 'failed']),
};

export class TransferPanel {
  /**
   * @param {EventTarget} queue The `UploadQueue`.
   * @param {{inline?: boolean, onClose?: () => void}} options An `inline` panel cannot be collapsed or closed.
   */
  constructor(queue, { inline = false, onClose } = {}) {
    Object.assign(this, { queue, inline, onClose });
    this.onlyFailed = false;
    this.items = [];
    /** Index of the first file that has not ended. */
    this.first = 0;
    this.heading = h('h2', { class: 'transfer-title' });
    this.detail = h('p', { class: 'transfer-detail' });
    this.bar = h('div', { class: 'bar', role: 'progressbar', 'aria-label': t.overall, 'aria-valuemin': '0',
      'aria-valuemax': '100' });
    this.actions = h('div', { class: 'actions' });
    this.announcer = h('p', { class: 'sr-only', role: 'status' });
    this.result = h('div', { class: 'transfer-result' });
    this.list = new VirtualList({
      label: t.listLabel, className: 'transfer-list', rowHeight: ROW, row: (index) => this.#row(index),
      update: (index, row) => this.#update(index, row), onOpen: (index) => this.#menu(index),
      onMenu: (index) => this.#menu(index),
    });
    this.body = h('div', { class: 'transfer-body' }, this.result, this.list.element);
    this.element = h('section', { class: inline ? 'transfers transfers-inline' : 'transfers', 'aria-label': t.title,
      hidden: true },
      h('header', { class: 'transfer-head' }, h('div', { class: 'transfer-text' }, this.heading, this.detail),
        this.actions),
      this.bar, this.body, this.announcer);
    this.actionState = '';
  }

  /** Draws the totals and the rows of the changed items; without an argument, all rows. */
  draw(changed) {
    const { totals } = this.queue;
    const all = this.queue.items;
    this.element.hidden = all.length === 0;
    const shown = this.onlyFailed ? all.filter(({ state }) => state === 'failed') : all;
    if (this.onlyFailed && shown.length === 0 && all.length > 0) {
      this.onlyFailed = false;
      return this.draw(changed);
    }
    // The queue appends new items to its array, and replaces the array when items are removed.
    if (shown !== this.items || shown.length !== this.list.count) {
      this.items = shown;
      this.list.element.style.height = `${Math.min(shown.length, MOST_VISIBLE) * ROW}px`;
      this.list.setCount(shown.length);
    } else {
      this.items = shown;
      for (const [index, row] of this.list.rows) if (!changed || changed.has(shown[index])) this.#update(index, row);
    }
    this.#follow();
    this.#drawHead(totals, all);
  }

  /** Scrolls to the files that are being sent, unless the user is using the list. */
  #follow() {
    const { element } = this.list;
    if (element.matches(':hover') || element.contains(document.activeElement)) return;
    if (!this.items[this.first - 1]?.hasEnded) this.first = 0;
    while (this.items[this.first]?.hasEnded) this.first += 1;
    if (this.first < this.items.length) element.scrollTop = Math.max(0, this.first - 1) * ROW;
  }

  /** Lets screen readers read a text aloud. */
  announce(text) {
    this.announcer.textContent = text;
  }

  #drawHead(totals, all) {
    const state = summarize(totals, all);
    this.state = state;
    this.heading.textContent = state.title;
    this.detail.textContent = state.detail;
    setBar(this.bar, totals.bytes > 0 ? totals.sent / totals.bytes : state.open ? 0 : 1, state.title);
    this.bar.classList.toggle('bar-done', !state.open && totals.failed === 0);
    this.bar.classList.toggle('bar-failed', totals.failed > 0);
    // The buttons are drawn again only if they change, so that the focused button keeps the focus.
    const collapsed = this.element.classList.contains('collapsed');
    const key = [state.open > 0, state.paused > 0, totals.failed, this.onlyFailed, collapsed].join();
    if (key === this.actionState) return;
    this.actionState = key;
    this.#drawActions(state, totals);
    keepFocus(this.result, () => fill(this.result, totals.failed > 0 && this.#failedButton(totals.failed)));
  }

  /** Creates the button that shows only the failed files, or all files again. */
  #failedButton(failed) {
    return button(this.onlyFailed ? t.showAll : t.showFailed(failed), {
      icon: 'alert', kind: 'quiet', class: 'small', 'aria-pressed': String(this.onlyFailed),
      on: () => {
        this.onlyFailed = !this.onlyFailed;
        this.draw();
      },
    });
  }

  /** Cancels files. The user must confirm if at least {@link MOST_LOST} sent bytes would be discarded. */
  async #cancel(items) {
    const lost = items.filter((item) => !item.hasEnded || item.state === 'failed');
    const sent = lost.reduce((sum, item) => sum + item.sent, 0);
    if (sent >= MOST_LOST && !(await confirmDialog({
      title: t.cancelTitle(lost.length), submit: t.cancelSubmit,
      content: [h('p', null, t.cancelText(bytes(sent)))],
    }))) return;
    this.queue.cancel(lost);
  }

  #drawActions(state, totals) {
    const focused = this.actions.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const does = (action, label, iconName, on) => button(label,
      { icon: iconName, iconOnly: true, kind: 'quiet', data: { action }, on });
    const collapsed = this.element.classList.contains('collapsed');
    fill(this.actions,
      state.open > 0 && does('pause', t.pauseAll, 'pause', () => this.queue.pause()),
      state.open === 0 && state.paused > 0 && does('resume', t.resumeAll, 'play', () => this.queue.resume()),
      totals.failed > 0 && does('retry', t.retryAll, 'retry',
        () => this.queue.retry(this.queue.items.filter(({ state }) => state === 'failed'))),
      state.open > 0 && does('cancel', t.cancelAll, 'close', () => this.#cancel(this.queue.items)),
      !this.inline && does('collapse', collapsed ? t.expand : t.collapse, 'chevron', () => {
        this.element.classList.toggle('collapsed');
        this.draw();
      }),
      !this.inline && state.open === 0 && state.paused === 0 && does('close', t.close, 'close',
        () => this.onClose?.()));
    this.actions.querySelector('[data-action=collapse]')?.classList.add('turn');
    if (focused) (this.actions.querySelector(`[data-action=${focused}]`)
      ?? this.actions.querySelector('button'))?.focus();
  }

  #row(index) {
    const cell = (className) => h('div', { role: 'gridcell', class: className });
    const explain = (event) => {
      if (row.item?.error && !event.target.closest('button')) this.#explain(row.item);
    };
    const row = h('div', { class: 'transfer-row', on: { click: explain } }, cell('transfer-state'),
      cell('transfer-main'),
      cell('transfer-actions'));
    const bar = h('div', { class: 'bar bar-small', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' });
    row.parts = { bar, label: h('div', { class: 'transfer-name' }), text: h('div', { class: 'transfer-note' }) };
    row.children[1].append(row.parts.label, bar, row.parts.text);
    this.#update(index, row);
    return row;
  }

  #update(index, row) {
    const item = this.items[index];
    if (!item) return;
    if (row.item !== item) {
      row.item = item;
      row.shown = null;
      fill(row.parts.label, name(item.path));
      row.parts.bar.setAttribute('aria-label', t.progressOf(plainName(item.name)));
    }
    const { state } = item;
    if (row.shown !== state) {
      row.shown = state;
      row.className = `transfer-row is-${state}`;
      fill(row.children[0], icon(ICONS[state] ?? 'upload'));
      fill(row.children[2], this.#rowActions(item));
      row.parts.bar.hidden = item.hasEnded || state === 'waiting';
    }
    setBar(row.parts.bar, item.size > 0 ? item.sent / item.size : 0);
    const text = note(item);
    if (row.parts.text.textContent !== text) row.parts.text.textContent = text;
    row.parts.text.title = text;
  }

  #rowActions(item) {
    const does = (action, label, iconName) => CAN[action].has(item.state) && button(label, {
      icon: iconName, iconOnly: true, kind: 'quiet', tabindex: '-1', on: () => this.#do(action, item),
    });
    const label = plainName(item.name);
    return [does('pause', t.pause(label), 'pause'), does('resume', t.resume(label), 'play'),
      does('retry', t.retry(label), 'retry'),
      does('cancel', t.cancel(label), 'close')];
  }

  /** Shows why a file failed or waits, and what to do. */
  #explain({ path, error }) {
    openDialog({ title: error.title, content: [h('p', null, h('strong', null, name(path))),
      h('p', null, error.advice ?? '')] });
  }

  #do(action, item) {
    if (action === 'cancel') this.#cancel([item]);
    else this.queue[action]([item]);
  }

  #menu(index) {
    const item = this.items[index];
    const row = this.list.rows.get(index);
    if (!item || !row) return;
    const label = plainName(item.name);
    const entries = [['pause', t.pause(label), 'pause'], ['resume', t.resume(label), 'play'],
      ['retry', t.retry(label), 'retry'],
      ['cancel', t.cancel(label), 'close']]
      .filter(([action]) => CAN[action].has(item.state))
      .map(([action, text, iconName]) => ({ label: text, icon: iconName, action: () => this.#do(action, item) }));
    if (item.error) entries.unshift({ label: t.why(label), icon: 'info', action: () => this.#explain(item) });
    if (item.hasEnded) entries.push({ label: t.remove(label), icon: 'trash', action: () => this.queue.remove([item]) });
    if (entries.length > 0) openMenu(row, label, entries);
  }

  dispose() {
    this.list.dispose();
  }
}

/** Returns the text below a file's name: its state and size, or the reason why it failed or waits. */
function note(item) {
  const size = bytes(item.size);
  if (item.error) return `${item.error.title}. ${item.error.advice ?? ''}`.trim();
  if (item.state === 'sending') return t.sending(bytes(item.sent), size, percent(item.sent, item.size));
  return `${t.states[item.state] ?? item.state} · ${size}`;
}

/**
 * Returns the texts and the progress to show in the head of the panel.
 *
 * @returns {{open: number, paused: number, fraction: number, title: string, detail: string}} `open` and `paused` are
 *   numbers of files; `fraction` is the progress from 0 to 1.
 */
export function summarize(totals, items) {
  const { active, paused } = totals;
  const open = active + totals.waiting;
  const all = totals.files;
  const fraction = totals.bytes > 0 ? totals.sent / totals.bytes : 0;
  const size = `${bytes(totals.sent)} / ${bytes(totals.bytes)}`;
  if (open > 0) {
    const cut = totals.rate === 0 && items.some(({ state }) => state === 'offline')
      && !items.some(({ state }) => state === 'sending');
    const speed = totals.rate > 0 ? ` · ${rate(totals.rate)}` : '';
    const left = totals.secondsLeft === null ? '' : ` · ${t.left(duration(totals.secondsLeft))}`;
    return { open, paused, fraction, title: cut ? t.offline : t.uploading(all - open - paused, all),
      detail: `${size}${speed}${left}` };
  }
  if (paused > 0) return { open, paused, fraction, title: t.paused(paused), detail: size };
  const { verified, uploaded, skipped, failed, cancelled } = totals;
  const title = failed > 0 ? t.doneWithFailures(failed) : cancelled > 0 && verified + uploaded + skipped === 0
    ? t.cancelled : t.done;
  return { open, paused, fraction: 1, title, detail: counts(totals) };
}

function counts(totals) {
  return ['verified', 'uploaded', 'skipped', 'failed', 'cancelled'].filter((state) => totals[state] > 0)
    .map((state) => `${count(totals[state])} ${t.states[state].toLowerCase()}`).join(' · ');
}
