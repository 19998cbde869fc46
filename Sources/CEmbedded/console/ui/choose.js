// Selection of files: with the browser's dialog, or by dropping files onto the page.

import { strings } from '../strings.js';
import { fill, h, icon, name } from './dom.js';
import { toastError } from './toast.js';

const t = strings.transfers;

/** Opens the browser's dialog for choosing files. @returns {Promise<File[]>} Empty if the user closes it. */
export function chooseByInput({ folder, multiple }) {
  return new Promise((resolve) => {
    const input = h('input', { type: 'file', multiple, hidden: true, 'aria-label': t.chooseLabel,
      webkitdirectory: folder });
    const finish = () => {
      const files = [...input.files];
      input.remove();
      resolve(files);
    };
    input.addEventListener('change', finish);
    input.addEventListener('cancel', finish);
    document.body.append(input);
    input.click();
  });
}

/**
 * Makes the page a target for dropped files.
 *
 * @param {AbortSignal} signal Removes the target when aborted.
 * @param {{label: () => string|null, drop: (data: DataTransfer) => Promise<void>}} options
 */
export function watchDrops(signal, { label, drop }) {
  const text = h('p', { class: 'drop-text' });
  const overlay = h('div', { class: 'drop-overlay', hidden: true },
    h('div', { class: 'drop-box' }, icon('upload'), text));
  document.body.append(overlay);
  signal.addEventListener('abort', () => overlay.remove());
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  const blocked = () => document.querySelector('dialog[open]') !== null;
  window.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (blocked()) return;
    const target = label();
    fill(text, target ? [t.dropTo, ' ', h('strong', null, name(target))] : t.dropAnywhere);
    overlay.hidden = false;
  }, { signal });
  window.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = blocked() ? 'none' : 'copy';
  }, { signal });
  window.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) overlay.hidden = true;
  }, { signal });
  window.addEventListener('drop', async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    if (blocked()) return;
    try {
      await drop(event.dataTransfer);
    } catch (error) {
      toastError(error);
    }
  }, { signal });
}
