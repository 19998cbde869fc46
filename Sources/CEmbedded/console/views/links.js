// Upload links of a project: people without an account send files to a folder.

import { createLink, getFile, listLinks, revokeLink } from '../api/calls.js';
import { projectAddress } from '../routes.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, name, plainName } from '../ui/dom.js';
import { confirmDialog, openDialog } from '../ui/dialog.js';
import { ago, bytes, count, time } from '../ui/format.js';
import { snippet } from '../ui/snippet.js';
import { toast } from '../ui/toast.js';
import { LinkForm } from './link-form.js';
import { loadProject, projectHead, withLock } from './project-head.js';

const t = strings.links;

export async function show({ app, route, signal, main }) {
  const project = await loadProject(app, route.project, signal);
  app.shell.setTitle(t.pageTitle(plainName(project.name)));
  const view = new LinksView(app, project, signal);
  const { write } = project.permissions;
  fill(main, h('div', { class: 'page' },
    projectHead({ app, project, active: 'links',
      actions: view.mayCreate ? [button(t.create, { icon: 'plus', kind: 'primary', on: () => view.create() })] : [] }),
    view.content));
  if (write) await view.refresh();
  else fill(view.content, h('div', { class: 'content' }, h('p', { class: 'note' }, icon('info'), t.readOnly)));
  return view;
}

class LinksView {
  constructor(app, project, signal) {
    Object.assign(this, { app, project, signal });
    this.content = h('div', { class: 'scroll' });
    this.mayCreate = withLock(project).permissions.write;
    this.folders = new Map([[project.root_folder, project.name]]);
  }

  async refresh() {
    const links = await listLinks(this.app.client, this.project.id, this.signal);
    await this.#readFolders(links);
    if (this.signal.aborted) return;
    fill(this.content, links.length === 0
      ? h('div', { class: 'empty' }, icon('link'), h('h2', null, t.emptyTitle), h('p', null, t.empty),
        this.mayCreate ? button(t.create, { icon: 'plus', kind: 'primary', on: () => this.create() })
          : h('p', { class: 'note' }, icon('info'), t.locked))
      : h('div', { class: 'content' }, h('p', { class: 'muted' }, t.text),
        !this.mayCreate && h('p', { class: 'note' }, icon('info'), t.locked),
        h('ul', { class: 'link-list' }, links.map((link) => this.#row(link)))));
  }

  /** Reads the names of the links' folders. The name of a folder that cannot be read is null. */
  async #readFolders(links) {
    for (const { parent } of links) {
      if (!parent || this.folders.has(parent)) continue;
      const folder = await getFile(this.app.client, parent, this.signal).catch(() => null);
      this.folders.set(parent, folder?.name ?? null);
    }
  }

  #row(link) {
    const { usage } = link;
    const label = plainName(link.name);
    const folder = this.folders.get(link.parent);
    const limits = [
      link.max_files ? t.filesOf(count(usage.files), count(link.max_files)) : t.filesSent(usage.files),
      link.max_bytes ? t.bytesOf(bytes(usage.bytes), bytes(link.max_bytes)) : bytes(usage.bytes),
      usage.open_uploads > 0 && t.open(count(usage.open_uploads)), t.senders(usage.senders),
    ].filter(Boolean).join(' · ');
    return h('li', { class: 'card link-row' },
      h('div', { class: 'link-head' }, h('h2', null, name(link.name)),
        h('span', { class: `pill pill-${link.state}` }, t.states[link.state] ?? link.state),
        link.has_password && h('span', { class: 'pill' }, t.password),
        h('div', { class: 'actions' },
          button(t.edit, { icon: 'edit', class: 'small', 'aria-label': t.editLink(label), on: () => this.#edit(link) }),
          button(t.revoke, { icon: 'trash', class: 'small', kind: 'danger-quiet', 'aria-label': t.revokeLink(label),
            on: () => this.#revoke(link) }))),
      link.note && h('p', { class: 'link-note' }, name(link.note, 'text')),
      h('p', { class: 'muted' }, limits),
      h('p', { class: 'muted' }, t.folder, ' ', folder === null ? t.folderGone
        : h('a', { href: projectAddress(this.project.id, 'files',
          link.parent === this.project.root_folder ? null : link.parent) }, name(folder ?? link.parent)),
      ' · ', h('time', { datetime: link.expires, title: time(link.expires) },
        link.state === 'expired' ? t.expired(ago(link.expires)) : t.expires(ago(link.expires))),
      ' · ', t.by, ' ', name(link.created_by)));
  }

  async create() {
    const form = new LinkForm(this.app, { project: this.project, target: { folder: null, label: this.project.name } });
    const link = await openDialog({
      title: t.createTitle, submit: t.createSubmit, wide: true, content: form.elements,
      onSubmit: () => createLink(this.app.client, form.read()),
    });
    if (!link) return;
    await openDialog({
      title: t.createdTitle, cancel: t.createdClose,
      content: [h('p', null, t.createdText),
        snippet(link.url ?? `${window.location.origin}/drop/${link.id}#${link.secret}`, { label: t.link }),
        h('p', { class: 'note' }, icon('alert'), t.createdOnce),
        link.has_password && h('p', { class: 'muted' }, t.createdPassword)],
    });
    await this.refresh();
  }

  async #edit(link) {
    const form = new LinkForm(this.app, { project: this.project, link });
    const done = await openDialog({
      title: t.editLink(plainName(link.name)), submit: strings.common.save, wide: true, content: form.elements,
      onSubmit: () => form.save(),
    });
    if (!done) return;
    toast(t.saved);
    await this.refresh();
  }

  async #revoke(link) {
    const done = await confirmDialog({
      title: t.revokeTitle(plainName(link.name)), submit: t.revoke, content: [h('p', null, t.revokeText)],
      onSubmit: async () => {
        await revokeLink(this.app.client, link.id);
        return true;
      },
    });
    if (!done) return;
    toast(t.revoked);
    await this.refresh();
  }
}
