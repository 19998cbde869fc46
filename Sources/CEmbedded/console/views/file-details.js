// The panel with the details of one file or folder.

import { getFile, verifyFile } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, keepFocus, name } from '../ui/dom.js';
import { ago, bytes, count, time } from '../ui/format.js';
import { copyButton } from '../ui/snippet.js';
import { attempt } from '../ui/toast.js';
import { labelsView } from './labels-editor.js';
import { canPreview, Preview } from './preview.js';

const t = strings.details;
/** Pauses between queries for the result of a requested check, in milliseconds. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000, 60_000, 60_000];

export class FileDetails {
  constructor(app, { project, actions, closed }) {
    Object.assign(this, { app, project, actions, closed });
    this.entry = null;
    this.element = h('aside', { class: 'details', 'aria-label': t.title, hidden: true });
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close();
    });
  }

  shows(entry) {
    return this.entry?.id === entry.id;
  }

  /** Shows an entry: first with the fields in the list, then with the fields that the server returns. */
  async open(entry, { focus = false } = {}) {
    this.#stop();
    this.entry = entry;
    this.element.hidden = false;
    this.#draw();
    if (focus || window.matchMedia('(max-width: 1000px)').matches) this.element.querySelector('.details-close').focus();
    await this.refresh();
  }

  close() {
    this.#stop();
    this.entry = null;
    this.element.hidden = true;
    fill(this.element);
    this.closed();
  }

  dispose() {
    this.#stop();
  }

  /** Reads the entry again. */
  async refresh() {
    const { entry } = this;
    if (!entry) return;
    this.controller ??= new AbortController();
    const { signal } = this.controller;
    try {
      const fresh = await getFile(this.app.client, entry.id, signal);
      if (signal.aborted || this.entry?.id !== entry.id) return;
      const isSame = JSON.stringify(fresh) === JSON.stringify(this.entry);
      this.entry = fresh;
      if (isSame) this.#drawFacts();
      else this.#draw();
      if (fresh.checksums?.verification_requested_on) this.#watch(0);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 404) this.close();
    }
  }

  #stop() {
    this.controller?.abort();
    this.controller = null;
    clearTimeout(this.timer);
    this.preview?.dispose();
    this.preview = null;
  }

  #watch(turn) {
    if (turn >= PAUSES.length) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const { entry } = this;
      if (!entry) return;
      try {
        const fresh = await getFile(this.app.client, entry.id, this.controller?.signal);
        if (this.entry?.id !== fresh.id) return;
        this.entry = fresh;
        this.#drawFacts();
        if (fresh.checksums?.verification_requested_on) this.#watch(turn + 1);
      } catch {
        // The entry is read again when the user next opens the panel.
      }
    }, PAUSES[turn]);
  }

  #draw() {
    keepFocus(this.element, () => this.#drawAll(), () => this.element.querySelector('.details-close'));
  }

  #drawAll() {
    const { entry, actions } = this;
    const folder = entry.type === 'folder';
    const { write, copy } = this.project.permissions;
    const does = (label, iconName, action, props = {}) => button(label,
      { icon: iconName, class: 'small', on: action, ...props });
    this.facts = h('div', { class: 'details-facts' });
    this.labels = h('div');
    // A frame loses its document when it is moved, so the preview is closed.
    this.preview?.dispose();
    this.preview = null;
    fill(this.element,
      h('header', { class: 'details-head' }, icon(folder ? 'folder' : 'file'), h('h2', null, name(entry.name)),
        button(t.close, { icon: 'close', iconOnly: true, kind: 'quiet', class: 'details-close',
          on: () => this.close() })),
      h('div', { class: 'details-body' },
        h('div', { class: 'actions' },
          !folder && copy && does(t.download, 'download', () => actions.download([entry]), { kind: 'primary' }),
          folder && copy && actions.archiveFormats.map((format) => does(t.downloadAs(format), 'download',
            () => actions.downloadFolder(entry, format))),
          write && does(t.rename, 'edit', () => actions.rename(entry)),
          write && does(t.remove, 'trash', () => actions.remove([entry]), { kind: 'danger-quiet' })),
        !folder && copy && canPreview(entry) && this.#previewButton(),
        this.facts,
        !folder && h('section', null, h('div', { class: 'section-head' }, h('h3', null, t.labels),
          write && does(t.editLabels, 'tag', () => actions.label([entry]), { kind: 'quiet' })), this.labels)));
    this.#drawFacts();
    if (!folder) fill(this.labels, labelsView(entry));
  }

  #previewButton() {
    const place = h('div', { class: 'preview-place' });
    place.append(button(t.preview, {
      icon: 'search', class: 'small',
      on: () => {
        this.preview = new Preview(this.app.client, this.entry);
        place.replaceWith(this.preview.element);
        this.preview.load();
      },
    }));
    return place;
  }

  #drawFacts() {
    keepFocus(this.facts, () => this.#fillFacts(), () => this.element.querySelector('.details-close'));
  }

  #fillFacts() {
    const { entry } = this;
    const fact = (label, ...value) => [h('dt', null, label), h('dd', null, value)];
    const code = (text) => [h('code', { class: 'sum' }, text), copyButton(text, { iconOnly: true, label: t.copy })];
    const when = (text) => h('time', { datetime: text, title: ago(text) }, time(text, { seconds: true }));
    fill(this.facts, this.#check(), h('dl', { class: 'facts' },
      entry.size !== undefined && fact(t.size, bytes(entry.size),
        h('span', { class: 'muted' }, ` ${t.bytes(count(entry.size))}`)),
      fact(t.created, when(entry.created_on)), fact(t.modified, when(entry.modified_on)),
      entry.checksums?.crc64nvme && fact(t.crc, code(entry.checksums.crc64nvme)),
      entry.checksums?.md5 && fact(t.md5, code(entry.checksums.md5)),
      fact(t.id, code(entry.id))));
  }

  /** Creates the line with the result of the last check of the stored bytes; null for a folder. */
  #check() {
    const { entry } = this;
    const sums = entry.checksums;
    if (entry.type === 'folder' || !sums) return null;
    const kind = sums.verification_requested_on ? 'pending' : sums.state ?? 'unknown';
    const text = {
      pending: t.checking, verified: t.verified(time(sums.verified_on, { seconds: true })), damaged: t.states.damaged,
      missing: t.states.missing, unknown: t.notYet,
    }[kind] ?? kind;
    const may = this.app.extensions.has('verification') && this.project.permissions.copy;
    return h('div', { class: `check-state check-${kind}`, role: 'status' },
      icon({ verified: 'shield', pending: 'clock', unknown: 'shield' }[kind] ?? 'alert'), h('p', null, text),
      may && kind !== 'pending' && button(t.verify, {
        class: 'small', kind: 'quiet',
        on: () => attempt(async () => {
          const fresh = await verifyFile(this.app.client, entry.id);
          if (this.entry?.id !== fresh.id) return;
          this.entry = fresh;
          this.#drawFacts();
          this.#watch(0);
        }),
      }));
  }
}
