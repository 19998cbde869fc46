// The rows of a folder's table.

import { strings } from '../strings.js';
import { h, icon, name, plainName } from '../ui/dom.js';
import { bytes, time } from '../ui/format.js';

const t = strings.files;

/**
 * Creates the row with the column headings. A click on a heading sorts the list.
 *
 * @param {HTMLElement} all The checkbox that selects all rows.
 * @param {(by: string) => void} order
 */
export function headerRow(all, order) {
  const column = (by, label, className) => h('div', { role: 'columnheader', class: className },
    h('button', { type: 'button', class: 'column', data: { by }, on: { click: () => order(by) } }, label,
      icon('sort')));
  return h('div', { role: 'row', class: 'list-row' },
    h('div', { role: 'columnheader', class: 'cell-check' }, all), column('name', t.name, 'cell-name'),
    column('size', t.size, 'cell-size'), column('modified', t.modified, 'cell-time'),
    h('div', { role: 'columnheader', class: 'cell-more' }, h('span', { class: 'sr-only' }, t.actions)));
}

/** Creates the row of an entry that has not been read yet. */
export function pendingRow() {
  return h('div', { class: 'list-row row-pending', 'aria-busy': 'true' },
    h('div', { role: 'gridcell', class: 'cell-check' }),
    h('div', { role: 'gridcell', class: 'cell-name' }, h('span', { class: 'bone' }, strings.common.loading)));
}

/**
 * Creates the row of a file or folder.
 *
 * @param {Object} entry
 * @param {{selected: boolean, current: boolean, more: HTMLElement, check: Function, click: Function, menu: Function}}
 * options
 */
export function entryRow(entry, { selected, current, more, check, click, menu }) {
  const folder = entry.type === 'folder';
  const box = h('input', {
    type: 'checkbox', checked: selected, tabindex: '-1', 'aria-label': t.selectOne(plainName(entry.name)),
    on: { click: check },
  });
  const contextmenu = (event) => {
    event.preventDefault();
    menu();
  };
  return h('div', {
    class: `list-row${selected ? ' row-selected' : ''}${current ? ' row-current' : ''}`,
    'aria-selected': String(selected),
    data: { id: entry.id }, on: { click, contextmenu },
  },
  h('div', { role: 'gridcell', class: 'cell-check' }, box),
  h('div', { role: 'gridcell', class: 'cell-name' }, icon(folder ? 'folder' : 'file'),
    h('span', { class: folder ? 'entry entry-folder' : 'entry' }, name(entry.name)), state(entry), tags(entry)),
  h('div', { role: 'gridcell', class: 'cell-size' }, folder ? '–' : bytes(entry.size)),
  h('div', { role: 'gridcell', class: 'cell-time' }, time(entry.modified_on)),
  h('div', { role: 'gridcell', class: 'cell-more' }, more));
}

/** Creates the icon for the result of the last check of a file; null if the file has not been checked. */
function state(entry) {
  const checked = entry.checksums?.state;
  if (!checked) return null;
  const label = checked === 'verified' ? t.verifiedOn(time(entry.checksums.verified_on))
    : strings.details.states[checked] ?? checked;
  return h('span', { class: `state state-${checked}`, title: label }, icon(checked === 'verified' ? 'shield' : 'alert'),
    h('span', { class: 'sr-only' }, label));
}

function tags(entry) {
  const all = entry.tags ?? [];
  if (all.length === 0) return null;
  return h('span', { class: 'row-tags' }, all.slice(0, 3).map((tag) => h('span', { class: 'chip' }, name(tag))),
    all.length > 3 && h('span', { class: 'muted' }, `+${all.length - 3}`));
}
