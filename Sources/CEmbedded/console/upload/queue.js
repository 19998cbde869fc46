import { abortUpload } from '../api/uploads.js';
import { CANCELLED, PAUSED, cancel, stop } from './endings.js';
import { FileUpload } from './file-upload.js';
import { Folders } from './folders.js';
import { Hasher } from './hasher.js';
import { UploadItem } from './item.js';
import { keyOf, recordOf } from './journal.js';
import { Notifier } from './notifier.js';
import { Permits } from './permits.js';
import { explain } from './problems.js';
import { restore } from './restore.js';
import { Tabs } from './tabs.js';
import { Totals } from './totals.js';

/** Maximum number of files uploaded at the same time. It exceeds the number of connections, because some files wait. */
const OPEN_FILES = 8;
/** Interval at which the rate is measured, in milliseconds. */
const SAMPLE = 500;

/**
 * A queue that uploads files in order, several at a time.
 *
 * Events:
 * - `change`: at most once per animation frame; `detail.items` is the set of changed items.
 * - `idle`: no items are waiting or being uploaded any longer.
 * - `halt`: the server refuses the token. All items are paused until {@link resume}; {@link problem} explains why.
 */
export class UploadQueue extends EventTarget {
  #context;
  #items = [];
  #byKey = new Map();
  /** Items to start, from index `#head`; some may no longer be in the state `waiting`. */
  #waiting = [];
  #head = 0;
  #running = new Map();
  #unclaimed = new Set();
  #notifier = new Notifier((items) => this.dispatchEvent(new CustomEvent('change', { detail: { items } })));
  #isHalted = false;
  #sampler = 0;
  #tabs;
  #nextID = 1;

  /** Totals of all items. */
  totals = new Totals();
  /** `{ title, advice, code }` after `halt`; otherwise null. */
  problem = null;

