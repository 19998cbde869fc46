// The form for creating and changing an upload link.

import { updateLink } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, name } from '../ui/dom.js';
import { pickFolder } from './folder-picker.js';

const t = strings.links;
const GIB = 2 ** 30;
const DAY = 86_400_000;

export class LinkForm {
  /**
   * @param {Object} app
   * @param {{project: Object, link?: Object, target?: {folder: string|null, label: string}}} options
   */
  constructor(app, { project, link, target }) {
    Object.assign(this, { app, project, link, target });
    const text = (value, props) => h('input', { type: 'text', value, autocomplete: 'off', ...props });
    const number = (value, props) => h('input', { type: 'number', value: value ?? '', min: 0, inputmode: 'decimal',
      placeholder: t.noLimit, ...props });
    this.name = text(link?.name ?? '', { maxlength: 100, autofocus: true });
    this.note = h('textarea', { rows: 3, maxlength: 4096, value: link?.note ?? '' });
    this.expires = h('input', { type: 'date',
      value: day(link ? new Date(link.expires) : new Date(Date.now() + 30 * DAY)), min: day(new Date()),
      max: day(new Date(Date.now() + 365 * DAY)) });
    this.password = h('input', { type: 'password', autocomplete: 'new-password', maxlength: 200 });
    this.noPassword = h('input', { type: 'checkbox' });
    this.files = number(link?.max_files, { step: 1 });
    this.size = number(link?.max_bytes ? Number((link.max_bytes / GIB).toPrecision(6)) : null, { step: 'any' });
    this.elements = this.#elements();
  }

  #elements() {
    const { link } = this;
    return [
      field(t.name, this.name, { help: t.nameHelp }),
      !link && this.#destination(),
      field(t.note, this.note, { help: t.noteHelp }),
      h('div', { class: 'columns' }, field(t.expiresOn, this.expires), field(t.maxFiles, this.files),
        field(t.maxBytes, this.size)),
      field(link?.has_password ? t.newPassword : t.passwordOptional, this.password, { help: t.passwordHelp }),
      link?.has_password && h('label', { class: 'check' }, this.noPassword, h('span', null, t.removePassword)),
    ];
  }

  #destination() {
    const where = h('strong', { class: 'destination' }, name(this.target.label));
    const change = button(strings.uploadDialog.change, {
      class: 'small',
      on: async () => {
        const picked = await pickFolder(this.app, {
          title: t.pickTitle, submit: t.pickSubmit, project: this.project,
          sameProject: true,
        });
        if (picked) this.target = picked;
        fill(where, name(this.target.label));
        change.focus();
      },
    });
    return h('div', { class: 'field' }, h('span', { class: 'label' }, t.destination),
      h('div', { class: 'destination-row' }, icon('folder'), where, change));
  }

  /** Returns the fields of the link for the API. @throws {Error} if a field is not valid */
  read() {
    const title = this.name.value.trim();
    if (!title) throw new Error(t.nameMissing);
    const password = this.password.value;
    if (password && new TextEncoder().encode(password).length < 8) throw new Error(t.passwordShort);
    if (!this.expires.value) throw new Error(t.expiresMissing);
    const files = amount(this.files, t.badFiles);
    const size = amount(this.size, t.badBytes);
    return {
      ...(this.target?.folder ? { parent: this.target.folder } : { project: this.project.id }),
      name: title, note: this.note.value,
      // The end of the chosen day in the user's time zone.
      expires: new Date(`${this.expires.value}T23:59:59`).toISOString().replace(/\.\d+Z$/, 'Z'),
      ...(password ? { password } : {}), ...(files ? { max_files: Math.round(files) } : {}),
      ...(size ? { max_bytes: Math.round(size * GIB) } : {}),
    };
  }

  /** Sends the changed fields of the link to the server. */
  save() {
    const { project, parent, password, max_files: files = null, max_bytes: size = null, ...changes } = this.read();
    // The day is sent only if the user changed it, because the link may expire at another time of that day.
    if (this.expires.value === day(new Date(this.link.expires))) delete changes.expires;
    const secret = this.noPassword.checked ? { password: null } : password ? { password } : {};
    return updateLink(this.app.client, this.link.id, { ...changes, ...secret, max_files: files, max_bytes: size });
  }
}

function amount(input, message) {
  if (input.value.trim() === '' && !input.validity.badInput) return null;
  const value = Number(input.value);
  if (!Number.isFinite(value) || value <= 0 || input.validity.badInput) throw new Error(message);
  return value;
}

/** Returns a date in the format of `<input type=date>`, in local time. */
function day(date) {
  const two = (number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
