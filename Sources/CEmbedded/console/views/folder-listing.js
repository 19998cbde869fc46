// The entries of a folder, read page by page, in the order and with the search that the user has chosen.

import { listFolder } from '../api/calls.js';

/** Maximum number of entries that are read to search by a part of the name, or to sort in another order. */
export const MOST_ENTRIES = 50_000;

const collator = new Intl.Collator('en', { numeric: true });

export class FolderListing {
  /**
   * @param {Object} client
   * @param {{project: string, folder: string|null}} place
   * @param {() => void} onChange
   */
  constructor(client, place, onChange) {
    this.client = client;
    this.place = place;
    this.onChange = onChange;
    this.search = { filters: {}, contains: '' };
    this.order = { by: 'name', descending: false };
    this.#clear();
  }

  #clear() {
    this.controller?.abort();
    this.controller = new AbortController();
    this.loaded = [];
    this.shown = [];
    this.token = 'init';
    this.total = null;
    this.wanted = 0;
    this.reading = null;
    this.error = null;
  }

  /** Whether the server sorts and filters the entries as requested, so that they can be shown as they arrive. */
  get isPlain() {
    return this.search.contains === '' && this.order.by === 'name' && !this.order.descending;
  }

  get isComplete() {
    return this.token === null;
  }

  /** Whether only the first entries are searched and sorted, because the folder has too many. */
  get isCut() {
    return !this.isPlain && !this.isComplete && this.loaded.length >= MOST_ENTRIES;
  }

  /** Number of rows; with the server's order, includes entries that are not loaded yet. */
  get count() {
    return this.isPlain && this.total !== null ? Math.max(this.total, this.shown.length) : this.shown.length;
  }

  /** Reads the folder from the start, with the same search; resolves when the first page has been read. */
  async restart() {
    this.#clear();
    await this.#read(1);
  }

  /** Reads the loaded entries again. Replaces them only when all have been read, to avoid flickering. */
  async refresh() {
    const fresh = new FolderListing(this.client, this.place, () => {});
    Object.assign(fresh, { search: this.search, order: this.order });
    const signal = this.controller.signal;
    const stop = () => fresh.controller.abort();
    signal.addEventListener('abort', stop);
    const wanted = Math.max(1, this.loaded.length);
    await fresh.#read(wanted).finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) return;
    const { loaded, token, total } = fresh;
    Object.assign(this, { loaded, token, total });
    this.#arrange();
  }

  setSearch(search) {
    this.search = search;
    return this.restart();
  }

  async setOrder(order) {
    this.order = order;
    this.#arrange();
    await this.need(0);
  }

  /** Loads the entries up to index `end`, or up to MOST_ENTRIES if the order or the search needs all entries. */
  need(end) {
    return this.#read(this.isPlain ? end + 1 : MOST_ENTRIES);
  }

  all() {
    return this.#read(MOST_ENTRIES);
  }

  dispose() {
    this.controller.abort();
  }

  async #read(count) {
    this.wanted = Math.max(this.wanted, Math.min(count, MOST_ENTRIES * 8));
    this.reading ??= this.#pages().finally(() => {
      this.reading = null;
    });
    await this.reading;
  }

  async #pages() {
    const { signal } = this.controller;
    if (!this.isPlain) this.wanted = Math.max(this.wanted, MOST_ENTRIES);
    let drawn = 0;
    while (this.token !== null && this.loaded.length < this.wanted) {
      const { token } = this;
      try {
        const page = await listFolder(this.client, { ...this.place, filters: this.search.filters, token, signal });
        if (signal.aborted) return;
        // A refresh has replaced the entries in the meantime.
        if (token !== this.token) continue;
        this.loaded.push(...page.items);
        this.token = page.next;
        this.total = page.total ?? (page.next ? null : this.loaded.length);
        this.error = null;
      } catch (error) {
        if (signal.aborted) return;
        this.error = error;
        this.onChange();
        throw error;
      }
      // Sorting again after each page would take time quadratic in the number of entries.
      if (this.isPlain || this.token === null || this.loaded.length > drawn * 2) {
        drawn = this.loaded.length;
        this.#arrange();
      }
    }
    this.#arrange();
  }

  #arrange() {
    const contains = this.search.contains.toLowerCase();
    let shown = contains ? this.loaded.filter((entry) => entry.name.toLowerCase().includes(contains)) : this.loaded;
    const { by, descending } = this.order;
    if (!(by === 'name' && !descending)) {
      const sign = descending ? -1 : 1;
      const compare = {
        name: (a, b) => collator.compare(a.name, b.name),
        size: (a, b) => (a.size ?? -1) - (b.size ?? -1),
        modified: (a, b) => (a.modified_on < b.modified_on ? -1 : a.modified_on > b.modified_on ? 1 : 0),
      }[by];
      shown = shown.toSorted?.((a, b) => sign * compare(a, b)) ?? [...shown].sort((a, b) => sign * compare(a, b));
    }
    this.shown = shown;
    this.onChange();
  }
}

/**
 * Parses the text of a search: `tag:raw sample_id=S1 lane` selects by tag, by metadata and by a part of the name.
 * Values with spaces are quoted, as in `"sample type=whole blood"`.
 *
 * @param {string} text
 * @returns {{filters: Object, contains: string}}
 */
export function parseSearch(text) {
  const filters = {};
  const words = [];
  for (const match of text.matchAll(/"([^"]*)"?|(\S+)/g)) {
    const word = match[1] ?? match[2];
    const metadata = /^([^=]+)=(.+)$/.exec(word);
    if (/^tag:./i.test(word)) filters.tag = [...(filters.tag ?? []), word.slice(4)];
    else if (metadata) filters[`metadata.${metadata[1]}`] = [...(filters[`metadata.${metadata[1]}`] ?? []),
      metadata[2]];
    else words.push(word);
  }
  return { filters, contains: words.join(' ') };
}
