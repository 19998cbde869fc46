// The sign-in page, with a field for the token.

import { strings } from '../strings.js';
import { button, fill, h, icon, uniqueID } from '../ui/dom.js';

/**
 * Creates the sign-in page.
 *
 * @param {Object} options
 * @param {string} [options.message] Why the user has to sign in again.
 * @param {(token: string, keep: boolean) => Promise<void>} options.submit Throws an error whose message is shown.
 */
export function signIn({ message, submit }) {
  const t = strings.signIn;
  const error = h('div', { class: 'form-error', role: 'alert', id: uniqueID('error') });
  const token = h('input', {
    type: 'password', id: 'token', name: 'token', autocomplete: 'current-password', spellcheck: 'false', required: true,
    autocapitalize: 'none', 'aria-describedby': `token-help ${error.id}`, autofocus: true,
  });
  const keep = h('input', { type: 'checkbox', id: 'keep' });
  const reveal = button(t.show, { kind: 'quiet', class: 'reveal', 'aria-pressed': 'false', on: () => {
    const shown = token.type === 'text';
    token.type = shown ? 'password' : 'text';
    reveal.setAttribute('aria-pressed', String(!shown));
    fill(reveal, h('span', null, shown ? t.show : t.hide));
  } });
  const send = button(t.submit, { kind: 'primary', type: 'submit', class: 'wide' });
  const show = (text) => fill(error, text && [icon('alert'), h('span', null, text)]);
  const form = h('form', { class: 'card sign-in', novalidate: true },
    h('div', { class: 'brand brand-large' }, h('span', { class: 'brand-mark', 'aria-hidden': 'true' }),
      strings.product),
    h('h1', null, t.title),
    h('div', { class: 'field' }, h('label', { for: 'token' }, t.token), h('div', { class: 'input-row' }, token, reveal),
      h('p', { class: 'help', id: 'token-help' }, t.help)),
    h('label', { class: 'check' }, keep, h('span', null, t.keep, h('small', null, t.keepHelp))),
    error, send,
    h('details', { class: 'where' }, h('summary', null, t.where),
      h('p', null, t.whereFirst), h('pre', null, h('code', null, t.whereFirstCommand)),
      h('p', null, t.whereOther), h('pre', null, h('code', null, t.whereOtherCommand))));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    const value = token.value.trim();
    show(value ? null : t.missing);
    if (!value) return void token.focus();
    send.disabled = true;
    try {
      await submit(value, keep.checked);
    } catch (failure) {
      show(failure.message);
      token.setAttribute('aria-invalid', 'true');
      token.focus();
      token.select();
    } finally {
      send.disabled = false;
    }
  });
  show(message);
  requestAnimationFrame(() => token.focus());
  return h('main', { class: 'center-page' }, form);
}
