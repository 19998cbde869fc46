// Conversion of dropped and chosen files to entries of the queue: `{ file, path, handle?, root? }`.

import { fill, upload as texts } from './strings.js';

/** Names of files that operating systems add to folders, and that are not uploaded. */
const IGNORED = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);
/** Maximum number of concurrent reads of folders. */
const PARALLEL = 16;

/**
 * Returns the dropped files, including those in dropped folders. Must be called from the `drop` event.
 *
 * @param {DataTransfer} dataTransfer
 * @returns {Promise<{ entries: object[], problems: string[] }>} `problems` name the files that could not be read
 */
export async function entriesFromDrop(dataTransfer) {
  // The browser clears the list of items after the event, so all items must be read before the first `await`.
  const dropped = [...dataTransfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => ({
      handle: item.getAsFileSystemHandle?.(),
      entry: item.webkitGetAsEntry?.(),
      file: item.getAsFile(),
    }));
  const result = { entries: [], problems: [] };
  for (const { handle, entry, file } of dropped) {
    const kept = await Promise.resolve(handle).catch(() => null);
    if (kept) await addHandle(kept, '', result);
    else if (entry) await addEntry(entry, '', result);
    else if (file) result.entries.push({ file, path: file.name });
  }
  return result;
}

/**
 * Returns the files that were chosen with an `<input type="file">`.
 *
 * @param {FileList} fileList files, or a folder's files (`webkitdirectory`) with their paths
 */
export function entriesFromInput(fileList) {
  return [...fileList]
    .filter((file) => !IGNORED.has(file.name) || !file.webkitRelativePath)
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * Lets the user choose files or a folder, and keeps handles, so that the upload can resume after a reload.
 *
 * @param {{ folder: boolean }} options
 * @returns {Promise<{ entries: object[], problems: string[] }>} both are empty if the user cancels
 */
export async function entriesFromPicker({ folder }) {
  const result = { entries: [], problems: [] };
  try {
    const handles = folder ? [await showDirectoryPicker()] : await showOpenFilePicker({ multiple: true });
    for (const handle of handles) await addHandle(handle, '', result);
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  }
  return result;
}

async function addHandle(handle, path, result, root) {
  const own = path === '' ? handle.name : `${path}/${handle.name}`;
  try {
    if (handle.kind === 'file') {
      result.entries.push({ file: await handle.getFile(), path: own, handle, root });
      return;
    }
    const base = root ?? { id: crypto.randomUUID(), handle };
    const children = [];
    for await (const child of handle.values()) if (!IGNORED.has(child.name)) children.push(child);
    await inOrder(children, result, (child, part) => addHandle(child, own, part, base));
  } catch (error) {
    result.problems.push(fill(texts.unreadable, { name: own, message: error.message }));
  }
}

/** Adds a file or a folder's files through the older Entries API, for browsers without handles. */
async function addEntry(entry, path, result) {
  const own = path === '' ? entry.name : `${path}/${entry.name}`;
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      result.entries.push({ file, path: own });
      return;
    }
    const reader = entry.createReader();
    const children = [];
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      children.push(...some.filter((child) => !IGNORED.has(child.name)));
    }
    await inOrder(children, result, (child, part) => addEntry(child, own, part));
  } catch (error) {
    result.problems.push(fill(texts.unreadable, { name: own, message: error.message }));
  }
}

/** Reads children several at a time, and adds their entries in the order of their names. */
async function inOrder(children, result, read) {
  children.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (let at = 0; at < children.length; at += PARALLEL) {
    const parts = await Promise.all(
      children.slice(at, at + PARALLEL).map(async (child) => {
        const part = { entries: [], problems: [] };
        await read(child, part);
        return part;
      }),
    );
    for (const { entries, problems } of parts) {
      for (const entry of entries) result.entries.push(entry);
      result.problems.push(...problems);
    }
  }
}
