import { completeUpload, findFile, getUpload, labelFile, startUpload } from '../api/uploads.js';
import { combine, parseChecksum } from './crc64.js';
import { checkFile } from './file-rules.js';
import { SMALL } from './hasher.js';
import { recordOf } from './journal.js';
import { withLock } from './lock.js';
import { PartUploader } from './parts.js';
import { Plan, choosePartSize } from './plan.js';
import { UploadProblem, explain, explainOutage } from './problems.js';

/** Number of part infos to request with initialize. */
const FIRST_INFOS = 25;
/** Length in bytes of the pieces in which a whole file is hashed. */
const PIECE = 16 << 20;
/** Codes with which complete refuses the reported parts. */
const PARTS_REFUSED = [8007, 8014, 8015];
/** The beginning of the message of error 8007 if the server's validate command has refused the file. */
const FILE_REFUSED = 'The file was refused: ';

/** @returns {boolean} whether complete has refused the parts, so that it may succeed after they are sent again */
function refusesParts(error) {
  return PARTS_REFUSED.includes(error.code) && !error.message.startsWith(FILE_REFUSED);
}

/** The upload of one item: opens or resumes it, sends the parts, completes it and compares checksums. */
export class FileUpload {
  #item;
  #context;
  #signal;
  #onClaimed;
  #options;
  #place = null;