  /**
   * @param {object} options
   * @param {Client} options.client
   * @param {Journal} options.journal
   * @param {number} [options.workers] number of workers that compute checksums
   * @param {number} [options.parallel] number of parts sent at the same time. Browsers open six connections to a
   *   server, one of which remains for calls of the API.
   */
  constructor({ client, journal, workers, parallel = 5 }) {
    super();
    this.journal = journal;
    this.#context = {
      client,
      journal,
      parallel,
      hasher: new Hasher(workers),
      permits: new Permits(parallel),
      folders: new Folders(client),
      isTakenOver: (item) => {
        const newest = this.#byKey.get(item.key);
        return newest !== undefined && newest !== item && !newest.hasEnded;
      },
      abort: (id) => abortUpload(client, id, { attempts: 10 }).catch(() => {}),
    };
    this.#tabs = new Tabs((count) => {
      this.#context.permits.count = Math.max(1, Math.floor(parallel / count));
    });
    client.addEventListener('unauthorized', ({ detail }) => this.#halt(detail.error));
  }

  /** All items, in the order in which they were added. */
  get items() {
    return this.#items;
  }

  /** Number of parts that may be sent at the same time: fewer while other tabs are sending. */
  get parallel() {
    return this.#context.permits.count;
  }

  /**
   * Adds files. A file that is already in the queue and has not ended is not added again.
   *
   * @param {{ file: File, path: string, handle?: FileSystemFileHandle, root?: object }[]} entries
   * @param {object} options
   * @param {string} [options.project] id of the destination project
   * @param {string | null} [options.parent] id of the destination folder; null for the root of the project
   * @param {boolean} [options.isLink] whether the token is a sender's, so that the upload link sets the destination
   * @param {'fail' | 'skip' | 'overwrite'} [options.conflict] what happens if a different file has the same name
   * @param {(path: string) => { metadata?: object, tags?: string[] }} [options.labels]
   * @returns {UploadItem[]} the items of the entries
   */
  add(entries, { project, parent = null, isLink = false, conflict = 'fail', labels } = {}) {
    const options = { project, parent, isLink, conflict, labels };
    const added = entries.map((entry) => this.#add(entry, options));
    for (const item of added) if (item.handle) this.#keepHandle(item);
    this.#pump();
    return added;
  }

  /**
   * Resumes an upload that this browser or another client began.
   *
   * @param {object} upload entry of the list of unfinished uploads
   * @param {File} file the file for which the upload was started
   */
  resumeUpload(upload, file) {
    const known = this.#items.find((item) => item.uploadID === upload.upload_id && !item.hasEnded);
    if (known) {
      this.resume([known]);
      return known;
    }
    const options = { project: upload.project, parent: upload.parent ?? null, conflict: 'fail' };
    const item = this.#add({ file, path: upload.name }, options, upload.upload_id);
    this.#pump();
    return item;
  }

  /**
   * Adds the files of journal records whose handles were kept. Must be called from a click, because the browser may
   * have to prompt the user.
   *
   * @param {object[]} records records of {@link Journal#list}
   * @returns {Promise<{ items: UploadItem[], problems: object[] }>} `problems` are `{ path, title, advice, code }`
   */
  restore(records) {
    return restore(this, records);
  }

  /** Pauses items; without an argument, all items. Parts that are being sent are sent again later. */
  pause(items = this.#items) {
    for (const item of [...items]) {
      if (item.hasEnded || item.state === 'paused') continue;
      item.enter('paused');
      this.#running.get(item)?.abort(PAUSED);
    }
  }

  /** Resumes paused items. */
  resume(items = this.#items) {
    this.#isHalted = false;
    this.problem = null;
    this.#restart(items, (item) => item.state === 'paused');
  }

  /** Retries failed and cancelled items. */
  retry(items = this.#items) {
    this.#isHalted = false;
    this.problem = null;
    this.#restart(items, (item) => item.state === 'failed' || item.state === 'cancelled');
  }

  /** Cancels items that have not ended, and aborts their uploads on the server. */
  cancel(items = this.#items) {
    for (const item of [...items]) {
      if (item.hasEnded && item.state !== 'failed') continue;
      const running = this.#running.get(item);
      if (running) {
        // The item may already be stopping because it was paused.
        running.isCancelled = true;
        running.abort(CANCELLED);
      }
      else {
        cancel(item, this.#context);
      }
    }
  }

  /** Removes items from the queue, and cancels the items that have not ended. */
  remove(items = this.#items) {
    const removed = new Set(items);
    // The upload of a failed item stays on the server and in the journal, so that it can be resumed.
    this.cancel([...removed].filter((item) => !item.hasEnded));
    for (const item of removed) {
      if (this.#byKey.get(item.key) === item) this.#byKey.delete(item.key);
      this.totals.remove(item.contribution());
      item.isRemoved = true;
      this.#notifier.add(item);
    }
    this.#items = this.#items.filter((item) => !removed.has(item));
  }

  /** Updates the totals after a change of an item; called by the item. */
  changed(item, before, after, transferred) {
    if (item.isRemoved) return;
    this.totals.change(before, after, transferred);
    this.#notifier.add(item);
  }

  #add(entry, options, uploadID) {
    const key = keyOf({ ...options, path: entry.path, size: entry.file.size, lastModified: entry.file.lastModified });
    const known = this.#byKey.get(key);
    if (known && !known.hasEnded && (known.state !== 'paused' || known.options.conflict === options.conflict)) {
      if (known.state === 'paused') {
        known.enter('waiting');
        this.#waiting.push(known);
      }
      return known;
    }
    const item = new UploadItem(this, { ...entry, id: this.#nextID, key, options, uploadID });
    this.#nextID += 1;
    this.#items.push(item);
    this.#byKey.set(key, item);
    this.#waiting.push(item);
    this.totals.add(item.contribution());
    this.#notifier.add(item);
    return item;
  }

  #keepHandle(item) {
    const { metadata, tags } = item.options.labels?.(item.path) ?? {};
    if (item.root) this.journal.addRoot(item.root);
    void this.journal.find(item.key).then((known) => {
      if (!known && !item.hasEnded && !item.uploadID) this.journal.save({ ...recordOf(item), metadata, tags });
    });
  }

  #restart(items, applies) {
    for (const item of items) {
      if (!applies(item)) continue;
      item.enter('waiting');
      this.#waiting.push(item);
    }
    this.#waiting = this.#waiting.slice(this.#head).sort((a, b) => a.id - b.id);
    this.#head = 0;
    this.#pump();
  }

  /** Starts items until {@link OPEN_FILES} are running. Waits until every running item has started its last part. */
  #pump() {
    while (!this.#isHalted && this.#running.size < OPEN_FILES && this.#unclaimed.size === 0) {
      const item = this.#next();
      if (!item) return;
      void this.#run(item);
    }
  }

  #next() {
    while (this.#head < this.#waiting.length) {
      const item = this.#waiting[this.#head];
      this.#head += 1;
      if (item.state === 'waiting' && !item.isRemoved && !this.#running.has(item)) return item;
    }
    this.#waiting = [];
    this.#head = 0;
    return null;
  }

  async #run(item) {
    const controller = new AbortController();
    this.#running.set(item, controller);
    this.#unclaimed.add(item);
    this.#startSampling();
    const onClaimed = () => {
      if (this.#unclaimed.delete(item)) queueMicrotask(() => this.#pump());
    };
    try {
      await new FileUpload(item, this.#context, controller.signal, onClaimed).run();
    } catch (error) {
      const { isCancelled, signal } = controller;
      stop(item, this.#context, isCancelled ? CANCELLED : signal.aborted ? signal.reason : error);
    } finally {
      this.#running.delete(item);
      this.#unclaimed.delete(item);
    }
    // The item was resumed while it was stopping.
    if (item.state === 'waiting') this.#waiting.push(item);
    this.#pump();
    if (this.#running.size === 0) this.#endRun();
  }

  /** Pauses all items, because no call can succeed with the refused token. */
  #halt(error) {
    if (this.#isHalted) return;
    this.#isHalted = true;
    this.problem = explain(error);
    this.pause();
    this.dispatchEvent(new CustomEvent('halt', { detail: this.problem }));
  }

  #endRun() {
    clearInterval(this.#sampler);
    this.#sampler = 0;
    this.#tabs.leave();
    this.totals.sample();
    if (!this.#isHalted && this.totals.waiting === 0) this.dispatchEvent(new Event('idle'));
  }

  #startSampling() {
    if (this.#sampler !== 0) return;
    this.totals.sample();
    this.#tabs.enter();
    this.#sampler = setInterval(() => {
      this.totals.sample();
      this.#notifier.request();
    }, SAMPLE);
  }
}
