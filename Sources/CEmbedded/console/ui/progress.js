// Progress bars, the progress in the icon of the tab, and a lock that keeps the screen on.

const SIZE = 32;

/** Sets the value of a progress bar, and its text for screen readers. `fraction` is clamped to the range 0 to 1. */
export function setBar(bar, fraction, text) {
  const value = Math.round(Math.max(0, Math.min(1, fraction)) * 100);
  bar.style.setProperty('--done', `${value}%`);
  bar.setAttribute('aria-valuenow', String(value));
  if (text) bar.setAttribute('aria-valuetext', text);
}

/** The icon of the tab, which shows progress as a ring. */
export class TabIcon {
  constructor() {
    this.link = document.querySelector('link[rel=icon]');
    this.original = this.link?.getAttribute('href');
    this.shown = null;
  }

  /** @param {number|null} fraction `null` shows the original icon. */
  show(fraction, failed = false) {
    const key = fraction === null ? null : `${Math.round(fraction * 20)}${failed}`;
    if (!this.link || key === this.shown) return;
    this.shown = key;
    this.link.href = fraction === null ? this.original : draw(fraction, failed);
    this.link.type = fraction === null ? 'image/svg+xml' : 'image/png';
  }
}

function draw(fraction, failed) {
  const canvas = document.createElement('canvas');
  canvas.width = SIZE;
  canvas.height = SIZE;
  const pen = canvas.getContext('2d');
  pen.lineWidth = 7;
  const ring = (from, to, colour) => {
    pen.beginPath();
    pen.strokeStyle = colour;
    pen.arc(SIZE / 2, SIZE / 2, SIZE / 2 - 5, from, to);
    pen.stroke();
  };
  ring(0, 2 * Math.PI, '#9fb4c0');
  ring(-Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(0.02, fraction), failed ? '#d1242f' : '#0b6e99');
  return canvas.toDataURL('image/png');
}

/** A lock that keeps the screen on while files are sent, because a computer that sleeps loses its connection. */
export class WakeLock {
  constructor() {
    this.wanted = false;
    this.lock = null;
    document.addEventListener('visibilitychange', () => this.#update());
  }

  set(wanted) {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.#update();
  }

  async #update() {
    try {
      if (this.wanted && !document.hidden && (!this.lock || this.lock.released)) {
        this.lock = await navigator.wakeLock?.request('screen') ?? null;
      } else if (!this.wanted) {
        await this.lock?.release();
        this.lock = null;
      }
    } catch {
      // The browser may refuse, for example with a low battery; the upload continues without the lock.
    }
  }
}
