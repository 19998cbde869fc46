import { createFolder, findFile } from '../api/uploads.js';
import { UploadProblem } from './problems.js';

/** The destination folders of a queue. Each folder is created once, even if many files need it at the same time. */
export class Folders {
  #client;
  #known = new Map();

  constructor(client) {
    this.#client = client;
  }

  /**
   * Returns the destination of a file in the form of the API, `{ project }` or `{ parent }`. Creates missing folders.
   *
   * @param {{ project: string, parent?: string | null }} root
   * @param {string[]} names names of the folders below the root
   * @param {object} options options of {@link Client#request}
   */
  async place(root, names, options) {
    if (names.length === 0) return root.parent ? { parent: root.parent } : { project: root.project };
    const key = JSON.stringify([root.project, root.parent ?? null, ...names]);
    let folder = this.#known.get(key);
    if (!folder) {
      folder = this.#create(root, names, options);
      this.#known.set(key, folder);
      // A failure may be temporary; the next file tries again.
      folder.catch(() => this.#known.delete(key));
    }
    return { parent: await folder };
  }

  /** Forgets all folders. Must be called when one of them no longer exists. */
  clear() {
    this.#known.clear();
  }

  async #create(root, names, options) {
    // Cancelling this file must not stop these calls, because other files may be waiting for the folder.
    const { signal, ...rest } = options;
    const place = await this.place(root, names.slice(0, -1), rest);
    const name = names.at(-1);
    try {
      return (await createFolder(this.#client, place, name, rest)).id;
    } catch (error) {
      if (error.status !== 409) throw error;
      const found = await findFile(this.#client, place, name, rest);
      if (found?.type === 'folder') return found.id;
      if (found) throw new UploadProblem('fileInTheWay', { name });
      throw error;
    }
  }
}
