// Addresses of the views, such as `#/projects/admin/uploads/files/6742…`.

/** The views by their name in the address. The module of a view is loaded when the view is first shown. */
export const ROUTES = {
  projects: { load: () => import('./views/projects.js') },
  files: { load: () => import('./views/files.js') },
  links: { load: () => import('./views/links.js') },
  webhooks: { load: () => import('./views/webhooks.js') },
  members: { load: () => import('./views/members.js') },
  settings: { load: () => import('./views/project-settings.js') },
  uploads: { load: () => import('./views/open-uploads.js') },
  server: { load: () => import('./views/server.js') },
  account: { load: () => import('./views/account.js') },
};

const PROJECT_VIEWS = new Set(['files', 'links', 'webhooks', 'members', 'settings']);

/**
 * Parses an address. Returns the list of projects for an address that does not name a view.
 *
 * @param {string} hash The fragment, with `#`.
 * @returns {{view: string, project?: string, folder?: string|null, query: URLSearchParams}}
 */
export function parseRoute(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split('?');
  const query = new URLSearchParams(search);
  const parts = path.split('/').filter(Boolean).map(decode);
  if (parts[0] === 'projects' && parts.length >= 3) {
    const view = PROJECT_VIEWS.has(parts[3]) ? parts[3] : 'files';
    return { view, project: `${parts[1]}/${parts[2]}`, folder: view === 'files' ? (parts[4] ?? null) : null, query };
  }
  return { view: parts[0] in ROUTES && !PROJECT_VIEWS.has(parts[0]) ? parts[0] : 'projects', query };
}

/** Returns the address of a view of a project, as a fragment with `#`. */
export function projectAddress(project, view = 'files', folder = null) {
  const id = project.split('/').map(encodeURIComponent).join('/');
  return `#/projects/${id}/${view}${folder ? `/${encodeURIComponent(folder)}` : ''}`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
