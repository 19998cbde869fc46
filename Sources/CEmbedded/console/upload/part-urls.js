import { partInfo, partInfos } from '../api/uploads.js';

/** Number of part infos to request per call: several times the number of parts that are sent at the same time. */
const BATCH = 25;
/** Minimum remaining validity of a URL, in milliseconds, because the request takes time to reach the storage. */
const MARGIN = 5000;

/** The signed URLs of one upload, requested in batches if the server has the extension `part_infos`. */
export class PartURLs {
  #client;
  #uploadID;
  #isBatched;
  #parts;
  #known = new Map();
  #batch = null;

  /** @param {object[]} infos part infos that came with the response to initialize */
  constructor(client, uploadID, { isBatched, parts, infos = [] }) {
    this.#client = client;
    this.#uploadID = uploadID;
    this.#isBatched = isBatched && parts > 1;
    this.#parts = parts;
    this.#keep(infos);
  }

  /** Returns the part info of a part, with a URL that is still valid. */
  async get(number, options) {
    const known = this.#take(number);
    if (known) return known;
    if (!this.#isBatched) return partInfo(this.#client, this.#uploadID, number, options);
    // Parts that need a URL at the same time share a batch.
    this.#batch ??= this.#request(number, options).finally(() => {
      this.#batch = null;
    });
    await this.#batch;
    return this.#take(number) ?? partInfo(this.#client, this.#uploadID, number, options);
  }

  /** Discards the URL of a part after the storage has refused it or an attempt with it has failed. */
  invalidate(number) {
    this.#known.delete(number);
  }

  async #request(from, options) {
    const count = Math.min(BATCH, this.#parts - from + 1);
    this.#keep(await partInfos(this.#client, this.#uploadID, from, count, options));
  }

  #keep(infos) {
    for (const info of infos) this.#known.set(info.part_number, info);
  }

  #take(number) {
    const info = this.#known.get(number);
    if (!info) return null;
    const left = Date.parse(info.expires) - (Date.now() + this.#client.clockSkew);
    if (left > MARGIN) return info;
    this.#known.delete(number);
    return null;
  }
}
