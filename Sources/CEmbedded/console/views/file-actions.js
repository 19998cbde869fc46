// The actions on entries of a folder, such as rename, move, copy and delete.

import {
  copyFile, createFolder, deleteFile, deleteFiles, downloadURL, editFiles, getArchive, listFolder, moveFile, updateFile,
} from '../api/calls.js';
import { strings } from '../strings.js';
import { fill, h, icon, name, plainName } from '../ui/dom.js';
import { confirmDialog, openDialog, promptDialog } from '../ui/dialog.js';
import { plural } from '../ui/format.js';
import { attempt, describe, toast, toastError } from '../ui/toast.js';
import { pickFolder } from './folder-picker.js';
import { metadataEditor, tagsEditor } from './labels-editor.js';
import { snippet } from '../ui/snippet.js';

const t = strings.actions;
/** Maximum number of downloads to start at once: browsers request a confirmation if a page starts many. */
const MOST_DOWNLOADS = 10;
/** Maximum number of files and folders to delete at once. */
const MOST_DELETED = 20_000;

export class FileActions {
  /**
   * @param {Object} app
   * @param {{project: Object, folder: string|null, changed: () => void}} place
   */
  constructor(app, place) {
    this.app = app;
    Object.assign(this, place);
  }

  get client() {
    return this.app.client;
  }

  /** The id of the folder, which may be the project's root folder. */
  get parent() {
    return this.folder ?? this.project.root_folder;
  }

  async newFolder() {
    const folder = await promptDialog({
      title: t.newFolder, label: t.folderName, submit: t.create,
      onSubmit: (value) => {
        if (!value) throw new Error(t.nameMissing);
        return createFolder(this.client, { project: this.project.id, parent: this.folder, name: value });
      },
    });
    if (!folder) return;
    toast(t.folderCreated(plainName(folder.name)));
    this.changed();
  }

  async rename(entry) {
    const renamed = await promptDialog({
      title: entry.type === 'folder' ? t.renameFolder : t.renameFile, label: t.newName, value: entry.name,
      submit: t.rename,
      onSubmit: (value) => {
        if (!value) throw new Error(t.nameMissing);
        if (value === entry.name) return entry;
        return entry.type === 'folder'
          ? moveFile(this.client, entry.id, { parent: entry.parent ?? this.parent, name: value })
          : updateFile(this.client, entry.id, { name: value });
      },
    });
    if (!renamed || renamed === entry) return;
    this.app.folders?.delete(entry.id);
    toast(t.renamed(plainName(renamed.name)));
    this.changed();
  }

