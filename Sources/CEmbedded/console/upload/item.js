/** States in which an item is finished, successfully or not. */
const ENDED = new Set(['verified', 'uploaded', 'skipped', 'failed', 'cancelled']);
/** States in which an item uses the network or waits for it. */
const ACTIVE = new Set(['preparing', 'sending', 'finishing', 'offline']);

/**
 * A file in the queue.
 *
 * `state` is one of:
 * - `waiting`, `preparing` (looking for an earlier upload, creating folders), `sending`, `finishing` (completing and
 *   comparing checksums), `offline` (waiting for the server or the network; `error` explains which);
 * - `verified`: the checksum of the file on the server equals that of the local file;
 * - `uploaded`: stored with the same length, but the storage provides no checksum to compare;
 * - `skipped`, `paused`, `failed`, `cancelled`.
 */
export class UploadItem {
  #queue;
  #state = 'waiting';
  #sent = 0;
  #error = null;

  constructor(queue, fields) {
    this.#queue = queue;
    /** Number of the item, in the order in which items were added. */
    this.id = fields.id;
    /** Path with folders, relative to the destination. */
    this.path = fields.path;
    this.name = fields.path.slice(fields.path.lastIndexOf('/') + 1);
    this.file = fields.file;
    this.handle = fields.handle ?? null;
    this.root = fields.root ?? null;
    /** Project, parent, conflict rule and labels that were passed to `add`; all items of the call share them. */
    this.options = fields.options;
    /** Key of the journal record, derived from the file and its destination. */
    this.key = fields.key;
    /** Id of the file on the server; null until the upload is completed. */
    this.fileID = null;
    /** Id of the upload; null before it is initialized and after it has ended. */
    this.uploadID = fields.uploadID ?? null;
    /** Whether the user chose this upload from the list of open uploads. */
    this.isChosen = Boolean(fields.uploadID);
    /** State of the upload and its parts, as described at {@link PartUploader}; null until an upload is opened. */
    this.progress = null;
  }

  get size() {
    return this.file.size;
  }

  get state() {
    return this.#state;
  }

  /** Number of bytes that are stored or have been sent. */
  get sent() {
    return this.#sent;
  }

  /** `{ title, advice, code }` after a failure, or while waiting for the server or another tab; otherwise null. */
  get error() {
    return this.#error;
  }

  get hasEnded() {
    return ENDED.has(this.#state);
  }

  get isActive() {
    return ACTIVE.has(this.#state);
  }

  /** Sets the state, and the error that explains the state. */
  enter(state, error = null) {
    if (state === this.#state && error === null && this.#error === null) return;
    this.#change(() => {
      this.#state = state;
      this.#error = error;
    });
  }

  /** Adds to the number of sent bytes; `bytes` may be negative. With `isTransferred`, they also count for the rate. */
  addSent(bytes, { isTransferred = true } = {}) {
    if (bytes === 0) return;
    this.#change(() => {
      this.#sent = Math.max(0, Math.min(this.size, this.#sent + bytes));
    }, isTransferred ? bytes : 0);
  }

  /** Sets the number of sent bytes, without an effect on the rate. */
  setSent(bytes) {
    this.addSent(bytes - this.#sent, { isTransferred: false });
  }

  #change(change, transferred = 0) {
    const before = this.contribution();
    change();
    this.#queue.changed(this, before, this.contribution(), transferred);
  }

  /** Returns the item's contribution to the totals of the queue; no bytes if it was skipped or cancelled. */
  contribution() {
    const isCounted = this.#state !== 'skipped' && this.#state !== 'cancelled';
    return {
      state: this.#state,
      bytes: isCounted ? this.size : 0,
      sent: isCounted ? this.#sent : 0,
      left: this.hasEnded ? 0 : this.size - this.#sent,
    };
  }
}
