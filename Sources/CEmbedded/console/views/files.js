// The view of a folder: its entries, a search, a selection, and the details of one entry.

import { projectAddress } from '../routes.js';
import { strings } from '../strings.js';
import { button, fill, h, icon, plainName } from '../ui/dom.js';
import { bytes, count, plural } from '../ui/format.js';
import { menuButton, openMenu } from '../ui/menu.js';
import { toastError } from '../ui/toast.js';
import { VirtualList } from '../ui/virtual-list.js';
import { FileActions } from './file-actions.js';
import { FileDetails } from './file-details.js';
import { FolderListing, MOST_ENTRIES, parseSearch } from './folder-listing.js';
import { entryRow, headerRow, pendingRow } from './folder-rows.js';
import { folderTrail, loadProject, projectHead, withLock } from './project-head.js';

const t = strings.files;
const ROW = 38;
/** Maximum number of rows in the table, because browsers limit the height of an element. */
const MOST_ROWS = 400_000;

export async function show({ app, route, signal, main }) {
  const [project, trail] = await Promise.all([
    loadProject(app, route.project, signal), folderTrail(app, route, signal),
  ]);
  const view = new FilesView(app, route, withLock(project), trail, signal);
  await view.start(main);
  return view;
}

class FilesView {
  constructor(app, route, project, trail, signal) {
    Object.assign(this, { app, project, trail, signal });
    this.folder = route.folder === project.root_folder ? null : route.folder;
    this.selected = new Map();
    this.anchor = 0;
    this.actions = new FileActions(app, { project, folder: this.folder, changed: () => this.refresh() });
    this.listing = new FolderListing(app.client, { project: project.id, folder: this.folder }, () => this.#changed());
  }

  /** The destination of files that are dropped onto the page; null if the user may not write. */
  get destination() {
    if (!this.project.permissions.write) return null;
    const names = [this.project.name, ...this.trail.map(({ label }) => label)];
    return { project: this.project.id, folder: this.folder, label: names.map(plainName).join(' / ') };
  }

  async start(main) {
    const writable = this.project.permissions.write;
    this.app.shell.setTitle(plainName(this.trail.at(-1)?.label ?? this.project.name));
    this.search = h('input', {
      type: 'search', placeholder: t.search, 'aria-label': t.searchLabel, spellcheck: 'false', autocomplete: 'off',
      'aria-describedby': 'search-help', on: { input: () => this.#searchSoon() },
    });
    this.summary = h('p', { class: 'muted count', role: 'status' });
    this.toolbar = h('div', { class: 'toolbar' });
    this.note = h('div', { class: 'note-area' });
    this.all = h('input', {
      type: 'checkbox', 'aria-label': t.selectAll, on: { change: () => this.#selectAll(this.all.checked) },
    });
    this.header = headerRow(this.all, (by) => this.#order(by));
    this.list = new VirtualList({
      label: t.listLabel, className: 'files-list', rowHeight: ROW, header: this.header,
      row: (index) => this.#row(index),
      onOpen: (index) => this.#open(index), onToggle: (index) => this.#toggle(index),
      onExtend: (from, to) => this.#extend(from, to),
      onMenu: (index, row) => this.#menu(index, row.querySelector('.row-more')),
      onRange: (last) => this.#need(last), onKey: (event, index) => this.#key(event, index),
    });
    this.list.element.setAttribute('aria-multiselectable', 'true');
    this.empty = h('div', { class: 'empty-area' });
    this.details = new FileDetails(this.app, {
      project: this.project, actions: this.actions, closed: () => this.list.focusRow(this.list.active),
    });
    const actions = writable ? [
      button(t.newFolder, { icon: 'folder', on: () => this.actions.newFolder() }),
      this.#uploadButton(),
    ] : [];
    fill(main, h('div', { class: 'page page-files' },
      projectHead({ app: this.app, project: this.project, active: 'files', trail: this.trail, actions }),
      h('div', { class: 'split' },
        h('section', { class: 'pane', 'aria-label': t.listLabel }, this.toolbar, this.note, this.list.element,
          this.empty),
        this.details.element)));
    this.#drawToolbar();
    try {
      await this.listing.restart();
    } catch (error) {
      // Loaded entries stay visible. If there are none, the error is shown in place of the view.
      if (this.listing.loaded.length === 0 || this.signal.aborted) throw error;
      toastError(error);
    }
  }

  dispose() {
    clearTimeout(this.timer);
    this.listing.dispose();
    this.list?.dispose();
    this.details?.dispose();
  }

  /** Reads the folder again, for example when an upload is complete. */
  async refresh() {
    if (this.signal.aborted) return;
    try {
      await this.listing.refresh();
      const left = this.listing.loaded.filter(({ id }) => this.selected.has(id));
      this.#select(left);
      await this.details.refresh();
    } catch (error) {
      if (!this.signal.aborted) toastError(error);
    }
  }

  #uploadButton() {
    return menuButton(button(t.upload, { icon: 'upload', kind: 'primary' }), t.upload, () => [
      { label: t.uploadFiles, icon: 'file', action: () => this.app.transfers?.choose({ folder: false }) },
      { label: t.uploadFolder, icon: 'folder', action: () => this.app.transfers?.choose({ folder: true }) },
    ]);
  }

  // The table

  #row(index) {
    const entry = this.listing.shown[index];
    if (!entry) return pendingRow();
    const more = button(t.actionsOf(plainName(entry.name)), {
      icon: 'more', iconOnly: true, kind: 'quiet', class: 'row-more', tabindex: '-1',
    });
    menuButton(more, t.actionsOf(plainName(entry.name)), () => this.#items(entry));
    return entryRow(entry, {
      selected: this.selected.has(entry.id), current: this.details.shows(entry), more,
      check: (event) => this.#check(index, event),
      click: (event) => this.#click(index, event),
      menu: () => this.#menu(index, more),
    });
  }

  #changed() {
    if (this.signal.aborted || !this.list) return;
    const { listing } = this;
    const total = listing.count;
    this.list.setCount(Math.min(total, MOST_ROWS));
    this.list.element.hidden = total === 0;
    this.#drawEmpty(total);
    this.#drawOrder();
    this.#drawSummary();
    fill(this.note, listing.isCut && h('p', { class: 'note' }, icon('info'),
      t.cut(count(MOST_ENTRIES), count(listing.total ?? 0))));
  }

  #need(last) {
    if (this.listing.isPlain && last + 50 >= this.listing.shown.length && !this.listing.isComplete
      && !this.listing.error) {
      this.listing.need(last + 100).catch((error) => this.signal.aborted || toastError(error));
    }
  }

  #drawOrder() {
    const { by, descending } = this.listing.order;
    for (const column of this.header.querySelectorAll('.column')) {
      const active = column.dataset.by === by;
      column.parentElement.setAttribute('aria-sort', active ? (descending ? 'descending' : 'ascending') : 'none');
    }
    const shown = this.listing.shown.length;
    this.all.checked = shown > 0 && this.selected.size >= shown;
    this.all.indeterminate = this.selected.size > 0 && !this.all.checked;
  }

