/** A semaphore whose permits are granted in order of priority. */
export class Permits {
  #count;
  #free;
  #waiting = [];

  /** @param {number} count number of permits */
  constructor(count) {
    this.#count = count;
    this.#free = count;
  }

  /** Number of permits. If the number is reduced, acquired permits stay valid. */
  get count() {
    return this.#count;
  }

  set count(count) {
    this.#free += count - this.#count;
    this.#count = count;
    while (this.#free > 0 && this.#waiting.length > 0) this.#grant();
  }

  /**
   * Waits for a permit.
   *
   * @param {number} priority lower numbers come first
   * @returns {Promise<() => void>} a function that releases the permit; further calls have no effect
   */
  acquire(priority, signal) {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve(this.#permit());
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      const entry = { priority, signal, abort, resolve };
      this.#waiting.push(entry);
      signal?.addEventListener('abort', abort);
    });
  }

  #permit() {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#free += 1;
      this.#grant();
    };
  }

  #grant() {
    if (this.#free <= 0 || this.#waiting.length === 0) return;
    let first = 0;
    for (let at = 1; at < this.#waiting.length; at += 1) {
      if (this.#waiting[at].priority < this.#waiting[first].priority) first = at;
    }
    const [entry] = this.#waiting.splice(first, 1);
    entry.signal?.removeEventListener('abort', entry.abort);
    this.#free -= 1;
    entry.resolve(this.#permit());
  }
}
