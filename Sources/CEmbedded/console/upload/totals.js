/** Time constant of the smoothed rate in seconds. */
const SMOOTHING = 4;

/** The totals of a queue, updated with each change of an item at a cost that does not depend on the queue's length. */
export class Totals {
  /** Number of items that were neither skipped nor cancelled, and their length in bytes. */
  files = 0;
  bytes = 0;
  /** Number of bytes that are stored or have been sent. */
  sent = 0;
  verified = 0;
  uploaded = 0;
  failed = 0;
  skipped = 0;
  cancelled = 0;
  paused = 0;
  /** Bytes per second, smoothed; 0 while nothing is sent. */
  rate = 0;

  #left = 0;
  #active = 0;
  #waiting = 0;
  #transferred = 0;
  #sampled = { time: 0, transferred: 0 };

  /** Number of items that are being uploaded. */
  get active() {
    return this.#active;
  }

  /** Number of items that are waiting to start. */
  get waiting() {
    return this.#waiting;
  }

  /** Estimated remaining time in seconds; null if nothing is being sent. */
  get secondsLeft() {
    return this.rate > 0 && this.#active > 0 ? this.#left / this.rate : null;
  }

  add(contribution) {
    this.#count(contribution, 1);
  }

  remove(contribution) {
    this.#count(contribution, -1);
  }

  /**
   * Replaces the contribution of an item.
   *
   * @param {number} transferred number of bytes that were transferred since the last change
   */
  change(before, after, transferred) {
    if (before.state !== after.state) {
      this.#count(before, -1);
      this.#count(after, 1);
    } else {
      this.bytes += after.bytes - before.bytes;
      this.sent += after.sent - before.sent;
      this.#left += after.left - before.left;
    }
    this.#transferred += transferred;
  }

  /** Updates the rate; called twice per second while items are active. */
  sample(now = performance.now()) {
    if (this.#active === 0) this.rate = 0;
    const seconds = (now - this.#sampled.time) / 1000;
    if (seconds < 0.25) return;
    const bytes = Math.max(0, this.#transferred - this.#sampled.transferred);
    this.#sampled = { time: now, transferred: this.#transferred };
    // An interval of more than 5 s includes a pause without transfers, so it does not count.
    if (seconds > 5 || this.#active === 0) return;
    if (this.rate === 0) this.rate = bytes / seconds;
    else this.rate += (bytes / seconds - this.rate) * (1 - Math.exp(-seconds / SMOOTHING));
  }

  #count({ state, bytes, sent, left }, sign) {
    if (state === 'skipped' || state === 'cancelled') this[state] += sign;
    else this.files += sign;
    if (['verified', 'uploaded', 'failed', 'paused'].includes(state)) this[state] += sign;
    if (state === 'waiting') this.#waiting += sign;
    if (['preparing', 'sending', 'finishing', 'offline'].includes(state)) this.#active += sign;
    this.bytes += sign * bytes;
    this.sent += sign * sent;
    this.#left += sign * left;
  }
}
