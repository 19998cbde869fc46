// The members of a project and their permissions.

import { addMember, listMembers, removeMember, setPermissions } from '../api/calls.js';
import { strings } from '../strings.js';
import { button, field, fill, h, icon, name, plainName } from '../ui/dom.js';
import { confirmDialog, openDialog } from '../ui/dialog.js';
import { attempt, toast } from '../ui/toast.js';
import { loadProject, projectHead } from './project-head.js';

const t = strings.members;
/** The permissions that can be changed: every member has `read`, and `execute` has no effect. */
const RIGHTS = ['copy', 'write', 'admin'];

export async function show({ app, route, signal, main }) {
  const [project, members] = await Promise.all([
    loadProject(app, route.project, signal), listMembers(app.client, route.project, signal),
  ]);
  const admin = project.permissions.admin;
  const { owner } = project;
  const again = () => app.route();
  app.shell.setTitle(t.pageTitle(plainName(project.name)));

  function row(member) {
    const fixed = !admin || member.username === owner;
    const self = member.username === app.user.username;
    const label = plainName(member.username);
    return h('tr', null,
      h('th', { scope: 'row' }, h('div', { class: 'cell-title' },
        h('span', { class: 'avatar', 'aria-hidden': 'true' }, label.slice(0, 1).toUpperCase()), name(member.username),
        member.username === owner && h('span', { class: 'pill' }, t.owner),
        self && h('span', { class: 'pill' }, t.you))),
      RIGHTS.map((right) => h('td', { 'data-label': t.rights[right] }, h('input', {
        type: 'checkbox', checked: member.permissions[right],
        disabled: fixed || (right !== 'admin' && member.permissions.admin),
        'aria-label': t.allow(label, t.rights[right]),
        on: { change: (event) => change(member, right, event.currentTarget) },
      }))),
      h('td', { class: 'cell-end' }, member.username !== owner && (admin || self)
        && button(self ? t.leave : t.remove(label),
          { icon: self ? 'signout' : 'trash', iconOnly: true, kind: 'quiet', on: () => remove(member, self) })));
  }

  async function change(member, right, box) {
    const self = member.username === app.user.username && right === 'admin';
    if (self && !(await confirmDialog({ title: t.demoteSelfTitle, content: [h('p', null, t.demoteSelf)],
      submit: t.demoteSelfSubmit }))) {
      box.checked = true;
      return;
    }
    box.disabled = true;
    const done = await attempt(() => setPermissions(app.client, project.id, member.username, { [right]: box.checked }),
      t.changed(plainName(member.username)));
    if (!done) box.checked = !box.checked;
    app.project = null;
    again();
  }

  async function remove(member, self) {
    const label = plainName(member.username);
    const done = await confirmDialog({
      title: self ? t.leaveTitle : t.removeTitle(label), submit: self ? t.leaveSubmit : t.removeSubmit,
      content: [h('p', null, self ? t.leaveText : t.removeText)],
      onSubmit: async () => {
        await removeMember(app.client, project.id, member.username);
        return true;
      },
    });
    if (!done) return;
    toast(self ? t.left : t.removed(label));
    if (self) window.location.hash = '#/projects';
    else again();
  }

  fill(main, h('div', { class: 'page' },
    projectHead({ app, project, active: 'members',
      actions: admin ? [button(t.add, { icon: 'plus', kind: 'primary', on: () => add(app, project, again) })] : [] }),
    h('div', { class: 'content' },
      !admin && h('p', { class: 'note' }, icon('info'), t.readOnly),
      h('div', { class: 'table-area' }, h('table', { class: 'table table-cards' },
        h('caption', { class: 'sr-only' }, t.title),
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, t.user),
          RIGHTS.map((right) => h('th', { scope: 'col' }, t.rights[right])),
          h('th', { scope: 'col' }, h('span', { class: 'sr-only' }, strings.files.actions)))),
        h('tbody', null, members.map(row)))),
      h('dl', { class: 'facts legend' },
        RIGHTS.map((right) => [h('dt', null, t.rights[right]), h('dd', null, t.rightHelp[right])])))));
}

async function add(app, project, again) {
  const user = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none',
    autofocus: true });
  const boxes = RIGHTS.map((right) => h('input', { type: 'checkbox', value: right, checked: right === 'copy' }));
  const member = await openDialog({
    title: t.add, submit: t.addSubmit,
    content: [field(t.user, user, { help: t.userHelp }),
      h('fieldset', { class: 'field' }, h('legend', null, t.permissions),
      boxes.map((box) => h('label', { class: 'check' }, box,
        h('span', null, t.rights[box.value], h('small', null, t.rightHelp[box.value])))))],
    onSubmit: async () => {
      const username = user.value.trim();
      if (!username) throw new Error(t.userMissing);
      const permissions = { read: true, ...Object.fromEntries(boxes.map((box) => [box.value, box.checked])) };
      return addMember(app.client, project.id, username, permissions);
    },
  });
  if (!member) return;
  toast(t.added(plainName(member.username)));
  again();
}
