// The user, the user's tokens, and how to use this server with other clients.

import { strings } from '../strings.js';
import { fill, h, name } from '../ui/dom.js';
import { copyButton, snippet } from '../ui/snippet.js';
import { TokenList } from './tokens.js';

const t = strings.account;
/** Text that is shown instead of the token. The copied text contains the token. */
const HIDDEN = '••••••••';

export async function show({ app, signal, main }) {
  app.shell.setTitle(t.title);
  const tokens = new TokenList(app, signal);
  const endpoint = `${window.location.origin}/v2`;
  const project = app.project?.id ?? `${app.user.username}/…`;
  const commands = (token) => ({
    pontoon: [
      `export SB_API_ENDPOINT=${endpoint}`, `export SB_AUTH_TOKEN=${token}`, `pontoon upload --project ${project} data/`,
    ].join('\n'),
    curl: `curl -H "X-SBG-Auth-Token: ${token}" ${endpoint}/projects`,
    // With `url=`, the Python client refuses plain http unless `debug=True` is set.
    python: [
      'import sevenbridges', '',
      `api = sevenbridges.Api(url="${endpoint}", token="${token}"${endpoint.startsWith('http:') ? ', debug=True' : ''})`,
      `upload = api.files.upload("reads.bam", project="${project}")`, 'print(upload.status, upload.result())',
    ].join('\n'),
  });
  const shown = commands(HIDDEN);
  const copied = commands(app.client.token);
  fill(main, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('div', { class: 'head-row' }, h('h1', { tabindex: '-1' }, t.title))),
    h('div', { class: 'scroll' }, h('div', { class: 'content narrow' },
      h('dl', { class: 'facts' },
        h('dt', null, t.user), h('dd', null, name(app.user.username),
          copyButton(app.user.username, { iconOnly: true, label: t.copyUser })),
        h('dt', null, t.endpoint), h('dd', null, h('code', null, endpoint),
          copyButton(endpoint, { iconOnly: true, label: t.copyEndpoint })),
        h('dt', null, t.token), h('dd', null, h('code', null, HIDDEN),
          copyButton(app.client.token, { iconOnly: true, label: t.copyToken }))),
      tokens.element,
      h('h2', null, t.clients), h('p', { class: 'muted' }, t.clientsText),
      Object.keys(shown).map((key) => snippet(shown[key], { copy: copied[key], label: t.labels[key] })),
      h('p', null, t.more, ' ', h('a', { href: `${endpoint}/openapi.yaml`, download: 'pontoon-openapi.yaml' },
        t.openapi), '.')))));
  await tokens.refresh();
}
