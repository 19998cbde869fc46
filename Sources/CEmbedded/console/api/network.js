// An observer of the network, and pauses that end early when the network is available again.

/** Interval of ticks in milliseconds. */
const TICK = 2000;
/** Gap between ticks, in milliseconds, above which the computer must have been suspended or the tab frozen. */
const SLEEP = 15_000;

/**
 * An observer of connectivity. Dispatches `wake` when the browser is online again or the computer resumes from sleep,
 * so that retries need not wait for their full pause.
 */
export class Network extends EventTarget {
  #lastTick = Date.now();

  constructor() {
    super();
    addEventListener('online', () => this.wake());
    document.addEventListener('resume', () => this.wake());
    setInterval(() => {
      const gap = Date.now() - this.#lastTick;
      this.#lastTick = Date.now();
      if (gap > SLEEP && !document.hidden) this.wake();
    }, TICK);
    document.addEventListener('visibilitychange', () => {
      // Timers of hidden tabs are throttled to one per minute, so a gap is significant only when the tab is visible.
      if (!document.hidden && Date.now() - this.#lastTick > SLEEP) this.wake();
      this.#lastTick = Date.now();
    });
  }

  /** Ends all pauses. */
  wake() {
    this.dispatchEvent(new Event('wake'));
  }

  /**
   * Waits for a number of milliseconds, or until {@link wake} is called.
   *
   * @throws the signal's reason if it is aborted
   */
  pause(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = (act) => () => {
        clearTimeout(timer);
        this.removeEventListener('wake', finish);
        signal?.removeEventListener('abort', abort);
        act();
      };
      const finish = end(resolve);
      const abort = end(() => reject(signal.reason));
      const timer = setTimeout(finish, milliseconds);
      this.addEventListener('wake', finish);
      signal?.addEventListener('abort', abort);
    });
  }
}

export const network = new Network();

/**
 * Returns the pause after a failed attempt, in milliseconds.
 *
 * The pause is 250 ms after the first attempt, and doubles with each attempt up to 30 s. A random share of up to half
 * is then subtracted.
 *
 * @param {number} attempt number of the attempt, from 1
 */
export function backoff(attempt) {
  return Math.min(30_000, 250 * 2 ** Math.min(attempt - 1, 20)) * (1 - Math.random() / 2);
}
