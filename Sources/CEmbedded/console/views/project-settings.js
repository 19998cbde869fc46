// Name and description of a project, its lock, and its deletion.

import { deleteProject, getProject, updateProject } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, name, plainName } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { bytes, count, time } from '../ui/format.js';
import { copyButton } from '../ui/snippet.js';
import { attempt, toast } from '../ui/toast.js';
import { loadProject, projectHead } from './project-head.js';

const t = strings.settings;

export async function show({ app, route, signal, main }) {
  const project = await loadProject(app, route.project, signal, { fresh: true });
  const { write, admin } = project.permissions;
  const locked = project.settings?.locked === true;
  app.shell.setTitle(t.pageTitle(plainName(project.name)));
  const title = h('input', { type: 'text', value: project.name, maxlength: 255, disabled: !write,
    autocomplete: 'off' });
  const description = h('textarea', { rows: 5, value: project.description ?? '', disabled: !write });
  const error = h('div', { class: 'form-error', role: 'alert' });
  const save = button(strings.common.save, { kind: 'primary', type: 'submit' });
  const form = h('form', { class: 'content narrow', novalidate: true },
    field(t.name, title, { help: t.nameHelp }), field(t.description, description), error,
    write ? h('div', { class: 'actions' }, save) : h('p', { class: 'note' }, icon('info'), t.readOnly),
    h('dl', { class: 'facts' },
      h('dt', null, t.id), h('dd', null, h('code', null, project.id),
        copyButton(project.id, { iconOnly: true, label: t.copyID })),
      h('dt', null, t.createdBy), h('dd', null, name(project.created_by)),
      h('dt', null, t.created), h('dd', null, time(project.created_on)),
      h('dt', null, t.modified), h('dd', null, time(project.modified_on)),
      project.usage && usageFacts(project.usage)));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    fill(error);
    save.disabled = true;
    try {
      if (!title.value.trim()) throw new Error(strings.projects.nameMissing);
      await updateProject(app.client, project.id, { name: title.value.trim(), description: description.value });
      toast(t.saved);
      app.project = null;
      app.route();
    } catch (failure) {
      fill(error, icon('alert'), h('span', null, failure.message));
    } finally {
      save.disabled = false;
    }
  });
  fill(main, h('div', { class: 'page' }, projectHead({ app, project, active: 'settings' }),
    h('div', { class: 'scroll' }, form,
      (admin || locked) && lockSection(app, project),
      admin && h('section', { class: 'content narrow danger-zone' }, h('h2', null, t.deleteTitle),
        h('p', null, t.deleteText), locked ? h('p', { class: 'muted' }, t.deleteLocked)
          : button(t.delete, { icon: 'trash', kind: 'danger', on: () => remove(app, project) })))));
}

/** Creates the section that explains the lock and, for admins of the project, locks or unlocks the project. */
function lockSection(app, project) {
  const locked = project.settings?.locked === true;
  const toggle = () => button(locked ? t.unlock : t.lock, { icon: locked ? 'unlock' : 'lock', on: async () => {
    const done = await attempt(async () => {
      // The call replaces all settings, so they are read again first: another user may have changed some of them.
      const { settings } = await getProject(app.client, project.id);
      await updateProject(app.client, project.id, { settings: { ...settings, locked: !locked } });
    }, locked ? t.unlocked : t.locked);
    if (!done) return;
    app.project = null;
    app.route();
  } });
  return h('section', { class: 'content narrow lock-zone' }, h('h2', null, t.lockTitle),
    h('p', null, locked ? t.isLocked : t.lockText), h('p', { class: 'muted' }, t.lockRefuses),
    h('p', { class: 'muted' }, t.lockAllows), project.permissions.admin && toggle());
}

/** Returns the usage and quota of a project (extension `usage`) as terms and descriptions. */
function usageFacts({ stored_bytes: stored, reserved_bytes: reserved, files, open_uploads: uploads, quota }) {
  const maximum = (limit) => (limit === null ? null : count(limit));
  return [
    [t.stored, bytes(stored)], [t.reserved, bytes(reserved)],
    [t.quota, quota.bytes === null ? t.noQuota : bytes(quota.bytes)],
    [t.files, t.ofMaximum(count(files), maximum(quota.files))],
    [t.openUploads, t.ofMaximum(count(uploads), maximum(quota.open_uploads))],
  ].map(([term, value]) => [h('dt', null, term), h('dd', null, value)]);
}

async function remove(app, project) {
  const typed = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autofocus: true });
  const done = await openDialog({
    title: t.deleteAsk(plainName(project.name)), submit: t.deleteSubmit, kind: 'danger',
    content: [h('p', null, t.deleteWarning), field(t.typeName(plainName(project.name)), typed)],
    onSubmit: async () => {
      if (typed.value.trim() !== project.name.trim()) throw new Error(t.wrongName);
      await deleteProject(app.client, project.id);
      return true;
    },
  });
  if (!done) return;
  toast(t.deleted(plainName(project.name)));
  app.project = null;
  window.location.hash = '#/projects';
}
