// The journal of this browser's unfinished uploads, in IndexedDB, which survives a reload and a crash.

const DATABASE = 'pontoon-uploads';
const STORES = ['uploads', 'parts', 'roots'];
/** Time for which changes are collected, in milliseconds, so that most small files never appear in the database. */
const DELAY = 200;
/** Time for which a record is kept after its upload was started or resumed, in milliseconds. */
const LIFETIME = 30 * 24 * 60 * 60 * 1000;

/** Returns the key of a file and its destination. The key stays the same when the file is chosen again. */
export function keyOf({ project, parent, path, size, lastModified }) {
  return JSON.stringify([project ?? null, parent ?? null, path, size, lastModified]);
}

/** Returns the record of an item; for its fields, see {@link Journal}. */
export function recordOf(item) {
  const { project, parent, isLink, conflict } = item.options;
  return {
    id: item.key,
    name: item.name,
    path: item.path,
    size: item.size,
    lastModified: item.file.lastModified,
    project: project ?? null,
    parent: parent ?? null,
    isLink,
    conflict,
    uploadID: null,
    started: Date.now(),
    handle: item.handle ?? undefined,
    root: item.root?.id,
  };
}

/**
 * The journal of unfinished uploads. If the browser does not allow IndexedDB, the journal stays empty.
 *
 * A record has the fields of {@link keyOf}, and `id` (the key), `uploadID` (null until the upload is initialized),
 * `partSize`, `started` (Unix time in milliseconds), `conflict`, `metadata` and `tags`. If the browser can store
 * handles, it also has `handle`, the file's handle, and `root`, the id of the chosen folder's handle.
 */
export class Journal {
  #database;
  #keys = new Set();
  /** Keys that the database may contain; deleting any other key needs no write. */
  #stored = new Set();
  /** Records to write by key; null deletes. */
  #pending = new Map();
  #timer = 0;
  /** Promise of the most recent write. */
  #writing = Promise.resolve();
  #roots = new Map();

  /** Opens the journal, and deletes old records in the background. */
  static async open(name = DATABASE) {
    const journal = new Journal();
    try {
      journal.#database = await openDatabase(name);
      const keys = await journal.#run('uploads', 'readonly', (uploads) => uploads.getAllKeys());
      for (const key of keys) journal.#keys.add(key) && journal.#stored.add(key);
      void journal.#expire();
    } catch {
      journal.#database = null;
    }
    addEventListener('pagehide', () => void journal.flush());
    return journal;
  }

  /** Returns all records, oldest first. */
  async list() {
    if (!this.#database) return [];
    await this.flush();
    const records = await this.#run('uploads', 'readonly', (uploads) => uploads.getAll());
    return records.sort((a, b) => a.started - b.started);
  }

  /** Returns the record with a key; undefined if there is none. With `isFresh`, finds records of other tabs too. */
  async find(id, { isFresh = false } = {}) {
    if (this.#pending.has(id)) return this.#pending.get(id) ?? undefined;
    if (!this.#database || !(isFresh || this.#keys.has(id))) return undefined;
    return this.#run('uploads', 'readonly', (uploads) => uploads.get(id));
  }

  /** Adds or replaces a record; it is written within 200 ms. */
  save(record) {
    this.#keys.add(record.id);
    this.#write(record.id, record);
  }

  /** Deletes a record, and with it the checksums of its parts. */
  forget(id) {
    if (this.#keys.delete(id) || this.#pending.has(id)) this.#write(id, null);
  }

  /** Deletes all records, checksums and handles. */
  async forgetAll() {
    this.#pending.clear();
    this.#keys.clear();
    this.#stored.clear();
    this.#roots.clear();
    if (!this.#database) return;
    for (const store of STORES) await this.#run(store, 'readwrite', (it) => it.clear());
  }

  /** Writes the changes collected by {@link save} and {@link forget}; resolves when the writes have finished. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const changes = this.#pending;
    if (changes.size === 0 || !this.#database) return this.#writing;
    this.#pending = new Map();
    this.#writing = this.#run(STORES, 'readwrite', (uploads, parts, roots) => {
      const used = new Set();
      for (const [id, record] of changes) {
        if (record) {
          uploads.put(record);
          this.#stored.add(id);
          used.add(record.root);
        } else {
          this.#stored.delete(id);
          remove(id, uploads, parts);
        }
      }
      for (const [id, handle] of this.#roots) if (used.has(id)) roots.put({ id, handle });
      // Without `commit`, the transaction would wait for further requests from the page, which may be closing.
      uploads.transaction.commit();
    }).catch(() => {});
    return this.#writing;
  }

  /**
   * Stores the checksum of a part's bytes with its ETag, for object stores whose ETags are not CRCs.
   *
   * @param {bigint} checksum
   */
  async addPart(id, number, etag, checksum) {
    if (!this.#database) return;
    await this.#run('parts', 'readwrite', (parts) => parts.put({ id, number, etag, checksum })).catch(() => {});
  }

  /** Returns the parts that {@link addPart} stored, by number. */
  async parts(id) {
    if (!this.#database) return new Map();
    const range = IDBKeyRange.bound([id], [id, []]);
    const found = await this.#run('parts', 'readonly', (parts) => parts.getAll(range));
    return new Map(found.map((part) => [part.number, part]));
  }

  /**
   * Stores the handle of a chosen folder, whose permission covers all files in the folder. The handle is written in the
   * same transaction as the records that refer to it, so that another tab does not delete it as unused.
   */
  addRoot({ id, handle }) {
    this.#roots.set(id, handle);
  }

  /** Returns the handle of a chosen folder; undefined if the journal does not have it. */
  async root(id) {
    if (!id || !this.#database) return undefined;
    return (await this.#run('roots', 'readonly', (roots) => roots.get(id)))?.handle;
  }

  /** Deletes old records with their parts, and the handles of folders to which no remaining record refers. */
  async #expire() {
    const oldest = Date.now() - LIFETIME;
    await this.#run(STORES, 'readwrite', (uploads, parts, roots) => {
      uploads.getAll().onsuccess = ({ target: { result: records } }) => {
        const used = new Set();
        for (const { id, started, root } of records) {
          if (started < oldest) remove(id, uploads, parts);
          else used.add(root);
        }
        roots.getAllKeys().onsuccess = ({ target: { result: ids } }) => {
          for (const id of ids) if (!used.has(id)) roots.delete(id);
        };
      };
    }).catch(() => {});
  }

  #write(id, record) {
    if (record === null && !this.#stored.has(id)) this.#pending.delete(id);
    else this.#pending.set(id, record);
    if (this.#timer === 0) this.#timer = setTimeout(() => void this.flush(), DELAY);
  }

  /** Runs requests in one transaction and returns the result of the last one. */
  #run(stores, mode, body) {
    return new Promise((resolve, reject) => {
      const names = [stores].flat();
      const transaction = this.#database.transaction(names, mode, { durability: 'relaxed' });
      const request = body(...names.map((name) => transaction.objectStore(name)));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  }
}

/** Deletes a record and its parts. */
function remove(id, uploads, parts) {
  uploads.delete(id);
  parts.delete(IDBKeyRange.bound([id], [id, []]));
}

function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('uploads', { keyPath: 'id' });
      request.result.createObjectStore('parts', { keyPath: ['id', 'number'] });
      request.result.createObjectStore('roots', { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}
