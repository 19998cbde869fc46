// The head of all views of a project: the path, the tabs, and the actions of the view.

import { getFile, getProject } from '../api/calls.js';
import { ApiError } from '../api/client.js';
import { projectAddress } from '../routes.js';
import { strings } from '../strings.js';
import { h, icon, name } from '../ui/dom.js';

/** Maximum number of folders in the shown path. */
const DEEPEST = 100;

/** Returns a project. Caches the last project, so that tabs change without a delay. `fresh` bypasses the cache. */
export async function loadProject(app, id, signal, { fresh = false } = {}) {
  if (!fresh && app.project?.id === id) return app.project;
  app.project = await getProject(app.client, id, signal);
  return app.project;
}

/** Returns a project for the views of its files. If it is locked, no member has the permission `write`. */
export const withLock = (project) => (project.settings?.locked
  ? { ...project, permissions: { ...project.permissions, write: false } } : project);

/**
 * Creates the head of a view.
 *
 * @param {Object} options
 * @param {Object} options.app
 * @param {Object} options.project
 * @param {'files'|'links'|'webhooks'|'members'|'settings'} options.active
 * @param {{label: string, href: string}[]} [options.trail] Folders below the project, the last being the current one.
 * @param {HTMLElement[]} [options.actions]
 */
export function projectHead({ app, project, active, trail = [], actions = [] }) {
  const t = strings.project;
  const current = trail.at(-1);
  const parents = [
    { label: strings.projects.title, href: '#/projects' },
    ...(current ? [{ label: project.name, href: projectAddress(project.id) }] : []),
    ...trail.slice(0, -1),
  ];
  const tab = (view, label) => h('a', {
    class: 'tab', href: projectAddress(project.id, view), 'aria-current': view === active ? 'page' : null,
  }, label);
  const tabs = h('nav', { class: 'tabs', 'aria-label': t.views },
    tab('files', t.files), app.extensions.has('upload_links') && tab('links', t.links),
    app.extensions.has('webhooks') && project.permissions.admin && tab('webhooks', t.webhooks),
    tab('members', t.members), tab('settings', t.settings));
  // On small screens, the tabs scroll sideways. They have no position until the view has added them to the page.
  requestAnimationFrame(() =>
    tabs.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  return h('header', { class: 'page-head project-head' },
    h('nav', { class: 'crumbs', 'aria-label': t.path }, h('ol', null,
      parents.map(({ label, href }) => h('li', null, h('a', { href }, name(label)), icon('chevron'))))),
    h('div', { class: 'head-row' },
      h('h1', { tabindex: '-1' }, current && icon('folder'), name(current?.label ?? project.name)),
      project.settings?.locked && h('span', { class: 'pill pill-disabled', title: t.lockedHelp }, t.locked),
      h('div', { class: 'actions' }, actions)),
    tabs);
}

/** Returns the folders from the project's root to the current folder. */
export async function folderTrail(app, route, signal) {
  const trail = [];
  let id = route.folder;
  while (id && trail.length < DEEPEST) {
    const folder = app.folders?.get(id) ?? await getFile(app.client, id, signal);
    (app.folders ??= new Map()).set(id, folder);
    if (folder.project !== route.project) throw new ApiError(404, 5002, strings.failure.missing);
    // The root folder has no parent. Its name is not shown; the path starts with the project's name.
    if (!folder.parent) break;
    trail.unshift({ label: folder.name, href: projectAddress(route.project, 'files', id), id });
    id = folder.parent;
  }
  return trail;
}
