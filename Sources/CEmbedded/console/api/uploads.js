// The API calls of the upload engine; the calls of the console's views are in `api/calls.js`.

const ROOT = '/v2/upload/multipart';
/** Longest wait for complete in milliseconds: the server may copy or read the whole file. */
const COMPLETION_TIMEOUT = 600_000;

const at = (id) => `${ROOT}/${encodeURIComponent(id)}`;

/**
 * Initializes an upload.
 *
 * @param {object} upload fields of the call: `project`, `parent` or, with an upload link, `path`; `name`, `size`,
 *   `part_size`, `part_infos`, `metadata`, `tags`
 * @param {object} options of {@link Client#request}, and `overwrite`
 */
export function startUpload(client, upload, { overwrite = false, ...options } = {}) {
  // If a response was lost, repeating the call leaves behind an upload without parts, which expires.
  return client.request('POST', ROOT, {
    ...options,
    query: { overwrite: overwrite || undefined },
    body: upload,
    idempotent: true,
  });
}

/** Returns an upload with its reported parts. */
export function getUpload(client, id, options) {
  return client.request('GET', at(id), { ...options, query: { list_parts: true } });
}

/** Returns the part info of one part. */
export function partInfo(client, id, number, options) {
  return client.request('GET', `${at(id)}/part/${number}`, options);
}

/** Returns the part infos of up to `count` parts (extension `part_infos`). */
export async function partInfos(client, id, from, count, options) {
  const response = await client.request('GET', `${at(id)}/part_infos`, { ...options, query: { from, count } });
  return response.part_infos;
}

/** Reports one part. @throws {ApiError} 400/8014 if the storage has no part with this ETag */
export function reportPart(client, id, part, options) {
  return client.request('POST', `${at(id)}/part`, { ...options, body: report(part), idempotent: true });
}

/** Reports several parts; if one is refused, none is reported. */
export function reportParts(client, id, parts, options) {
  return client.request('POST', at(id), { ...options, body: { parts: parts.map(report) }, idempotent: true });
}

/**
 * Completes an upload and returns the file.
 *
 * @param {{ number: number, etag: string }[]} parts parts to report with the call (extension `complete_reports`)
 */
export function completeUpload(client, id, parts, options) {
  const body = parts.length > 0 ? { parts: parts.map(report) } : {};
  return client.request('POST', `${at(id)}/complete`, {
    timeout: COMPLETION_TIMEOUT,
    ...options,
    body,
    idempotent: true,
  });
}

/** Aborts an upload; does nothing if the upload no longer exists. */
export async function abortUpload(client, id, options) {
  try {
    await client.request('DELETE', at(id), options);
  } catch (error) {
    if (error.status !== 404) throw error;
  }
}

/** Returns the file or folder with a name in a folder (`{ parent }`) or a project's root (`{ project }`), or null. */
export async function findFile(client, place, name, options) {
  const found = await client.request('GET', '/v2/files', { ...options, query: { ...place, name, fields: '_all' } });
  return found.items.find((file) => file.name === name) ?? null;
}

/** Creates a folder and returns it. @throws {ApiError} 409 if the name is taken */
export function createFolder(client, place, name, options) {
  const body = { ...place, name, type: 'folder' };
  return client.request('POST', '/v2/files', { ...options, body, idempotent: true });
}

/** Sets metadata and replaces the tags of a file; other metadata keys are kept. */
export function labelFile(client, id, { metadata, tags }, options) {
  return client.request('PATCH', `/v2/files/${encodeURIComponent(id)}`, { ...options, body: { metadata, tags } });
}

function report({ number, etag }) {
  return { part_number: number, response: { headers: { ETag: etag } } };
}
