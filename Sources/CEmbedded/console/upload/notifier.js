/** Interval of notifications while the page is hidden, in milliseconds. */
const HIDDEN_INTERVAL = 500;

/** A collector of changed items that passes them on at most once per animation frame. */
export class Notifier {
  #notify;
  #items = new Set();
  #isRequested = false;

  /** @param {(items: Set<object>) => void} notify */
  constructor(notify) {
    this.#notify = notify;
  }

  add(item) {
    this.#items.add(item);
    this.request();
  }

  /** Notifies soon, even if no item has changed. */
  request() {
    if (this.#isRequested) return;
    this.#isRequested = true;
    let isDone = false;
    const dispatch = () => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      this.#isRequested = false;
      const items = this.#items;
      this.#items = new Set();
      this.#notify(items);
    };
    // A hidden page draws no frames, but its title shows the progress. A page can also be hidden before the next frame.
    const timer = setTimeout(dispatch, HIDDEN_INTERVAL);
    if (!document.hidden) requestAnimationFrame(dispatch);
  }
}
