// The preview of a file: the beginning of a text file, or an image, in a frame without scripts.
//
// The frame is empty and sandboxed; the console puts text nodes or an `<img>` into it. HTML and SVG are never loaded as
// documents.

import { downloadURL } from '../api/calls.js';
import { storageURL } from '../api/client.js';
import { strings } from '../strings.js';
import { fill, h, icon, plainName } from '../ui/dom.js';
import { bytes } from '../ui/format.js';

const t = strings.preview;
const TEXT_BYTES = 64 << 10;
const MOST_IMAGE_BYTES = 32 << 20;

const IMAGES = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp',
  avif: 'image/avif' };
/** Extensions of files that are not text. */
const BINARY = new Set(['bam', 'bai', 'cram', 'crai', 'bcf', 'gz', 'bgz', 'bz2', 'xz', 'zst', 'zip', 'tar', 'tbi',
  'csi', 'pdf', 'h5',
  'hdf5', 'fast5', 'pod5', 'bcl', 'cbcl', 'sra', 'parquet', 'exe', 'so', 'dll', 'iso', 'mp4', 'mov', 'mp3', 'tif',
  'tiff', 'xlsx', 'docx']);

/** Returns whether to offer a preview, according to the file's extension and length. */
export function canPreview({ name, size }) {
  const type = extension(name);
  return size > 0 && !BINARY.has(type) && !(type in IMAGES && size > MOST_IMAGE_BYTES);
}

function extension(name) {
  return /\.([^.]+)$/.exec(name)?.[1].toLowerCase() ?? '';
}

export class Preview {
  constructor(client, entry) {
    this.client = client;
    this.entry = entry;
    this.controller = new AbortController();
    this.frame = h('iframe', { sandbox: 'allow-same-origin', title: t.of(plainName(entry.name)),
      referrerpolicy: 'no-referrer' });
    this.note = h('p', { class: 'muted', role: 'status' }, strings.common.loading);
    this.element = h('figure', { class: 'preview' }, this.frame, h('figcaption', null, this.note));
  }

  async load() {
    const { signal } = this.controller;
    try {
      const type = IMAGES[extension(this.entry.name)];
      const url = await downloadURL(this.client, this.entry.id, signal);
      const headers = type ? {} : { Range: `bytes=0-${TEXT_BYTES - 1}` };
      const response = await fetch(storageURL(url), { headers, signal, credentials: 'omit', referrerPolicy: 'no-referrer',
        cache: 'no-store' });
      if (!response.ok) throw new Error(t.failed);
      const data = new Uint8Array(await response.arrayBuffer());
      if (!signal.aborted) await (type ? this.#image(data, type) : this.#text(data));
    } catch (error) {
      if (signal.aborted) return;
      this.frame.hidden = true;
      fill(this.note, icon('alert'), ` ${error.message || t.failed}`);
    }
  }

  dispose() {
    this.controller.abort();
    if (this.url) URL.revokeObjectURL(this.url);
  }

  async #image(data, type) {
    this.url = URL.createObjectURL(new Blob([data], { type }));
    const page = this.#page();
    const image = page.createElement('img');
    image.alt = t.of(plainName(this.entry.name));
    image.style.maxWidth = '100%';
    image.src = this.url;
    try {
      await image.decode();
    } catch {
      throw new Error(t.noImage);
    }
    page.body.append(image);
    this.frame.style.height = `${Math.min(480, image.naturalHeight + 24)}px`;
    this.note.textContent = t.image(image.naturalWidth, image.naturalHeight);
  }

  #text(data) {
    if (data.subarray(0, 4096).some((byte) => byte === 0)) throw new Error(t.binary);
    const page = this.#page();
    const text = page.createElement('pre');
    text.textContent = new TextDecoder().decode(data);
    text.tabIndex = 0;
    Object.assign(text.style, { margin: '0', font: '12px/1.5 ui-monospace, monospace', whiteSpace: 'pre',
      tabSize: '4' });
    page.body.append(text);
    this.note.textContent = data.length < this.entry.size ? t.part(bytes(data.length)) : t.whole;
  }

  /** Returns the frame's document, with the colors of the page. */
  #page() {
    const page = this.frame.contentDocument;
    const colours = getComputedStyle(this.element);
    page.documentElement.lang = document.documentElement.lang;
    page.title = t.of(plainName(this.entry.name));
    Object.assign(page.body.style, { margin: '12px', color: colours.color, background: 'transparent' });
    page.documentElement.style.colorScheme = document.documentElement.dataset.theme;
    return page;
  }
}
