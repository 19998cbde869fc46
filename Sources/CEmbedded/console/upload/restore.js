import { UploadProblem, explain } from './problems.js';

/** Adds the files of journal records to a queue; see {@link UploadQueue#restore}. */
export async function restore(queue, records) {
  const result = { items: [], problems: [] };
  const allowed = new Map();
  for (const record of records.filter(({ handle }) => handle)) {
    try {
      const { metadata, tags } = record;
      const entry = { file: await open(queue.journal, record, allowed), path: record.path, handle: record.handle };
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
 * @param {Map<string, boolean>} allowed permissions of chosen folders, which cover the files in them
 * @throws {UploadProblem} if the user does not grant access, or the file has changed
 */
async function open(journal, record, allowed) {
  const root = await journal.root(record.root);
  if (root && !allowed.has(record.root)) allowed.set(record.root, await isAllowed(root));
  if (!allowed.get(record.root) && !(await isAllowed(record.handle))) throw new UploadProblem('fileChanged');
  const file = await record.handle.getFile();
  if (file.size !== record.size || file.lastModified !== record.lastModified) throw new UploadProblem('fileChanged');
  return file;
}

async function isAllowed(handle) {
  const mode = { mode: 'read' };
  if ((await handle.queryPermission(mode)) === 'granted') return true;
  return (await handle.requestPermission(mode)) === 'granted';
}
