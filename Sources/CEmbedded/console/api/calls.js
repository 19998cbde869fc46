// The API calls of the console's views; the calls of the upload engine are in `api/uploads.js`.

const encode = encodeURIComponent;

/** Returns the path of a project, whose id is `owner/project`. */
function projectPath(id) {
  return `/v2/projects/${id.split('/').map(encode).join('/')}`;
}

/** Returns the value of a parameter in the `next` link of a list; `null` on the last page. */
function next(list, parameter) {
  const link = list.links?.find((candidate) => candidate.rel === 'next');
  return link ? new URL(link.href, window.location.href).searchParams.get(parameter) : null;
}

/** Returns all entries of a list; stops after the page that reaches `limit`. */
async function all(client, path, { query, signal, limit = 10_000 } = {}) {
  const items = [];
  for await (const page of client.pages(path, { query, signal })) {
    items.push(...page.items);
    if (items.length >= limit) break;
  }
  return items;
}

// Server and user

export const getIndex = (client, signal) => client.request('GET', '/v2/', { signal });
export const getUser = (client, signal) => client.request('GET', '/v2/user', { signal });
export const getRateLimit = (client, signal) => client.request('GET', '/v2/rate_limit', { signal });

// The user's own tokens (extension `tokens`)

export const listTokens = (client, signal) => all(client, '/v2/tokens', { signal });

/** @returns {Promise<Object>} The token's properties, and its secret in `token`, which cannot be read again. */
export const createToken = (client, token) => client.request('POST', '/v2/tokens', { body: token });

export const revokeToken = (client, id) => client.request('DELETE', `/v2/tokens/${encode(id)}`);

// Projects and members

/** @returns {Promise<Object[]>} All projects that the user can see, newest first. */
export const listProjects = (client, { signal } = {}) => all(client, '/v2/projects',
  { query: { fields: '_all' }, signal });

export const getProject = (client, id, signal) =>
  client.request('GET', projectPath(id), { query: { fields: '_all' }, signal });

export const createProject = (client, { name, description }) =>
  client.request('POST', '/v2/projects', { body: { name, description } });

export const updateProject = (client, id, changes) => client.request('PATCH', projectPath(id), { body: changes });

export const deleteProject = (client, id) => client.request('DELETE', projectPath(id));

export const listMembers = (client, id, signal) => all(client, `${projectPath(id)}/members`, { signal });

export const addMember = (client, id, username, permissions) =>
  client.request('POST', `${projectPath(id)}/members`, { body: { username, permissions } });

export const removeMember = (client, id, username) =>
  client.request('DELETE', `${projectPath(id)}/members/${encode(username)}`);

export const setPermissions = (client, id, username, permissions) =>
  client.request('PATCH', `${projectPath(id)}/members/${encode(username)}/permissions`, { body: permissions });

// Files and folders

/**
 * Returns a page of a folder's entries, ordered by name.
 *
 * @param {Object} options
 * @param {string} [options.project] Id of the project whose root folder is listed, unless `folder` is given.
 * @param {string|null} [options.folder]
 * @param {Object} [options.filters] `tag`, `metadata.KEY`, `name`
 * @param {string} [options.token] Token of the page, from `next` of the previous page; by default, the first page.
 * @param {string} [options.fields]
 * @returns {Promise<{items: Object[], next: string|null, total: number|null}>}
 */
export async function listFolder(client, { project, folder, filters = {}, token = 'init', fields = '_all', signal }) {
  const path = folder ? `/v2/files/${encode(folder)}/scroll` : '/v2/files/scroll';
  const query = { ...filters, project: folder ? undefined : project, fields, limit: 100, token };
  const { body, headers } = await client.response('GET', path, { query, signal });
  const total = Number(headers.get('x-total-matching-query') ?? NaN);
  return { items: body.items, next: next(body, 'token'), total: Number.isFinite(total) ? total : null };
}

export const getFile = (client, id, signal) => client.request('GET', `/v2/files/${encode(id)}`, { signal });

export const createFolder = (client, { project, parent, name }) =>
  client.request('POST', '/v2/files', { body: { name, type: 'folder', ...(parent ? { parent } : { project }) } });

export const updateFile = (client, id, changes) => client.request('PATCH', `/v2/files/${encode(id)}`,
  { body: changes });

export const putMetadata = (client, id, metadata) =>
  client.request('PUT', `/v2/files/${encode(id)}/metadata`, { body: metadata });

export const putTags = (client, id, tags) => client.request('PUT', `/v2/files/${encode(id)}/tags`, { body: tags });

export const deleteFile = (client, id) => client.request('DELETE', `/v2/files/${encode(id)}`);

export const verifyFile = (client, id) => client.request('POST', `/v2/files/${encode(id)}/actions/verify`);

