// The uploads of the console: file selection, the queue, and the panel.

import { Journal } from '../upload/journal.js';
import { UploadQueue } from '../upload/queue.js';
import { entriesFromDrop, entriesFromInput, entriesFromPicker } from '../upload/selection.js';
import { listUploads } from '../api/calls.js';
import { strings } from '../strings.js';
import { chooseByInput, watchDrops } from '../ui/choose.js';
import { h, plainName } from '../ui/dom.js';
import { percent } from '../ui/format.js';
import { TabIcon, WakeLock } from '../ui/progress.js';
import { toastError, toastNotice } from '../ui/toast.js';
import { TransferPanel } from './transfer-panel.js';
import { uploadDialog } from './upload-dialog.js';

const t = strings.transfers;
/** Pause between two refreshes of a folder to which files are uploaded, in milliseconds. */
const REFRESH = 2000;

export class Transfers {
  constructor(app, dock) {
    this.app = app;
    this.dock = dock;
    this.icon = new TabIcon();
    this.wakeLock = new WakeLock();
    this.listeners = new AbortController();
    this.lastRefresh = 0;
  }

  async start() {
    this.journal = await Journal.open();
    this.queue = new UploadQueue({ client: this.app.client, journal: this.journal });
    this.panel = new TransferPanel(this.queue, { onClose: () => this.queue.remove() });
    this.dock.append(this.panel.element);
    const { signal } = this.listeners;
    this.queue.addEventListener('change', (event) => this.#changed(event.detail?.items), { signal });
    this.queue.addEventListener('idle', () => this.#idle(), { signal });
    this.queue.addEventListener('halt', ({ detail }) => toastError(`${detail.title}. ${detail.advice}`), { signal });
    window.addEventListener('beforeunload', (event) => {
      if (this.busy) event.preventDefault();
    }, { signal });
    watchDrops(signal, {
      label: () => this.app.view?.destination?.label ?? null,
      drop: async (data) => {
        // The destination is read first, because the user may open another folder while a large folder is read.
        const destination = this.app.view?.destination ?? null;
        await this.#add(await entriesFromDrop(data), destination);
      },
    });
    this.#offerToResume(await this.refreshBadge());
  }

  /** Whether files are being sent or are waiting to be sent. */
  get busy() {
    return Boolean(this.panel?.state?.open);
  }

  /** Lets the user choose files or a folder. */
  async choose({ folder }) {
    const picker = folder ? 'showDirectoryPicker' : 'showOpenFilePicker';
    const destination = this.app.view?.destination ?? null;
    try {
      if (picker in window) {
        const chosen = await entriesFromPicker({ folder });
        if (chosen.entries.length + chosen.problems.length > 0) await this.#add(chosen, destination);
      } else {
        const entries = entriesFromInput(await chooseByInput({ folder, multiple: true }));
        if (entries.length > 0) await this.#add({ entries, problems: [] }, destination);
      }
    } catch (error) {
      if (error.name !== 'AbortError') toastError(error);
    }
  }

  /** Resumes an upload from the list of open uploads with a file that the user chooses. */
  async resumeUpload(upload) {
    const [file] = await chooseByInput({ folder: false, multiple: false });
    if (file) this.queue.resumeUpload(upload, file);
  }

  /** Resumes uploads whose file handles this browser has kept, so that the user need not choose the files again. */
  async resumeKept(records) {
    const { problems } = await this.queue.restore(records);
    this.panel.draw();
    for (const { path, title, advice } of problems) toastError(`${plainName(path)}: ${title}. ${advice}`);
  }

  updateTitle() {
    const { state } = this.panel ?? {};
    const title = `${this.app.shell.title ?? ''} · ${strings.product}`;
    document.title = state?.open ? `${percent(state.fraction, 1)}% · ${title}` : title;
  }

  /** Shows the number of unfinished uploads in the navigation. */
  async refreshBadge() {
    try {
      const uploads = await listUploads(this.app.client);
      this.app.shell.setBadge(uploads.length);
      return uploads;
    } catch {
      // The number is not essential; the view of open uploads shows the error.
      return [];
    }
  }

  /** Shows a link to the uploads of this browser that a reload or a crash has interrupted. */
  async #offerToResume(uploads) {
    const known = new Set((await this.journal.list()).map(({ uploadID }) => uploadID));
    const left = uploads.filter((upload) => known.has(upload.upload_id)).length;
    if (left === 0 || this.queue.items.length > 0) return;
    const link = h('a', { href: '#/uploads', on: { click: () => link.closest('.toast')?.remove() } }, t.toUploads);
    toastNotice(h('span', null, t.unfinished(left), ' ', link));
  }

  /** Pauses all uploads of this page and removes the panel; `forget` also clears the journal. */
  async close({ forget }) {
    this.listeners.abort();
    if (!this.queue) return;
    this.queue.pause();
    this.panel.element.remove();
    this.icon.show(null);
    this.wakeLock.set(false);
    if (forget) await this.journal.forgetAll();
    else await this.journal.flush();
  }

  async #add({ entries, problems }, destination) {
    if (entries.length === 0) return toastError(problems.length > 0
      ? problems.map((problem) => problem.message ?? problem).join(' ') : t.nothing);
    const options = await uploadDialog(this.app, { entries, problems, destination });
    if (!options) return;
    this.panel.element.classList.remove('collapsed');
    this.queue.add(entries, options);
    this.panel.draw();
  }

  #changed(items) {
    this.panel.draw(items);
    const { state } = this.panel;
    const { totals } = this.queue;
    this.updateTitle();
    this.icon.show(state.open ? state.fraction : null, totals.failed > 0);
    this.wakeLock.set(state.open > 0);
    this.#refreshView(items);
  }

  /** Refreshes the open folder after a file has arrived in it, or the list of uploads after an item has changed. */
  #refreshView(items) {
    const view = this.app.view;
    if (!view?.refresh || !items) return;
    const isOutdated = [...items].some((item) => view.isOutdatedBy?.(item)
      ?? (item.fileID && item.options?.project === view.project?.id));
    if (isOutdated) this.refreshWanted = true;
    if (!this.refreshWanted || this.refreshTimer) return;
    // The next refresh starts only after this refresh has finished, which takes a long time in a large folder.
    this.refreshTimer = setTimeout(async () => {
      this.refreshWanted = false;
      try {
        await this.app.view?.refresh?.();
      } finally {
        this.lastRefresh = Date.now();
        this.refreshTimer = null;
      }
      this.#refreshView([]);
    }, Math.max(300, this.lastRefresh + REFRESH - Date.now()));
  }

  #idle() {
    this.#changed();
    this.icon.show(null);
    this.panel.announce(`${this.panel.state.title}. ${this.panel.state.detail}`);
    // The number is read a second later, because cancelled uploads are aborted in the background.
    setTimeout(() => this.refreshBadge(), 1000);
  }
}
