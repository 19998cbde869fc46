// The user's own tokens: a list in which tokens can be revoked, and a form to create one.

import { createToken, listProjects, listTokens, revokeToken } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, name, plainName } from '../ui/dom.js';
import { confirmDialog, openDialog } from '../ui/dialog.js';
import { ago, time } from '../ui/format.js';
import { snippet } from '../ui/snippet.js';
import { toast } from '../ui/toast.js';

const t = strings.tokens;
const SCOPES = ['full', 'read', 'upload'];
const DAY = 86_400_000;

export class TokenList {
  constructor(app, signal) {
    Object.assign(this, { app, signal });
    this.list = h('ul', { class: 'link-list' });
    this.element = h('section', null,
      h('div', { class: 'link-head' }, h('h2', null, t.title),
        h('div', { class: 'actions' }, button(t.create, { icon: 'plus', class: 'small', on: () => this.#create() }))),
      h('p', { class: 'muted' }, t.text), this.list);
  }

  async refresh() {
    const tokens = await listTokens(this.app.client, this.signal);
    if (!this.signal.aborted) fill(this.list, tokens.map((token) => this.#row(token)));
  }

  #row(token) {
    const label = plainName(token.name || token.id);
    return h('li', { class: 'card link-row' },
      h('div', { class: 'link-head' }, h('h3', null, name(token.name || t.unnamed)),
        h('span', { class: 'pill' }, t.scopes[token.scope] ?? token.scope),
        token.current && h('span', { class: 'pill' }, t.current),
        h('div', { class: 'actions' },
          button(t.revoke, { icon: 'trash', class: 'small', kind: 'danger-quiet', 'aria-label': t.revokeToken(label),
            on: () => this.#revoke(token) }))),
      token.projects && h('p', { class: 'muted' }, t.only, ' ', name(token.projects.join(', '))),
      h('p', { class: 'muted' }, t.created(ago(token.created_on)), ' · ',
        token.last_used ? t.used(token.last_used) : t.unused, ' · ',
        token.expires ? h('time', { datetime: token.expires, title: time(token.expires) },
          new Date(token.expires) < new Date() ? t.expired(ago(token.expires)) : t.expires(ago(token.expires)))
          : t.noExpiry));
  }

  async #create() {
    const projects = await listProjects(this.app.client, { signal: this.signal });
    const title = h('input', { type: 'text', maxlength: 100, autocomplete: 'off', autofocus: true });
    const scope = h('select', null, SCOPES.map((value) => h('option', { value }, t.scopeHelp[value])));
    const project = h('select', null, h('option', { value: '' }, t.allProjects),
      projects.map(({ id }) => h('option', { value: id }, plainName(id))));
    const expires = h('input', { type: 'date', min: day(new Date()), max: day(new Date(Date.now() + 9999 * DAY)),
      value: day(new Date(Date.now() + 90 * DAY)) });
    const token = await openDialog({
      title: t.create, submit: t.createSubmit,
      content: [field(t.name, title, { help: t.nameHelp }), field(t.scope, scope), field(t.project, project),
        field(t.expiresAfter, expires, { help: t.expiresHelp })],
      onSubmit: () => createToken(this.app.client, {
        name: title.value.trim(), scope: scope.value, ...(project.value ? { projects: [project.value] } : {}),
        // The end of the chosen day in the user's time zone.
        ...(expires.value ? { expires: new Date(`${expires.value}T23:59:59`).toISOString().replace(/\.\d+Z$/, 'Z') } : {}),
      }),
    });
    if (!token) return;
    await openDialog({
      title: t.createdTitle, cancel: t.createdClose,
      content: [snippet(token.token, { label: t.token }), h('p', { class: 'note' }, icon('alert'), t.createdOnce)],
    });
    await this.refresh();
  }

  async #revoke(token) {
    const done = await confirmDialog({
      title: t.revokeTitle(plainName(token.name || token.id)), submit: t.revoke,
      content: [h('p', null, token.current ? t.revokeCurrent : t.revokeText)],
      onSubmit: async () => {
        await revokeToken(this.app.client, token.id);
        return true;
      },
    });
    if (!done) return;
    toast(t.revoked);
    await this.refresh();
  }
}

/** Returns a date in the format of `<input type=date>`, in local time. */
function day(date) {
  const two = (number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
