// Webhooks of a project: the server sends the project's events to URLs.

import {
  createWebhook, deleteWebhook, disableWebhook, enableWebhook, lastEvent, listWebhooks, replayWebhook, rotateSecret,
  updateWebhook,
} from '../api/calls.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, keepFocus, name, plainName, setFieldError } from '../ui/dom.js';
import { confirmDialog, openDialog } from '../ui/dialog.js';
import { ago, time } from '../ui/format.js';
import { menuButton } from '../ui/menu.js';
import { snippet } from '../ui/snippet.js';
import { attempt, toast } from '../ui/toast.js';
import { loadProject, projectHead } from './project-head.js';
import { lastAttempt, openDeliveries, testControl } from './webhook-attempts.js';
import { WebhookForm } from './webhook-form.js';

const t = strings.webhooks;

export async function show({ app, route, signal, main }) {
  const project = await loadProject(app, route.project, signal);
  app.shell.setTitle(t.pageTitle(plainName(project.name)));
  const view = new WebhooksView(app, project, signal);
  const { admin } = project.permissions;
  fill(main, h('div', { class: 'page' },
    projectHead({ app, project, active: 'webhooks', actions: admin
      ? [button(strings.common.refresh, { icon: 'retry', on: () => view.refresh() }),
        button(t.create, { icon: 'plus', kind: 'primary', on: () => view.create() })] : [] }),
    view.content));
  if (admin) await view.refresh();
  else fill(view.content, h('div', { class: 'content' }, h('p', { class: 'note' }, icon('info'), t.readOnly)));
  return view;
}

class WebhooksView {
  constructor(app, project, signal) {
    Object.assign(this, { app, project, signal });
    this.content = h('div', { class: 'scroll' });
  }

  get client() {
    return this.app.client;
  }