  /**
   * @param {UploadItem} item
   * @param {object} context `client`, `journal`, `hasher`, `permits`, `folders`, `parallel`, `abort`
   * @param {AbortSignal} signal
   * @param {() => void} onClaimed called as soon as the next file may start
   */
  constructor(item, context, signal, onClaimed) {
    this.#item = item;
    this.#context = { ...context, extensions: new Set() };
    this.#signal = signal;
    this.#onClaimed = onClaimed;
    this.#options = {
      signal,
      attempts: Infinity,
      onRetry: (error) => signal.aborted || item.enter('offline', explainOutage(error)),
    };
  }

  /** Uploads the item; its state is then `verified`, `uploaded` or `skipped`. */
  async run() {
    const item = this.#item;
    checkFile(item);
    item.enter('preparing');
    const { signal, ...options } = this.#options;
    this.#context.extensions = await unlessAborted(this.#context.client.extensions(options), signal);
    signal.throwIfAborted();
    if (item.size > choosePartSize(item.size)) return this.#runLocked();
    this.#onClaimed();
    return this.#runWithRestart();
  }

  /** Uploads the item; first waits while another tab of this browser uploads the same file. */
  #runLocked() {
    const item = this.#item;
    const name = `pontoon-upload ${item.isChosen ? item.uploadID : item.key}`;
    const wait = () => {
      item.enter('waiting', explain(new UploadProblem('otherTab')));
      this.#onClaimed();
    };
    return withLock(name, this.#signal, wait, (hasWaited) => {
      item.enter('preparing');
      return this.#runWithRestart(hasWaited);
    });
  }

  async #runWithRestart(isJournalStale = false) {
    const item = this.#item;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#upload(isJournalStale);
      } catch (error) {
        const isGone = error.status === 404 || refusesParts(error);
        if (!isGone || item.isChosen || attempt > 1) throw error;
        // The upload has expired or was aborted, its parts were lost, or a folder was deleted. Start over once.
        this.#context.folders.clear();
        this.#place = null;
        this.#context.journal.forget(item.key);
        item.progress = null;
        item.uploadID = null;
        item.setSent(0);
        item.enter('preparing');
      }
    }
  }

  async #upload(isJournalStale) {
    const item = this.#item;
    if (!(await this.#open(isJournalStale))) return;
    // After the first byte is sent, a reload must not lose the upload. Small files are sent again instead.
    if (item.size > SMALL) await this.#context.journal.flush();
    item.enter('sending');
    const uploader = new PartUploader(item, this.#context, this.#options);
    await uploader.run(this.#onClaimed);
    this.#signal.throwIfAborted();
    item.enter('finishing');
    // The browser refuses to read a file that was changed after it was chosen.
    if (item.size > SMALL) await item.file.slice(0, 1).arrayBuffer();
    const file = await this.#complete(uploader);
    if (file) await this.#finish(file, uploader.checksum());
  }

  /** Starts or resumes an upload and sets `item.progress`. Returns false if the item has ended without an upload. */
  async #open(isJournalStale) {
    const item = this.#item;
    if (item.progress) return true;
    let id = item.uploadID;
    let record;
    if (!id) {
      record = await this.#context.journal.find(item.key, { isFresh: isJournalStale });
      // An upload keeps the conflict rule with which it was started.
      const isReplacing = (conflict) => conflict === 'overwrite';
      if (isReplacing(record?.conflict) === isReplacing(item.options.conflict)) id = record?.uploadID;
    }
    if (id) {
      const opened = await this.#adopt(id);
      if (opened !== null) return opened;
    }
    return this.#start();
  }

  /**
   * Resumes an upload.
   *
   * Returns true if the upload was resumed, false if the item has ended because the server already has the file, and
   * null if the upload does not exist or is not for this file.
   */
  async #adopt(id) {
    const item = this.#item;
    const { client, journal } = this.#context;
    let details;
    try {
      details = await getUpload(client, id, this.#options);
    } catch (error) {
      if (![403, 404].includes(error.status)) throw error;
      // The upload may have been completed although the response was lost.
      if (await this.#finishIfIdentical()) return false;
      if (item.isChosen) throw error;
      return null;
    }
    if ((details.size ?? item.size) !== item.size) {
      if (!item.isChosen) return null;
      throw new UploadProblem('otherSize', { expected: details.size, actual: item.size });
    }
    if (item.isChosen) this.#place = details.parent ? { parent: details.parent } : { project: details.project };
    const plan = new Plan(item.size, details.part_size);
    if (!plan.isValid) return null;
    const stored = new Map();
    for (const part of details.parts ?? []) {
      const number = part.part_number;
      const etag = part.response.headers.ETag.replaceAll('"', '');
      if (number <= plan.parts) stored.set(number, { number, etag, checksum: null, isReported: true });
    }
    const unlisted = Math.max(0, (details.stored_parts_count ?? 0) - stored.size);
    this.#opened({ uploadID: id, plan, stored, unlisted, kept: await journal.parts(item.key), infos: [],
      isAdopted: true });
    return true;
  }

  async #start() {
    const item = this.#item;
    const { client, extensions } = this.#context;
    const { conflict, isLink } = item.options;
    const folders = item.path.split('/').slice(0, -1);
    const size = item.size;
    const partSize = choosePartSize(size);
    const body = { name: item.name, size, part_size: partSize, ...this.#initialLabels() };
    if (isLink) {
      if (folders.length > 0) body.path = folders;
    } else {
      this.#place ??= await this.#findPlace(folders);
      Object.assign(body, this.#place);
    }
    if (extensions.has('part_infos')) body.part_infos = Math.min(FIRST_INFOS, Math.ceil(size / partSize));
    let details;
    try {
      details = await startUpload(client, body, { ...this.#options, overwrite: conflict === 'overwrite' });
    } catch (error) {
      if (error.status === 404) this.#place = null;
      if (error.code !== 8005) throw error;
      await this.#resolveConflict(error);
      return false;
    }
    const plan = new Plan(size, details.part_size ?? partSize);
    if (!plan.isValid) throw new Error(`The server chose an invalid part size: ${plan.partSize}.`);
    const infos = details.part_infos ?? [];
    this.#opened({ uploadID: details.upload_id, plan, stored: new Map(), unlisted: 0, kept: null, infos });
    return true;
  }

  /** Returns the destination of the file. Creates missing folders, for which other items may be waiting too. */
  #findPlace(folders) {
    return unlessAborted(this.#context.folders.place(this.#item.options, folders, this.#options), this.#signal);
  }

  /** Returns the labels to send with initialize; none if the server does not store them with the upload. */
  #initialLabels() {
    const { metadata, tags } = this.#labels();
    if (!this.#context.extensions.has('upload_labels')) return {};
    return { metadata, tags };
  }

  /** Returns the metadata and tags of the item; each is undefined if the item has none. */
  #labels() {
    const { metadata, tags } = this.#item.options.labels?.(this.#item.path) ?? {};
    return {
      metadata: metadata && Object.keys(metadata).length > 0 ? metadata : undefined,
      tags: tags?.length > 0 ? tags : undefined,
    };
  }

  #opened(progress) {
    const item = this.#item;
    item.progress = progress;
    item.uploadID = progress.uploadID;
    const { metadata, tags } = this.#labels();
    this.#context.journal.save({
      ...recordOf(item),
      uploadID: progress.uploadID,
      partSize: progress.plan.partSize,
      metadata,
      tags,
    });
  }

  /** Skips the item, or accepts the existing file if it has the same bytes. @throws the conflict */
  async #resolveConflict(error) {
    const item = this.#item;
    if (item.options.conflict === 'skip') {
      this.#context.journal.forget(item.key);
      item.enter('skipped');
      return;
    }
    if (!(await this.#finishIfIdentical())) throw error;
  }

  /** Ends the item if the file on the server has the same bytes. Returns whether the item has ended. */
  async #finishIfIdentical() {
    const item = this.#item;
    const { client } = this.#context;
    if (item.options.isLink) return false;
    this.#place ??= await this.#findPlace(item.path.split('/').slice(0, -1));
    const found = await findFile(client, this.#place, item.name, this.#options);
    const checksum = parseChecksum(found?.checksums?.crc64nvme ?? '');
    const isDamaged = ['damaged', 'missing'].includes(found?.checksums?.state);
    if (checksum === null || found.size !== item.size || isDamaged) return false;
    if ((await this.#hashFile()) !== checksum) return false;
    item.setSent(item.size);
    await this.#finish(found, checksum, { hasLabels: false });
    return true;
  }

  async #hashFile() {
    const { file } = this.#item;
    let whole = 0n;
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = file.slice(at, at + PIECE);
      whole = combine(whole, await this.#context.hasher.hash(piece, this.#signal), piece.size);
    }
    return whole;
  }

  /** Completes the upload and returns the file; returns null if the item has ended in another way. */
  async #complete(uploader) {
    const item = this.#item;
    try {
      return await this.#requestCompletion(uploader);
    } catch (error) {
      if (error.status === 404 && error.code === 8003 && (await this.#finishIfIdentical())) return null;
      if (error.code === 8005) {
        await this.#resolveConflict(error);
        await this.#context.abort(item.uploadID);
        return null;
      }
      if (!refusesParts(error)) throw error;
      item.enter('sending');
      await uploader.repair();
      item.enter('finishing');
      return this.#requestCompletion(uploader);
    }
  }

  async #requestCompletion(uploader) {
    const { client, extensions } = this.#context;
    let parts = uploader.unreported;
    if (!extensions.has('complete_reports') && parts.length > 0) {
      await uploader.report(parts);
      parts = [];
    }
    return completeUpload(client, this.#item.progress.uploadID, parts, this.#options);
  }

  /** Compares the file on the server with the local one, and sets its labels if initialize did not. */
  async #finish(file, checksum, { hasLabels } = {}) {
    const item = this.#item;
    // A resumed upload has the labels with which it was started.
    hasLabels ??= this.#context.extensions.has('upload_labels') && !item.progress?.isAdopted;
    const { client, journal } = this.#context;
    const stored = parseChecksum(file.checksums?.crc64nvme ?? '');
    if (file.size !== item.size || (stored !== null && stored !== checksum)) throw new UploadProblem('copyDiffers');
    const labels = this.#labels();
    if (labels.tags) labels.tags = [...new Set([...(file.tags ?? []), ...labels.tags])];
    if (!hasLabels && (labels.metadata || labels.tags)) await labelFile(client, file.id, labels, this.#options);
    journal.forget(item.key);
    item.fileID = file.id;
    item.uploadID = null;
    item.progress = null;
    item.enter(stored === null ? 'uploaded' : 'verified');
  }
}

/** Waits for a promise that other items may share. @throws the signal's reason if it is aborted */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
