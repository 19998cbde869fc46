// Texts that the user can copy, such as commands.

import { strings } from '../strings.js';
import { button, fill, h, icon } from './dom.js';
import { toastError } from './toast.js';

/**
 * Creates a box with a text and a button that copies it.
 *
 * @param {string} text The shown text.
 * @param {{copy?: string, label?: string}} [options] `copy` is the copied text, by default the shown text.
 */
export function snippet(text, { copy = text, label } = {}) {
  const copied = copyButton(copy, { class: 'small' });
  return h('figure', { class: 'snippet' }, label && h('figcaption', null, label),
    h('div', { class: 'snippet-box' }, h('pre', { tabindex: '0' }, h('code', null, text)), copied));
}

/** Creates a button that copies a text and then shows “Copied” for two seconds. */
export function copyButton(text, { label = strings.common.copy, iconOnly, ...props } = {}) {
  let timer;
  const element = button(label, {
    icon: 'copy', iconOnly, kind: 'quiet', ...props,
    on: async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        if (!copyBySelection(text)) return toastError(strings.common.copyFailed);
      }
      show('check', strings.common.copied);
      clearTimeout(timer);
      timer = setTimeout(() => show('copy', label), 2000);
    },
  });
  const status = h('span', { class: 'sr-only', role: 'status' });
  const show = (iconName, words) => {
    fill(element, icon(iconName), !iconOnly && h('span', null, words), status);
    status.textContent = iconName === 'check' ? strings.common.copied : '';
  };
  element.append(status);
  return element;
}

/** Copies a text by selecting it, because only HTTPS pages can use the clipboard API. Returns whether it succeeded. */
function copyBySelection(text) {
  const area = h('textarea', { class: 'sr-only', readOnly: true, value: text });
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
