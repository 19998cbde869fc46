import { reportPart, reportParts } from '../api/uploads.js';
import { network } from '../api/network.js';

/** Pause between reports in milliseconds. */
const INTERVAL = 1000;
/** Maximum number of parts per call, so that its body stays below the server's limit. */
const BATCH = 1000;

/**
 * A reporter of stored parts while other parts are being sent, so that any client can resume the upload.
 *
 * Several parts share a call. A reported part has `isReported`; all other parts are reported with complete.
 */
export class Reporter {
  #client;
  #uploadID;
  #options;
  #pending = new Map();
  #loop = null;
  #stop = new AbortController();

  /** @param {object} options options of {@link Client#request} */
  constructor(client, uploadID, options) {
    this.#client = client;
    this.#uploadID = uploadID;
    this.#options = options;
  }

  /** Queues a part; queued parts are reported at once, or one second after the previous report. */
  add(part) {
    this.#pending.set(part.number, part);
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
    });
  }

  /** Stops reporting; resolves when the call in progress has finished. */
  async finish() {
    this.#stop.abort();
    await this.#loop;
    this.#stop = new AbortController();
    this.#pending.clear();
  }

  /** Reports parts now. @throws {ApiError} */
  async report(parts) {
    for (let at = 0; at < parts.length; at += BATCH) {
      const some = parts.slice(at, at + BATCH);
      await reportParts(this.#client, this.#uploadID, some, this.#options);
      for (const part of some) part.isReported = true;
    }
  }

  /** Reports one part. @returns {Promise<boolean>} false if the storage has no part with this ETag */
  async tryReport(part) {
    try {
      await reportPart(this.#client, this.#uploadID, part, this.#options);
      return true;
    } catch (error) {
      if (error.status === 400 && error.code === 8014) return false;
      throw error;
    }
  }

  async #run() {
    const { signal } = this.#stop;
    while (!signal.aborted && this.#pending.size > 0) {
      const parts = [...this.#pending.values()].slice(0, BATCH);
      try {
        await this.report(parts);
        for (const part of parts) this.#pending.delete(part.number);
        await network.pause(INTERVAL, signal);
      } catch {
        // These parts are reported again with complete; {@link PartUploader#repair} sends those again that it refuses.
        return;
      }
    }
  }
}
