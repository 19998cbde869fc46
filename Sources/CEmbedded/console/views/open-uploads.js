// Unfinished uploads of the user, from any client.

import { abortUpload, listUploads } from '../api/calls.js';
import { projectAddress } from '../routes.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, name, plainName } from '../ui/dom.js';
import { confirmDialog } from '../ui/dialog.js';
import { ago, bytes, percent, plural, time } from '../ui/format.js';
import { setBar } from '../ui/progress.js';
import { toast } from '../ui/toast.js';

const t = strings.openUploads;

export async function show({ app, signal, main }) {
  app.shell.setTitle(t.title);
  const view = new OpenUploads(app, signal);
  fill(main, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('div', { class: 'head-row' }, h('h1', { tabindex: '-1' }, t.title),
      view.actions), h('p', { class: 'muted' }, t.text)),
    view.content));
  await view.refresh();
  return view;
}

class OpenUploads {
  constructor(app, signal) {
    Object.assign(this, { app, signal });
    this.content = h('div', { class: 'scroll' });
    this.actions = h('div', { class: 'actions' });
  }

  async refresh() {
    const [uploads, known] = await Promise.all([listUploads(this.app.client, this.signal), this.#known()]);
    if (this.signal.aborted) return;
    this.app.shell.setBadge(uploads.length);
    const items = (this.app.transfers?.queue?.items ?? []).filter((item) => !item.hasEnded);
    const running = new Set(items.map(({ uploadID }) => uploadID));
    // An item that was just added has no upload id yet, but its journal record may have one.
    const keys = new Set(items.map(({ key }) => key));
    this.runningKeys = keys;
    for (const [id, record] of known) if (keys.has(record.id)) running.add(id);
    const idle = uploads.filter((upload) => !running.has(upload.upload_id));
    const kept = [...known.values()].filter((record) => record.handle
      && idle.some((upload) => upload.upload_id === record.uploadID));
    fill(this.actions,
      kept.length > 0 && button(t.resumeKept(kept.length),
        { icon: 'play', kind: 'primary', on: () => this.#resumeKept(kept) }),
      button(strings.common.refresh, { icon: 'retry', on: () => this.refresh() }),
      idle.length > 1 && button(t.abortAll, { icon: 'trash', kind: 'danger-quiet', on: () => this.#abort(idle) }));
    fill(this.content, uploads.length === 0
      ? h('div', { class: 'empty' }, icon('check'), h('h2', null, t.emptyTitle), h('p', null, t.empty))
      : h('div', { class: 'content' }, h('div', { class: 'table-area' }, h('table', { class: 'table table-cards' },
        h('caption', { class: 'sr-only' }, t.title),
        h('thead', null, h('tr', null,
          [t.file, t.project, t.stored, t.started, t.from].map((label) => h('th', { scope: 'col' }, label)),
          h('th', { scope: 'col' }, h('span', { class: 'sr-only' }, strings.files.actions)))),
        h('tbody', null,
          uploads.map((upload) => this.#row(upload, known.get(upload.upload_id), running.has(upload.upload_id))))))));
  }

  /** Returns whether the list shows an ended item as running, or a running item as not running. */
  isOutdatedBy(item) {
    return this.runningKeys?.has(item.key) === item.hasEnded;
  }

  async #known() {
    const records = await this.app.transfers?.journal?.list() ?? [];
    return new Map(records.filter(({ uploadID }) => uploadID).map((record) => [record.uploadID, record]));
  }

  #row(upload, record, running) {
    const label = plainName(upload.name);
    const has = upload.stored_bytes;
    const bar = h('div', { class: 'bar bar-small', role: 'progressbar', 'aria-label': t.storedOf(label),
      'aria-valuemin': '0', 'aria-valuemax': '100' });
    if (has !== undefined && upload.size) setBar(bar, has / upload.size);
    return h('tr', null,
      h('th', { scope: 'row' }, h('div', { class: 'cell-title' }, icon('file'), name(record?.path ?? upload.name))),
      h('td', { 'data-label': t.project, class: 'cell-wrap' }, h('a', { href: projectAddress(upload.project) }, name(upload.project))),
      h('td', { 'data-label': t.stored, class: 'cell-progress' }, has === undefined
        ? h('span', null, t.parts(upload.uploaded_parts_count), upload.size ? ` · ${bytes(upload.size)}` : '')
        : [h('span', null,
          upload.size ? t.storedPart(percent(has, upload.size), bytes(upload.size)) : bytes(has)),
          upload.size ? bar : null]),
      h('td', { 'data-label': t.started }, h('time', { datetime: upload.initiated, title: time(upload.initiated) },
        ago(upload.initiated))),
      h('td', { 'data-label': t.from }, running ? t.running : record ? t.thisBrowser : t.otherClient),
      h('td', { class: 'cell-end' }, running ? null : h('div', { class: 'actions' },
        button(t.continue, { icon: 'play', class: 'small', 'aria-label': t.continueFile(label), title: t.continueHelp,
          on: () => this.#continue(upload, record) }),
        button(t.abortFile(label), { icon: 'trash', iconOnly: true, kind: 'quiet',
          on: () => this.#abort([upload]) }))));
  }

  async #continue(upload, record) {
    if (record?.handle) await this.app.transfers.resumeKept([record]);
    else await this.app.transfers.resumeUpload(upload);
    await this.refresh();
  }

  async #resumeKept(records) {
    await this.app.transfers.resumeKept(records);
    await this.refresh();
  }

  async #abort(uploads) {
    const one = uploads.length === 1 ? plainName(uploads[0].name) : null;
    const done = await confirmDialog({
      title: one ? t.abortTitle(one) : t.abortAllTitle(uploads.length), submit: t.abort,
      content: [h('p', null, t.abortText)],
      onSubmit: async (dialog) => {
        for (const upload of uploads) {
          if (!dialog.open) break;
          try {
            await abortUpload(this.app.client, upload.upload_id);
          } catch (error) {
            if (error.status !== 404) throw error;
          }
        }
        return true;
      },
    });
    if (!done) return this.refresh();
    toast(t.aborted(plural(uploads.length, t.count)));
    await this.refresh();
  }
}