  async move(entries) {
    const target = await pickFolder(this.app, {
      title: t.moveTitle(entries.length), submit: t.moveHere, project: this.project, folder: this.folder,
      sameProject: true, without: new Set(entries.filter(({ type }) => type === 'folder').map(({ id }) => id)),
    });
    if (!target) return;
    await this.#each(entries, (entry) => moveFile(this.client, entry.id, { parent: target.folder ?? target.root }),
      (done) => t.moved(done, target.label));
    for (const { id } of entries) this.app.folders?.delete(id);
  }

  async copy(entries) {
    const files = entries.filter(({ type }) => type !== 'folder');
    if (files.length === 0) return toastError(t.foldersNotCopied);
    const target = await pickFolder(this.app, {
      title: t.copyTitle(files.length), submit: t.copyHere, project: this.project, folder: this.folder,
      note: files.length < entries.length ? t.foldersNotCopied : null,
    });
    if (!target) return;
    const to = target.folder ? { parent: target.folder } : { project: target.project };
    await this.#each(files, (entry) => copyFile(this.client, entry.id, to), (done) => t.copied(done, target.label));
  }

  /** The formats in which a folder can be downloaded; none if the server does not create archives. */
  get archiveFormats() {
    return this.app.extensions.has('folder_archive') ? ['zip', 'tar'] : [];
  }

  async downloadFolder(folder, format) {
    await attempt(async () => {
      const { url, name: fileName } = await getArchive(this.client, folder.id, format);
      save(url, fileName);
    }, plural(1, t.downloads));
  }

  async download(entries) {
    const [format] = this.archiveFormats;
    if (entries.length === 1 && entries[0].type === 'folder' && format) return this.downloadFolder(entries[0], format);
    const files = entries.filter(({ type }) => type !== 'folder');
    if (files.length < entries.length || files.length > MOST_DOWNLOADS) return this.#explainDownload();
    await attempt(async () => {
      for (const file of files) {
        save(await downloadURL(this.client, file.id), file.name);
      }
    }, plural(files.length, t.downloads));
  }

  async remove(entries) {
    const folders = entries.filter(({ type }) => type === 'folder');
    const one = entries.length === 1 ? entries[0] : null;
    const progress = h('p', { class: 'muted', role: 'status' });
    const done = await confirmDialog({
      title: one ? t.removeOne(plainName(one.name)) : t.removeMany(entries.length), submit: t.remove,
      content: [
        h('p', null, folders.length > 0 ? t.removeFolders : t.removeText),
        !one && h('ul', { class: 'name-list' }, entries.slice(0, 8).map((entry) => h('li', null, name(entry.name))),
          entries.length > 8 && h('li', { class: 'muted' }, t.andMore(entries.length - 8))),
        progress,
      ],
      // If the dialog is closed, deletion stops after the call in progress.
      onSubmit: (dialog) => this.#remove(entries, (text) => fill(progress, text), () => !dialog.open),
    });
    if (done === null) return void this.changed();
    if (done.failed.length > 0) this.#failures(done.failed, t.removeFailed);
    else toast(t.removed(entries.length));
    this.changed();
  }

  async label(entries) {
    const files = entries.filter(({ type }) => type !== 'folder');
    if (files.length === 0) return toastError(t.foldersHaveNoLabels);
    const one = files.length === 1 ? files[0] : null;
    const tags = tagsEditor(one?.tags ?? []);
    const metadata = metadataEditor(one?.metadata ?? {});
    const done = await openDialog({
      title: one ? t.labelOne(plainName(one.name)) : t.labelMany(files.length), submit: strings.common.save, wide: true,
      content: [!one && h('p', { class: 'muted' }, t.labelText), tags.element, metadata.element],
      onSubmit: () => this.#label(files, one, tags.read(), metadata.read()),
    });
    if (!done) return;
    if (done.failed.length > 0) this.#failures(done.failed, t.labelFailed);
    else toast(t.labelled(files.length));
    this.changed();
  }

  async #label(files, one, tags, metadata) {
    if (one) {
      // `null` removes a key. `PATCH` keeps keys that other users have added in the meantime.
      const removed = Object.keys(one.metadata ?? {}).filter((key) => !Object.hasOwn(metadata, key));
      await updateFile(this.client, one.id, { tags,
        metadata: { ...metadata, ...Object.fromEntries(removed.map((key) => [key, null])) } });
      return { failed: [] };
    }
    const changes = files.map((file) => ({
      id: file.id, metadata, ...(tags.length > 0 ? { tags: [...new Set([...(file.tags ?? []), ...tags])] } : {}),
    }));
    const results = await editFiles(this.client, changes);
    return { failed: failures(files, results) };
  }

  async #remove(entries, report, isStopped) {
    const folders = [];
    const files = entries.filter(({ type }) => type !== 'folder');
    const waiting = entries.filter(({ type }) => type === 'folder');
    while (waiting.length > 0) {
      const folder = waiting.shift();
      folders.push(folder);
      let token = 'init';
      while (token) {
        if (isStopped()) return { failed: [] };
        const page = await listFolder(this.client, { folder: folder.id, token, fields: 'id,name,type' });
        for (const entry of page.items) (entry.type === 'folder' ? waiting : files).push(entry);
        token = page.next;
        if (files.length + folders.length > MOST_DELETED) throw new Error(t.removeTooMany(MOST_DELETED));
        report(t.removeFound(files.length + folders.length));
      }
    }
    const failed = [];
    for (let start = 0; start < files.length && !isStopped(); start += 100) {
      const some = files.slice(start, start + 100);
      failed.push(...failures(some, await deleteFiles(this.client, some.map(({ id }) => id))));
      report(t.removeProgress(Math.min(start + 100, files.length), files.length));
    }
    for (const folder of folders.reverse()) {
      if (isStopped()) break;
      try {
        await deleteFile(this.client, folder.id);
        this.app.folders?.delete(folder.id);
      } catch (error) {
        if (error.status !== 404) failed.push({ entry: folder, error });
      }
    }
    return { failed };
  }

  async #each(entries, action, message) {
    const failed = [];
    for (const entry of entries) {
      try {
        await action(entry);
      } catch (error) {
        failed.push({ entry, error });
        if (error.status === 401 || error.status === 0) break;
      }
    }
    if (failed.length > 0) this.#failures(failed, t.someFailed);
    else toast(message(entries.length));
    this.changed();
  }

  #failures(failed, title) {
    openDialog({
      title,
      content: [h('ul', { class: 'failures' }, failed.slice(0,
        100).map(({ entry, error }) => h('li', null, icon('alert'),
        h('div', null, h('strong', null, name(entry.name)), h('p', null, describe(error)))))),
      failed.length > 100 && h('p', { class: 'muted' }, t.andMore(failed.length - 100))],
    });
  }

  #explainDownload() {
    const path = `${this.project.id}/`;
    openDialog({
      title: t.downloadManyTitle,
      content: [h('p', null, t.downloadMany(MOST_DOWNLOADS)),
        snippet(`pontoon download --endpoint ${window.location.origin}/v2 ${path} --output data/`,
          { label: t.downloadCommand }),
        h('p', { class: 'muted' }, t.downloadManyWhy)],
    });
  }
}

/** Lets the browser download a URL as a file with the given name. */
function save(url, fileName) {
  const link = h('a', { href: url, download: fileName, rel: 'noreferrer', hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

function failures(entries, results) {
  return results.flatMap((result,
    index) => (result.error && result.error.status !== 404 ? [{ entry: entries[index], error: result.error }] : []));
}