/** @param {{parent: string, name?: string}} to The folder, which may be a project's root folder. */
export const moveFile = (client, id, to) => client.request('POST', `/v2/files/${encode(id)}/actions/move`,
  { body: to });

/** @param {{project?: string, parent?: string, name?: string}} to Either a project or a folder. */
export const copyFile = (client, id, to) => client.request('POST', `/v2/files/${encode(id)}/actions/copy`,
  { body: to });

/** @returns {Promise<string>} A signed URL, which needs no token. */
export async function downloadURL(client, id, signal) {
  return (await client.request('GET', `/v2/files/${encode(id)}/download_info`, { signal })).url;
}

/**
 * Describes an archive of a folder (extension `folder_archive`).
 *
 * @param {'tar'|'zip'} format
 * @returns {Promise<{url: string, name: string}>} The URL needs no token.
 */
export const getArchive = (client, id, format) =>
  client.request('GET', `/v2/files/${encode(id)}/archive_info`, { query: { format } });

/** Maximum number of files in a bulk call. */
const BULK = 100;

async function bulk(client, path, items, body) {
  const results = [];
  for (let start = 0; start < items.length; start += BULK) {
    const answer = await client.request('POST', path, { body: body(items.slice(start, start + BULK)) });
    results.push(...answer.items);
  }
  return results;
}

/** @returns {Promise<{resource?: Object, error?: Object}[]>} One result for each id, in the same order. */
export const deleteFiles = (client, ids) => bulk(client, '/v2/bulk/files/delete', ids, (some) => ({ file_ids: some }));

/** @param {{id: string, metadata?: Object, tags?: string[]}[]} changes Metadata is merged, tags are replaced. */
export const editFiles = (client, changes) => bulk(client, '/v2/bulk/files/edit', changes, (some) => ({ items: some }));

// Open uploads

export const listUploads = (client, signal) => all(client, '/v2/upload/multipart', { signal });

export const abortUpload = (client, id) => client.request('DELETE', `/v2/upload/multipart/${encode(id)}`);

// Upload links (extension `upload_links`)

const LINKS = '/v2/upload_links';

export const listLinks = (client, project, signal) => all(client, LINKS, { query: { project }, signal });

/** @returns {Promise<Object>} The link, with its `secret` and `url`, which cannot be read again. */
export const createLink = (client, link) => client.request('POST', LINKS, { body: link });

export const updateLink = (client, id, changes) => client.request('PATCH', `${LINKS}/${encode(id)}`, { body: changes });

export const revokeLink = (client, id) => client.request('DELETE', `${LINKS}/${encode(id)}`);

/** Returns the session whose token `client` has, with the numbers of files and bytes that its link still accepts. */
export const getLinkSession = (client, signal) => client.request('GET', `${LINKS}/session`, { signal });

// Webhooks (extension `webhooks`)

const WEBHOOKS = '/v2/webhooks';

const webhookAction = (client, id, action, body) =>
  client.request('POST', `${WEBHOOKS}/${encode(id)}/actions/${action}`, { body });

export const listWebhooks = (client, project, signal) => all(client, WEBHOOKS, { query: { project }, signal });

/** @returns {Promise<Object>} The webhook, with its `secret`, which cannot be read again. */
export const createWebhook = (client, webhook) => client.request('POST', WEBHOOKS, { body: webhook });

export const updateWebhook = (client, id, changes) => client.request('PATCH', `${WEBHOOKS}/${encode(id)}`,
  { body: changes });

export const deleteWebhook = (client, id) => client.request('DELETE', `${WEBHOOKS}/${encode(id)}`);

export const enableWebhook = (client, id) => webhookAction(client, id, 'enable');

export const disableWebhook = (client, id) => webhookAction(client, id, 'disable');

/** @returns {Promise<Object>} The webhook, with its new `secret`, which cannot be read again. */
export const rotateSecret = (client, id) => webhookAction(client, id, 'rotate-secret', {});

/** @returns {Promise<{success: boolean, status?: number, error?: string}>} The result, even if the test fails. */
export const testWebhook = (client, id) => webhookAction(client, id, 'test');

/** @param {string} after The cursor after which the webhook continues. */
export const replayWebhook = (client, id, after) => webhookAction(client, id, 'replay', { after });

/** @returns {Promise<Object[]>} The abandoned events, most recent first. */
export const listDeliveries = (client, id) => all(client, `${WEBHOOKS}/${encode(id)}/deliveries`);

/** @param {string} event The id of an abandoned event. */
export const redeliver = (client, id, event) => webhookAction(client, id, 'redeliver', { event });

/** @returns {Promise<string>} The cursor at the end of the event log. */
export const lastEvent = async (client) =>
  (await client.request('GET', '/v2/events', { query: { after: 'latest' } })).next;
