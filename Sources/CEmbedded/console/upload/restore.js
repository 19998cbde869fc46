import { UploadProblem, explain } from './problems.js';

/** Adds the files of journal records to a queue; see {@link UploadQueue#restore}. */
export async function restore(queue, records) {
  const result = { items: [], problems: [] };
  const allowed = new Map();
  for (const record of records.filter(({ handle }) => handle)) {
    try {
      const { metadata, tags, path, handle } = record;
      const folder = await queue.journal.root(record.root);
      const root = folder && { id: record.root, handle: folder };
      const entry = { file: await open(record, root, allowed), path, handle, root };
      result.items.push(...queue.add([entry], { ...record, labels: () => ({ metadata, tags }) }));
    } catch (error) {
      result.problems.push({ path: record.path, ...explain(error) });
    }
  }
  return result;
}

/**
 * Opens the file of a record.
 *
 * @param {object} record
 * @param {object} [root] the chosen folder that contains the file
 * @param {Map<string, boolean>} allowed permissions of chosen folders, which cover the files in them
 * @throws {UploadProblem} if the user does not grant access, or the file has changed
 */
async function open(record, root, allowed) {
  if (root && !allowed.has(root.id)) allowed.set(root.id, await isAllowed(root.handle));
  if (!allowed.get(root?.id) && !(await isAllowed(record.handle))) throw new UploadProblem('accessDenied');
  const file = await record.handle.getFile();
  if (file.size !== record.size || file.lastModified !== record.lastModified) throw new UploadProblem('fileChanged');
  return file;
}

async function isAllowed(handle) {
  const mode = { mode: 'read' };
  if ((await handle.queryPermission(mode)) === 'granted') return true;
  return (await handle.requestPermission(mode)) === 'granted';
}