  async #order(by) {
    const { order } = this.listing;
    const descending = order.by === by ? !order.descending : by !== 'name';
    try {
      await this.listing.setOrder({ by, descending });
    } catch (error) {
      if (!this.signal.aborted) toastError(error);
    }
  }

  #drawEmpty(total) {
    const searching = this.search.value.trim() !== '';
    if (total > 0 || (!this.listing.isComplete && !this.listing.error)) return void fill(this.empty);
    const writable = this.project.permissions.write;
    fill(this.empty, searching
      ? h('div', { class: 'empty' }, icon('search'), h('h2', null, t.noneTitle), h('p', null, t.none),
        button(t.clearSearch, { on: () => this.#clearSearch() }))
      : h('div', { class: 'empty empty-drop' }, icon(writable ? 'upload' : 'folder'),
        h('h2', null, writable ? t.emptyTitle : t.emptyReadTitle), h('p', null, writable ? t.empty : t.emptyRead),
        writable && h('div', { class: 'actions' },
          button(t.chooseFiles, { kind: 'primary', icon: 'file',
            on: () => this.app.transfers?.choose({ folder: false }) }),
          button(t.chooseFolder, { icon: 'folder', on: () => this.app.transfers?.choose({ folder: true }) }))));
  }

  // The search

  #searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#search(), 250);
  }

  async #search() {
    try {
      this.selected.clear();
      await this.listing.setSearch(parseSearch(this.search.value));
      this.#drawToolbar();
    } catch (error) {
      if (!this.signal.aborted) toastError(error);
    }
  }

  #clearSearch() {
    this.search.value = '';
    this.search.focus();
    this.#search();
  }

  #drawSummary() {
    const { listing } = this;
    const known = listing.isPlain ? listing.total ?? listing.shown.length : listing.shown.length;
    const reading = !listing.isPlain && !listing.isComplete && !listing.isCut;
    this.summary.textContent = reading ? t.reading(count(listing.loaded.length)) : plural(known, t.count);
  }

  // The selection

  #drawToolbar() {
    const many = this.selected.size > 0;
    const wanted = many ? 'selection' : 'search';
    if (many) {
      const entries = [...this.selected.values()];
      const size = entries.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
      const { permissions } = this.project;
      const does = (label, iconName, action, kind) => button(label,
        { icon: iconName, kind, class: 'small', on: action });
      fill(this.toolbar, h('p', { class: 'selection', role: 'status' }, t.selected(entries.length, bytes(size))),
        h('div', { class: 'actions' },
          permissions.copy && does(t.download, 'download', () => this.actions.download(entries)),
          permissions.write && does(t.move, 'move', () => this.actions.move(entries)),
          permissions.copy && does(t.copy, 'copy', () => this.actions.copy(entries)),
          permissions.write && does(t.label, 'tag', () => this.actions.label(entries)),
          permissions.write && does(t.remove, 'trash', () => this.actions.remove(entries), 'danger-quiet'),
          button(t.clearSelection, { icon: 'close', iconOnly: true, kind: 'quiet', on: () => this.#select([]) })));
    } else if (this.toolbarMode !== wanted) {
      fill(this.toolbar, h('div', { class: 'search' }, icon('search'), this.search),
        h('span', { class: 'sr-only', id: 'search-help' }, t.searchHelp),
        button(t.searchHow, { icon: 'info', iconOnly: true, kind: 'quiet',
          on: (event) => this.#explainSearch(event.currentTarget) }),
        this.summary);
    }
    this.toolbar.classList.toggle('toolbar-selection', many);
    this.toolbarMode = wanted;
  }

  #explainSearch(anchor) {
    const insert = (text) => () => {
      this.search.value = `${this.search.value} ${text}`.trim();
      this.search.focus();
    };
    openMenu(anchor, t.searchHow, [
      { label: t.searchName, icon: 'search', action: insert('') },
      { label: t.searchTag, icon: 'tag', action: insert('tag:') },
      { label: t.searchMetadata, icon: 'info', action: insert('sample_id=') },
    ]);
  }

  #select(entries) {
    this.selected = new Map(entries.map((entry) => [entry.id, entry]));
    this.#selectionChanged();
  }

  #selectionChanged() {
    this.list.refresh();
    this.#drawOrder();
    this.#drawToolbar();
  }

  #toggle(index) {
    const entry = this.listing.shown[index];
    if (!entry) return;
    if (!this.selected.delete(entry.id)) this.selected.set(entry.id, entry);
    this.anchor = index;
    this.#selectionChanged();
  }

  #check(index, event) {
    event.stopPropagation();
    if (event.shiftKey) this.#extend(this.anchor, index);
    else this.#toggle(index);
  }

  #extend(from, to) {
    for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
      const entry = this.listing.shown[index];
      if (entry) this.selected.set(entry.id, entry);
    }
    this.anchor = to;
    this.#selectionChanged();
  }

  async #selectAll(on) {
    if (!on) return this.#select([]);
    try {
      await this.listing.all();
      this.#select(this.listing.shown);
    } catch (error) {
      if (!this.signal.aborted) toastError(error);
    }
  }

  // One entry

  #click(index, event) {
    const entry = this.listing.shown[index];
    if (!entry || event.target.closest('button, input')) return;
    if (event.shiftKey) return this.#extend(this.anchor, index);
    if (event.ctrlKey || event.metaKey) return this.#toggle(index);
    this.list.focusRow(index);
    this.anchor = index;
    if (entry.type === 'folder' && event.target.closest('.entry')) this.#open(index);
    else this.#details(entry);
  }

  #open(index) {
    const entry = this.listing.shown[index];
    if (!entry) return;
    if (entry.type === 'folder') window.location.hash = projectAddress(this.project.id, 'files', entry.id);
    else this.#details(entry, true);
  }

  #details(entry, focus = false) {
    this.details.open(entry, { focus });
    for (const row of this.list.rows.values()) row.classList.toggle('row-current', row.dataset.id === entry.id);
  }

  #menu(index, anchor) {
    const entry = this.listing.shown[index];
    if (entry && anchor) openMenu(anchor, t.actionsOf(plainName(entry.name)), this.#items(entry));
  }

  #items(entry) {
    const folder = entry.type === 'folder';
    const { write, copy } = this.project.permissions;
    const does = (label, iconName, action, danger) => ({ label, icon: iconName, action, danger });
    return [
      folder ? does(t.open, 'folder',
        () => { window.location.hash = projectAddress(this.project.id, 'files', entry.id); }) : null,
      does(t.details, 'info', () => this.#details(entry, true)),
      !folder && copy ? does(t.download, 'download', () => this.actions.download([entry])) : null,
      ...(folder && copy ? this.actions.archiveFormats : []).map((format) => does(t.downloadAs(format), 'download',
        () => this.actions.downloadFolder(entry, format))),
      write ? does(t.rename, 'edit', () => this.actions.rename(entry)) : null,
      write ? does(t.move, 'move', () => this.actions.move([entry])) : null,
      copy && !folder ? does(t.copy, 'copy', () => this.actions.copy([entry])) : null,
      write && !folder ? does(t.label, 'tag', () => this.actions.label([entry])) : null,
      write ? does(t.remove, 'trash', () => this.actions.remove([entry]), true) : null,
    ].filter(Boolean);
  }

  #key(event, index) {
    const entry = this.listing.shown[index];
    if ((event.ctrlKey || event.metaKey) && event.key === 'a') return void this.#selectAll(true) ?? true;
    if (!entry || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === 'Escape' && this.selected.size > 0) return void this.#select([]) ?? true;
    if (event.key === 'F2' && this.project.permissions.write) return void this.actions.rename(entry) ?? true;
    if (event.key === 'Delete' && this.project.permissions.write) {
      this.actions.remove(this.selected.size > 0 ? [...this.selected.values()] : [entry]);
      return true;
    }
    return false;
  }
}
