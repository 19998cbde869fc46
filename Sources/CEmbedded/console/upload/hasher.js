import { CRC64 } from './crc64.js';

/** Length in bytes up to which a blob is hashed on the main thread, which costs less than a message to a worker. */
export const SMALL = 256 << 10;

// With `require-trusted-types-for 'script'`, a worker's URL must come from a policy. This policy accepts only the
// console's own scripts.
const base = new URL('.', import.meta.url).href;
const policy = globalThis.trustedTypes?.createPolicy('pontoon', {
  createScriptURL(url) {
    if (!url.startsWith(base)) throw new TypeError(`not a script of the console: ${url}`);
    return url;
  },
});

function startWorker() {
  const url = new URL('crc-worker.js', import.meta.url).href;
  return new Worker(policy ? policy.createScriptURL(url) : url, { type: 'module' });
}

/** A pool of workers that compute CRC-64/NVME checksums of files, one blob per worker at a time. */
export class Hasher {
  #idle = [];
  #count = 0;
  #limit;
  #waiting = [];
  #nextID = 0;

  /** @param {number} [workers] maximum number of workers; by default one less than the processors, 1 to 4 */
  constructor(workers = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1))) {
    this.#limit = workers;
  }

  /**
   * Returns the checksum of a blob.
   *
   * @throws a DOMException if the blob cannot be read, for example because the file has changed
   */
  async hash(blob, signal) {
    if (blob.size <= SMALL) return new CRC64().update(new Uint8Array(await blob.arrayBuffer())).value;
    const worker = await this.#take(signal);
    try {
      return await this.#run(worker, blob);
    } finally {
      this.#release(worker);
    }
  }

  async #take(signal) {
    if (this.#idle.length > 0) return this.#idle.pop();
    if (this.#count < this.#limit) {
      this.#count += 1;
      return startWorker();
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      const entry = {
        resolve: (worker) => {
          signal?.removeEventListener('abort', abort);
          resolve(worker);
        },
      };
      this.#waiting.push(entry);
      signal?.addEventListener('abort', abort);
    });
  }

  #release(worker) {
    if (worker.isBroken) {
      worker.terminate();
      this.#count -= 1;
      if (this.#waiting.length > 0) this.#take().then(this.#waiting.shift().resolve);
      return;
    }
    const next = this.#waiting.shift();
    if (next) next.resolve(worker);
    else this.#idle.push(worker);
  }

  #run(worker, blob) {
    this.#nextID += 1;
    const id = this.#nextID;
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.id !== id) return;
        if (data.error) reject(new DOMException(data.error.message, data.error.name));
        else resolve(data.checksum);
      };
      worker.onerror = (event) => {
        worker.isBroken = true;
        reject(new Error(`The checksum worker failed: ${event.message ?? 'its script did not load'}`));
      };
      worker.postMessage({ id, blob });
    });
  }
}
