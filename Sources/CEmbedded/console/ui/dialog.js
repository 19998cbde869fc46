// Modal dialogs, based on the native `<dialog>`, which keeps the focus inside and closes when Escape is pressed.

import { strings } from '../strings.js';
import { button, fill, h, icon, uniqueID } from './dom.js';
import { moveToasts } from './toast.js';

/**
 * Opens a dialog with a form.
 *
 * @param {Object} options
 * @param {string} options.title
 * @param {(Node|string)[]} options.content
 * @param {string} [options.submit] Label of the button that submits; without it, the dialog can only be closed.
 * @param {'primary'|'danger'} [options.kind]
 * @param {string} [options.cancel] Label of the button that closes the dialog.
 * @param {boolean} [options.wide]
 * @param {(dialog: HTMLDialogElement) => (*|Promise<*>)} [options.onSubmit] Returns the dialog's result. The dialog
 *   stays open if this function returns `undefined` or throws an error. The message of the error is shown.
 * @param {(dialog: HTMLDialogElement) => void} [options.onOpen]
 * @returns {Promise<*>} `null` if the dialog was closed.
 */
export function openDialog({
  title, content, submit, kind = 'primary', cancel = submit ? strings.common.cancel : strings.common.close, wide,
  onSubmit,
  onOpen,
}) {
  return new Promise((resolve) => {
    const heading = h('h2', { id: uniqueID('dialog') }, title);
    const error = h('div', { class: 'form-error', role: 'alert' });
    const submitButton = submit ? button(submit, { kind, type: 'submit' }) : null;
    const closeButton = button(cancel, { on: () => finish(null) });
    const form = h('form', { class: 'dialog-form', novalidate: true },
      h('header', { class: 'dialog-head' }, heading,
        button(strings.common.close, { icon: 'close', iconOnly: true, kind: 'quiet', on: () => finish(null) })),
      h('div', { class: 'dialog-body' }, content, error),
      h('footer', { class: 'dialog-foot' }, closeButton, submitButton));
    const dialog = h('dialog', { class: wide ? 'dialog dialog-wide' : 'dialog', 'aria-labelledby': heading.id }, form);
    let done = false;

    function finish(value) {
      if (done) return;
      done = true;
      dialog.close();
      moveToasts();
      dialog.remove();
      resolve(value);
    }

    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      finish(null);
    });
    dialog.addEventListener('close', () => finish(null));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (submitButton?.disabled) return;
      fill(error);
      if (submitButton) submitButton.disabled = true;
      form.setAttribute('aria-busy', 'true');
      try {
        const value = onSubmit ? await onSubmit(dialog) : true;
        if (value !== undefined) finish(value);
      } catch (failure) {
        fill(error, icon('alert'), h('span', null, failure.message));
        error.scrollIntoView({ block: 'nearest' });
      } finally {
        if (submitButton) submitButton.disabled = false;
        form.removeAttribute('aria-busy');
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    moveToasts();
    onOpen?.(dialog);
    const first = dialog.querySelector('[autofocus]');
    if (first) {
      first.focus();
      first.select?.();
    }
  });
}

/**
 * Opens a dialog with a field for one line of text.
 *
 * @returns {Promise<*>} The result of `onSubmit(text)`; `null` if the dialog was closed.
 */
export function promptDialog({ title, label, value = '', submit, help, onSubmit, maxLength = 255 }) {
  const input = h('input', { type: 'text', value, autofocus: true, autocomplete: 'off', spellcheck: 'false',
    maxlength: maxLength });
  input.id = uniqueID('field');
  const note = help && h('p', { class: 'help', id: `${input.id}-help` }, help);
  if (note) input.setAttribute('aria-describedby', note.id);
  return openDialog({
    title,
    submit,
    content: [h('div', { class: 'field' }, h('label', { for: input.id }, label), input, note)],
    onSubmit: () => onSubmit(input.value.trim()),
  });
}

/**
 * Opens a dialog in which the user confirms an action.
 *
 * @returns {Promise<*>} The result of `onSubmit()`; `null` if the dialog was closed.
 */
export function confirmDialog({ title, content, submit, kind = 'danger', onSubmit = () => true }) {
  return openDialog({ title, content, submit, kind, onSubmit });
}
