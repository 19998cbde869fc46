// The list of projects.

import { createProject, listProjects } from '../api/calls.js';
import { projectAddress } from '../routes.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, name } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { ago, plural, time } from '../ui/format.js';

const t = strings.projects;

export async function show({ app, signal, main }) {
  app.shell.setTitle(t.title);
  const projects = await listProjects(app.client, { signal });
  const search = h('input', {
    type: 'search', placeholder: t.search, 'aria-label': t.search, spellcheck: 'false', autocomplete: 'off',
    on: { input: () => draw() },
  });
  const list = h('div', { class: 'cards-area' });
  const result = h('p', { class: 'muted count', role: 'status' });
  const create = () => createDialog(app);
  const page = [
    h('header', { class: 'page-head' }, h('h1', null, t.title),
      h('div', { class: 'actions' }, button(t.create, { icon: 'plus', kind: 'primary', on: create }))),
    projects.length > 0 && h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), search),
      result),
    list,
  ];

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const shown = projects.filter((project) => matches(project, wanted));
    fill(result, wanted ? t.matching(shown.length) : plural(projects.length, t.count));
    if (projects.length === 0) {
      fill(list, h('div', { class: 'empty' }, icon('grid'), h('h2', null, t.emptyTitle), h('p', null, t.empty),
        button(t.create, { icon: 'plus', kind: 'primary', on: create })));
    } else if (shown.length === 0) {
      fill(list, h('div', { class: 'empty' }, icon('search'), h('h2', null, t.noneTitle), h('p', null, t.none)));
    } else {
      fill(list, h('ul', { class: 'project-list' }, shown.map(row)));
    }
  }

  draw();
  fill(main, h('div', { class: 'page' }, page));
}

function matches(project, wanted) {
  return [project.name, project.id, project.description, ...(project.tags ?? [])]
    .some((text) => (text ?? '').toLowerCase().includes(wanted));
}

function row(project) {
  return h('li', { class: 'project-row' },
    h('span', { class: 'tile' }, icon('folder')),
    h('div', { class: 'project-main' },
      h('div', { class: 'project-title' },
        h('a', { class: 'project-name', href: projectAddress(project.id) }, name(project.name)),
        h('span', { class: 'muted id' }, name(project.id))),
      project.description && h('p', { class: 'muted clamp' }, name(project.description, 'text'))),
    h('div', { class: 'project-side' },
      h('span', { class: 'pill' }, rights(project.permissions)),
      h('time', { class: 'muted', datetime: project.modified_on, title: time(project.modified_on) },
        t.changed(ago(project.modified_on)))));
}

/** Returns the label of the strongest of a member's permissions. */
export function rights(permissions = {}) {
  const names = strings.projects.access;
  return ['admin', 'write', 'copy', 'read'].filter((key) => permissions[key]).map((key) => names[key])[0] ?? names.read;
}

async function createDialog(app) {
  const title = h('input', { type: 'text', maxlength: 255, autofocus: true, autocomplete: 'off' });
  const description = h('textarea', { rows: 3 });
  const project = await openDialog({
    title: t.createTitle,
    submit: t.createSubmit,
    content: [field(t.name, title, { help: t.nameHelp }), field(t.description, description)],
    onSubmit: () => {
      const value = title.value.trim();
      if (!value) throw new Error(t.nameMissing);
      return createProject(app.client, { name: value, description: description.value.trim() });
    },
  });
  if (project) window.location.hash = projectAddress(project.id);
}
