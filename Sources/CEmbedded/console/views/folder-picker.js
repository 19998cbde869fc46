// A dialog in which the user chooses a folder, in one project or in any project.

import { createFolder, listFolder, listProjects } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, name, plainName, uniqueID } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { withLock } from './project-head.js';

const t = strings.picker;
/** Maximum number of pages of a folder to search for its subfolders. The API cannot list only folders. */
const MOST_PAGES = 200;

/**
 * Opens a dialog in which the user chooses a folder; resolves with `null` if the user closes it.
 *
 * @param {Object} app
 * @param {Object} options
 * @param {string} options.title
 * @param {string} options.submit
 * @param {Object} [options.project] The project to start with.
 * @param {boolean} [options.sameProject] Whether the folder must be in `project`.
 * @param {Set<string>} [options.without] Folders that cannot be chosen.
 * @param {string} [options.note]
 * @returns {Promise<{project: string, folder: string|null, root: string, label: string}|null>}
 */
export async function pickFolder(app, { title, submit, project, sameProject, without = new Set(), note }) {
  let projects = [project];
  if (!sameProject) projects = (await listProjects(app.client)).filter((one) => withLock(one).permissions.write);
  if (projects.length === 0) return openDialog({ title, content: [h('p', null, t.noProjects)] });
  let chosen = projects.find(({ id }) => id === project?.id) ?? projects[0];
  let trail = [];
  let reading = null;
  const path = h('ol', { class: 'crumbs-list' });
  const list = h('ul', { class: 'pick-list', 'aria-label': t.folders, 'aria-live': 'polite' });
  const select = h('select', {
    id: uniqueID('project'),
    on: {
      change: () => {
        chosen = projects.find(({ id }) => id === select.value);
        trail = [];
        draw();
      },
    },
  }, projects.map((one) => h('option', { value: one.id, selected: one.id === chosen.id },
    `${plainName(one.name)} (${one.id})`)));

  async function draw() {
    reading?.abort();
    const controller = new AbortController();
    reading = controller;
    const steps = [{ id: null, name: chosen.name }, ...trail];
    fill(path, steps.map((step, index) => h('li', null, index > 0 && icon('chevron'), index < steps.length - 1
      ? h('button', { type: 'button', class: 'link', on: { click: () => back(index) } }, name(step.name))
      : h('strong', { 'aria-current': 'location' }, name(step.name)))));
    fill(list, h('li', { class: 'muted' }, strings.common.loading));
    try {
      const folders = await subfolders(controller.signal);
      if (controller.signal.aborted) return;
      fill(list, folders.length === 0 ? h('li', { class: 'muted' }, t.noFolders) : folders.map((folder) => h('li', null,
        h('button', { type: 'button', class: 'pick', on: { click: () => enter(folder) } }, icon('folder'),
          name(folder.name), icon('chevron')))));
    } catch (error) {
      if (!controller.signal.aborted) fill(list, h('li', { class: 'form-error' }, error.message));
    }
  }

  async function subfolders(signal) {
    const found = [];
    let token = 'init';
    for (let page = 0; token && page < MOST_PAGES; page += 1) {
      const part = await listFolder(app.client, {
        project: chosen.id, folder: trail.at(-1)?.id, token, fields: 'id,name,type', signal,
      });
      found.push(...part.items.filter((entry) => entry.type === 'folder' && !without.has(entry.id)));
      token = part.next;
    }
    return found;
  }

  async function enter(folder) {
    trail.push(folder);
    await draw();
    list.querySelector('button')?.focus();
  }

  function back(index) {
    trail = trail.slice(0, index);
    draw();
  }

  const newName = h('input', { type: 'text', placeholder: t.newFolder, 'aria-label': t.newFolder, autocomplete: 'off',
    maxlength: 255 });
  const add = button(t.create, {
    icon: 'plus', class: 'small',
    on: async () => {
      const value = newName.value.trim();
      if (!value) return newName.focus();
      try {
        const folder = await createFolder(app.client, { project: chosen.id, parent: trail.at(-1)?.id, name: value });
        newName.value = '';
        await enter(folder);
      } catch (error) {
        fill(problem, icon('alert'), error.message);
      }
    },
  });
  newName.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      add.click();
    }
  });
  const problem = h('div', { class: 'form-error', role: 'alert' });
  const result = openDialog({
    title, submit,
    content: [
      note && h('p', { class: 'note' }, icon('info'), note),
      !sameProject && h('div', { class: 'field' }, h('label', { for: select.id }, t.project), select),
      h('nav', { class: 'crumbs', 'aria-label': t.path }, path), list,
      h('div', { class: 'input-row' }, newName, add), problem,
    ],
    onSubmit: () => ({
      project: chosen.id, folder: trail.at(-1)?.id ?? null, root: chosen.root_folder,
      label: [chosen.name, ...trail.map((folder) => folder.name)].map(plainName).join(' / '),
    }),
  });
  draw();
  return result.finally(() => reading?.abort());
}
