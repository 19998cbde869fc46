const NAME = 'pontoon-sending';
/** Interval at which tabs are counted, in milliseconds. */
const INTERVAL = 3000;

/**
 * A counter of the tabs of this browser that are sending.
 *
 * All tabs share the browser's six connections to a server. If each tab used five of them, calls of the API would wait
 * until a part is sent.
 */
export class Tabs {
  #onCount;
  #stay = null;
  #timer = 0;

  /** @param {(count: number) => void} onCount called with the number of tabs, at least 1, every three seconds */
  constructor(onCount) {
    this.#onCount = onCount;
  }

  /** Counts this tab until {@link leave}. */
  enter() {
    if (!navigator.locks || this.#stay) return;
    const stay = { hasEnded: false, end: () => {} };
    this.#stay = stay;
    void navigator.locks.request(NAME, { mode: 'shared' }, () => {
      void this.#count();
      if (stay.hasEnded) return undefined;
      return new Promise((resolve) => {
        stay.end = resolve;
      });
    }).catch(() => {}); // A browser that blocks storage also blocks locks.
    this.#timer = setInterval(() => void this.#count(), INTERVAL);
  }

  leave() {
    if (!this.#stay) return;
    clearInterval(this.#timer);
    this.#stay.hasEnded = true;
    this.#stay.end();
    this.#stay = null;
  }

  async #count() {
    const locks = await navigator.locks.query().catch(() => null);
    if (locks) this.#onCount(Math.max(1, locks.held.filter(({ name }) => name === NAME).length));
  }
}