  async refresh() {
    const webhooks = await listWebhooks(this.client, this.project.id, this.signal);
    if (this.signal.aborted) return;
    keepFocus(this.content, () => fill(this.content, webhooks.length === 0
      ? h('div', { class: 'empty' }, icon('external'), h('h2', null, t.emptyTitle), h('p', null, t.empty),
        button(t.create, { icon: 'plus', kind: 'primary', on: () => this.create() }))
      : h('div', { class: 'content' }, h('p', { class: 'muted' }, t.text),
        h('ul', { class: 'link-list' }, webhooks.map((webhook) => this.#row(webhook))))),
    () => this.app.shell.main.querySelector('h1'));
  }

  #row(webhook) {
    const label = plainName(webhook.url);
    const state = webhook.state === 'active' && webhook.attempts > 0 ? 'failing' : webhook.state;
    const { control, result } = testControl(this.client, webhook.id, { 'aria-label': t.testWebhook(label) });
    const more = button(t.actionsOf(label), { icon: 'more', iconOnly: true, kind: 'quiet' });
    return h('li', { class: 'card link-row' },
      h('div', { class: 'link-head' }, h('h2', null, name(webhook.url)),
        h('span', { class: `pill pill-${state}` }, t.states[state] ?? state),
        h('div', { class: 'actions' }, control,
          button(t.edit, { icon: 'edit', class: 'small', 'aria-label': t.editWebhook(label),
            on: () => this.#edit(webhook) }),
          menuButton(more, t.actionsOf(label), () => this.#items(webhook)))),
      webhook.types.length === 0 ? h('p', null, t.allEvents)
        : h('ul', { class: 'chips', 'aria-label': t.types },
          webhook.types.map((type) => h('li', { class: 'chip' }, name(type)))),
      state === 'suspended' && h('p', { class: 'note' }, icon('info'),
        h('span', null, t.suspended(plainName(webhook.created_by)))),
      state === 'disabled' && h('p', { class: 'muted' }, t.disabledText),
      lastAttempt(webhook), result,
      h('p', { class: 'muted' }, t.delivered(webhook.delivered), ' · ',
        h('time', { datetime: webhook.created_on, title: time(webhook.created_on) },
          t.created(ago(webhook.created_on))), ' ', t.by, ' ', name(webhook.created_by)),
      webhook.dead > 0 && h('div', { class: 'actions' }, button(t.showDead(webhook.dead), { icon: 'alert',
        class: 'small', on: () => this.#deliveries(webhook) })));
  }

  #items(webhook) {
    return [
      webhook.state === 'disabled'
        ? { label: t.enable, icon: 'play', action: () => this.#change(enableWebhook, webhook, t.enabled) }
        : { label: t.disable, icon: 'pause', action: () => this.#change(disableWebhook, webhook, t.disabled) },
      { label: t.rotate, icon: 'shield', action: () => this.#rotate(webhook) },
      { label: t.replay, icon: 'move', action: () => this.#replay(webhook) },
      { label: t.deliveries, icon: 'alert', action: () => this.#deliveries(webhook) },
      null,
      { label: t.remove, icon: 'trash', danger: true, action: () => this.#remove(webhook) },
    ];
  }

  async create() {
    const form = new WebhookForm();
    const webhook = await openDialog({
      title: t.create, submit: t.createSubmit, wide: true, content: form.elements,
      onSubmit: () => form.submit((fields) => createWebhook(this.client, { project: this.project.id, ...fields })),
    });
    if (!webhook) return;
    await this.#showSecret(t.createdTitle, webhook);
    await this.refresh();
  }

  async #showSecret(title, webhook) {
    const { control, result } = testControl(this.client, webhook.id);
    await openDialog({
      title, cancel: t.createdClose, wide: true,
      content: [h('p', null, t.createdText), snippet(webhook.secret, { label: t.secret }),
        h('p', { class: 'note' }, icon('alert'), t.createdOnce), h('p', { class: 'muted' }, t.createdTest),
        h('div', { class: 'actions' }, control), result],
    });
  }

  async #edit(webhook) {
    const form = new WebhookForm(webhook);
    const done = await openDialog({
      title: t.editWebhook(plainName(webhook.url)), submit: strings.common.save, wide: true, content: form.elements,
      onSubmit: () => form.submit((fields) => updateWebhook(this.client, webhook.id, fields)),
    });
    if (!done) return;
    toast(t.saved);
    await this.refresh();
  }

  async #change(call, webhook, message) {
    if (await attempt(() => call(this.client, webhook.id), message)) await this.refresh();
  }

  async #rotate(webhook) {
    const changed = await openDialog({
      title: t.rotateTitle, submit: t.rotateSubmit, content: [this.#target(webhook), h('p', null, t.rotateText)],
      onSubmit: () => rotateSecret(this.client, webhook.id),
    });
    if (!changed) return;
    await this.#showSecret(t.rotatedTitle, changed);
    await this.refresh();
  }

  async #replay(webhook) {
    const cursor = h('input', { type: 'text', value: webhook.cursor, autocomplete: 'off', spellcheck: 'false' });
    const place = field(t.cursor, cursor, { help: t.cursorHelp });
    const from = h('select', { autofocus: true, on: { change: () => { place.hidden = from.value === 'new'; } } },
      h('option', { value: 'after' }, t.replayAfter), h('option', { value: 'new' }, t.replayNew));
    const done = await openDialog({
      title: t.replayTitle, submit: t.replaySubmit,
      content: [this.#target(webhook), field(t.replayFrom, from), place],
      onSubmit: async () => {
        setFieldError(cursor, null);
        if (from.value === 'new') return replayWebhook(this.client, webhook.id, await lastEvent(this.client));
        const after = cursor.value.trim();
        if (!after) return setFieldError(cursor, t.cursorMissing);
        try {
          return await replayWebhook(this.client, webhook.id, after);
        } catch (error) {
          // 400: the text is not a cursor. 410: events after the cursor have been deleted.
          if (![400, 410].includes(error.status)) throw error;
          return setFieldError(cursor, error.message);
        }
      },
    });
    if (!done) return;
    toast(t.replayed);
    await this.refresh();
  }

  async #deliveries(webhook) {
    await attempt(() => openDeliveries(this.client, webhook));
    await this.refresh();
  }

  async #remove(webhook) {
    const done = await confirmDialog({
      title: t.removeTitle, submit: t.removeSubmit, content: [this.#target(webhook), h('p', null, t.removeText)],
      onSubmit: async () => {
        await deleteWebhook(this.client, webhook.id);
        return true;
      },
    });
    if (!done) return;
    toast(t.removed);
    await this.refresh();
  }

  /** Creates a line that names the webhook in a dialog. */
  #target({ url }) {
    return h('p', { class: 'webhook-url' }, name(url));
  }
}
