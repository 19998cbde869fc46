// The health, limits and extensions of the server, as its API reports them.

import { getIndex, getRateLimit } from '../api/calls.js';
import { strings } from '../strings.js';
import { fill, h, icon, name } from '../ui/dom.js';
import { count, time } from '../ui/format.js';

const t = strings.server;
const PAUSE = 5000;
/** The limit that the server reports if there is none. */
const NO_LIMIT = 2_147_483_647;

export async function show({ app, signal, main }) {
  app.shell.setTitle(t.title);
  const health = h('section', { class: 'card', 'aria-labelledby': 'health' });
  const limits = h('section', { class: 'card', 'aria-labelledby': 'limits' });
  const abilities = h('section', { class: 'card', 'aria-labelledby': 'abilities' });
  const index = await getIndex(app.client, signal);
  const extensions = index.extensions ?? [];
  fill(abilities, h('h2', { id: 'abilities' }, t.abilities), h('p', { class: 'muted' }, t.abilitiesText),
    h('dl', { class: 'facts' }, extensions.map((extension) => [
      h('dt', null, h('code', null, name(extension))), h('dd', null, t.extensions[extension] ?? t.otherExtension),
    ])));
  fill(main, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('div', { class: 'head-row' }, h('h1', { tabindex: '-1' }, t.title))),
    h('div', { class: 'scroll', role: 'region', 'aria-label': t.title, tabindex: '0' },
      h('div', { class: 'content cards' }, health, limits, storage(extensions),
      abilities))));

  async function check() {
    const began = performance.now();
    const [ready, rate] = await Promise.all([readiness(signal), getRateLimit(app.client, signal).catch(() => null)]);
    const milliseconds = Math.round(performance.now() - began);
    if (signal.aborted) return;
    const good = ready.status === 'ready';
    fill(health, h('h2', { id: 'health' }, t.health),
      h('p', { class: `health ${good ? 'health-good' : 'health-bad'}`, role: 'status' }, icon(good ? 'check' : 'alert'),
        h('strong', null, good ? t.ready : t.reasons[ready.reason] ?? t.notReady)),
      h('dl', { class: 'facts' }, h('dt', null, t.address), h('dd', null, h('code', null, window.location.origin)),
        h('dt', null, t.response), h('dd', null, t.milliseconds(count(milliseconds))),
        h('dt', null, t.checked), h('dd', null, time(new Date().toISOString(), { seconds: true }))));
    drawRate(limits, rate);
  }

  await check();
  let timer = setTimeout(tick, PAUSE);
  async function tick() {
    if (!document.hidden) await check();
    if (!signal.aborted) timer = setTimeout(tick, PAUSE);
  }
  return { dispose: () => clearTimeout(timer) };
}

async function readiness(signal) {
  try {
    const response = await fetch('/readyz', { signal, credentials: 'omit', cache: 'no-store' });
    return await response.json();
  } catch {
    return { status: 'unavailable', reason: 'unreachable' };
  }
}

function drawRate(card, limit) {
  const rate = limit?.rate;
  const none = !rate || rate.limit >= NO_LIMIT;
  fill(card, h('h2', { id: 'limits' }, t.limits),
    none ? h('p', null, rate ? t.noLimit : t.limitUnknown) : h('dl', { class: 'facts' },
    h('dt', null, t.limit), h('dd', null, t.calls(count(rate.limit))), h('dt', null, t.remaining),
    h('dd', null, t.calls(count(rate.remaining))),
    h('dt', null, t.reset), h('dd', null, time(new Date(rate.reset * 1000).toISOString(), { seconds: true }))));
}

function storage(extensions) {
  const disk = extensions.includes('upload_contents');
  return h('section', { class: 'card', 'aria-labelledby': 'storage' }, h('h2', { id: 'storage' }, t.storage),
    h('p', null, disk ? t.onDisk : t.inBucket), h('p', { class: 'muted' }, t.storageText));
}

