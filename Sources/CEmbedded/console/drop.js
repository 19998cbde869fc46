// The page of an upload link: an uploader for people without an account.

import { ApiError, Client, errorOf } from './api/client.js';
import { getLinkSession } from './api/calls.js';
import { strings } from './strings.js';
import { chooseByInput, watchDrops } from './ui/choose.js';
import { button, field, fill, h, icon, name, plainName } from './ui/dom.js';
import { bytes, count, percent, plural, time } from './ui/format.js';
import { TabIcon, WakeLock } from './ui/progress.js';
import { startTheme } from './ui/theme.js';
import { startToasts, toastError } from './ui/toast.js';
import { Journal } from './upload/journal.js';
import { UploadQueue } from './upload/queue.js';
import { entriesFromDrop, entriesFromInput } from './upload/selection.js';
import { TransferPanel } from './views/transfer-panel.js';

const t = strings.drop;

class DropPage {
  constructor(root) {
    this.root = root;
    this.id = decodeURIComponent(window.location.pathname.split('/')[2] ?? '');
    this.secret = window.location.hash.replace(/^#/, '');
    this.key = `pontoon.link.${this.id}`;
  }

  async start() {
    if (!this.secret) return this.explain(t.incompleteTitle, t.incomplete);
    let session;
    try {
      session = await this.#earlier();
    } catch (error) {
      return this.#refuse(error);
    }
    session ??= await this.#begin({});
    if (session) await this.#open(session);
  }

  /** Returns the session that this tab began before a reload; null if there is none or its token is no longer valid. */
  async #earlier() {
    const token = read(this.key);
    if (!token) return null;
    try {
      return { ...await getLinkSession(new Client({ token })), token };
    } catch (error) {
      if (error.status !== 401) throw error;
      remove(this.key);
      return null;
    }
  }

  /** Signs in after showing a form for the name and the password. Returns null if the link cannot be used. */
  async #begin(body) {
    let problem;
    try {
      // The first call determines whether the link has a password, and so whether the form has a field for it.
      if (!('sender' in body)) return await this.#askSender(null, await this.#needsPassword());
      return await this.#post(body);
    } catch (error) {
      problem = error;
    }
    if (problem.status === 403) return this.#askSender(problem.message, true, body.sender);
    this.#refuse(problem);
    return null;
  }

  async #needsPassword() {
    try {
      this.preview = await this.#post({});
      return false;
    } catch (error) {
      if (error.status === 403) return true;
      throw error;
    }
  }

  async #post(body) {
    let response;
    let text;
    try {
      response = await fetch('/v2/upload_links/session', {
        method: 'POST', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
        headers: { 'Content-Type': 'application/json', 'X-Pontoon-Upload-Link': this.secret },
        body: JSON.stringify(body),
      });
      text = await response.text();
    } catch {
      throw new ApiError(0, 'network', t.unreachable);
    }
    if (!response.ok) throw errorOf(response.status, response.headers, text);
    return JSON.parse(text);
  }

  /** Shows a form for the sender's name and, if the link has a password, the password. Resolves with the session. */
  #askSender(message, withPassword, sender = '') {
    return new Promise((resolve) => {
      const who = h('input', { type: 'text', value: sender, maxlength: 100, autocomplete: 'name', id: 'sender',
        autofocus: true });
      const password = withPassword && h('input', { type: 'password', autocomplete: 'off', id: 'password',
        required: true });
      const error = h('div', { class: 'form-error', role: 'alert' },
        message && [icon('alert'), h('span', null, message)]);
      const send = button(t.begin, { kind: 'primary', type: 'submit', class: 'wide' });
      const form = h('form', { class: 'card sign-in', novalidate: true }, brand(),
        h('h1', null, this.preview ? name(this.preview.link.name) : t.title),
        this.preview?.link.note && h('p', { class: 'link-note' }, name(this.preview.link.note, 'text')),
        withPassword && field(t.password, password, { help: t.passwordHelp }),
        field(t.sender, who, { help: t.senderHelp }), error, send);
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        if (send.disabled) return;
        send.disabled = true;
        fill(error);
        const body = { sender: who.value.trim() || undefined, password: password ? password.value : undefined };
        try {
          // For a link without a password, the first call has already begun a session. It is used if no name is given.
          resolve(this.preview && !body.sender ? this.preview : await this.#post(body));
        } catch (problem) {
          if (problem.status === 404 || problem.status === 410) return this.#refuse(problem);
          fill(error, icon('alert'), h('span', null, reasonOf(problem)));
          (password || who).focus();
        } finally {
          send.disabled = false;
        }
      });
      fill(this.root, h('main', { class: 'center-page' }, form));
      requestAnimationFrame(() => (password || who).focus());
    });
  }

  #refuse(error) {
    if (error.status === 404) return this.explain(t.revokedTitle, t.revoked);
    if (error.status === 410) return this.explain(t.expiredTitle, error.message);
    if (error.status === 429) return this.explain(t.busyTitle, reasonOf(error), true);
    return this.explain(t.failedTitle, error.message, true);
  }

  explain(title, text, again = false) {
    document.title = `${title} · ${strings.product}`;
    fill(this.root, h('main', { class: 'center-page' },
      h('div', { class: 'card sign-in', role: 'alert' }, brand(), h('h1', null, title), h('p', null, text),
      again && button(strings.common.tryAgain, { icon: 'retry', on: () => this.start() }))));
  }

  /** Stores the session's token, and shows the page on which files are added and uploaded. */
  async #open(session) {
    this.session = session;
    write(this.key, session.token);
    const client = new Client({ token: session.token });
    this.client = client;
    this.journal = await Journal.open(`pontoon-link-${this.id}`);
    this.queue = new UploadQueue({ client, journal: this.journal });
    this.panel = new TransferPanel(this.queue, { inline: true });
    this.icon = new TabIcon();
    this.wakeLock = new WakeLock();
    const { link } = session;
    document.title = `${plainName(link.name)} · ${strings.product}`;
    this.limits = h('div', { class: 'link-limits' });
    this.#drawLimits();
    const choose = (folder) => async () => {
      const entries = entriesFromInput(await chooseByInput({ folder, multiple: true }));
      this.#add({ entries, problems: [] });
    };
    fill(this.root, h('main', { class: 'drop-page', id: 'main' }, brand(),
      h('h1', null, name(link.name)), link.note && h('p', { class: 'link-note' }, name(link.note, 'text')),
      session.sender && h('p', { class: 'muted' }, t.as, ' ', name(session.sender)), this.limits,
      h('div', { class: 'drop-zone' }, icon('upload'), h('p', { class: 'drop-zone-title' }, t.dropHere),
        h('p', { class: 'muted' }, t.or),
        h('div', { class: 'actions' }, button(strings.files.chooseFiles,
          { kind: 'primary', icon: 'file', on: choose(false) }),
          button(strings.files.chooseFolder, { icon: 'folder', on: choose(true) }))),
      this.panel.element, h('p', { class: 'muted small-print' }, t.privacy)));
    this.queue.addEventListener('change', (event) => this.#changed(event.detail?.items));
    this.queue.addEventListener('idle', () => this.#idle());
    client.addEventListener('unauthorized', () => this.#ended());
    window.addEventListener('beforeunload', (event) => {
      if (this.panel.state?.open) event.preventDefault();
    });
    watchDrops(new AbortController().signal, { label: () => link.name,
      drop: async (data) => this.#add(await entriesFromDrop(data)) });
  }

  #drawLimits() {
    const { link, expires } = this.session;
    const left = [
      link.files_left !== undefined && plural(link.files_left, t.filesLeft),
      link.bytes_left !== undefined && t.bytesLeft(bytes(link.bytes_left)),
    ].filter(Boolean);
    const full = link.files_left === 0 || link.bytes_left === 0;
    fill(this.limits, full ? h('p', { class: 'note', role: 'status' }, icon('alert'), t.full)
      : h('p', { class: 'muted' }, left.length > 0 && `${t.room(left.join(t.and))} `,
        t.until(time(link.expires ?? expires))));
  }

  #add({ entries, problems }) {
    if (problems.length > 0) toastError(problems.map((problem) => problem.message ?? problem).slice(0, 5).join(' '));
    if (entries.length === 0) return;
    const { link } = this.session;
    const size = entries.reduce((sum, { file }) => sum + file.size, 0);
    if (link.files_left !== undefined && entries.length > link.files_left) toastError(t.tooMany(count(entries.length),
      count(link.files_left)));
    else if (link.bytes_left !== undefined && size > link.bytes_left) toastError(t.tooLarge(bytes(size),
      bytes(link.bytes_left)));
    this.queue.add(entries, { conflict: 'fail', isLink: true, labels: () => ({}) });
    this.panel.draw();
  }

  #changed(items) {
    this.panel.draw(items);
    const { state } = this.panel;
    const title = `${plainName(this.session.link.name)} · ${strings.product}`;
    document.title = state.open ? `${percent(state.fraction, 1)}% · ${title}` : title;
    this.icon.show(state.open ? state.fraction : null, this.queue.totals.failed > 0);
    this.wakeLock.set(state.open > 0);
  }

  async #idle() {
    this.#changed();
    this.panel.announce(`${this.panel.state.title}. ${this.panel.state.detail}`);
    try {
      this.session = { ...this.session, ...await getLinkSession(this.client) };
      this.#drawLimits();
    } catch {
      // The limits are read again after the next uploads.
    }
  }

  /** Reports that the server refuses the token: the link was revoked or has expired, or the session has expired. */
  #ended() {
    remove(this.key);
    fill(this.limits, h('p', { class: 'note', role: 'alert' }, icon('alert'), t.ended,
      button(t.again, { class: 'small', on: () => window.location.reload() })));
  }
}

/** Returns the message of an error; after too many attempts, a message with the time to wait. */
function reasonOf({ status, retryAfter, message }) {
  return status === 429 && retryAfter ? t.busy(plural(Math.ceil(retryAfter / 60_000), t.minutes)) : message;
}

function brand() {
  return h('div', { class: 'brand brand-large' }, h('span', { class: 'brand-mark', 'aria-hidden': 'true' }),
    strings.product);
}

function read(key) {
  try {
    return window.sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    window.sessionStorage.setItem(key, value);
  } catch {
    // Without storage, a reload begins a new session.
  }
}

function remove(key) {
  try {
    window.sessionStorage.removeItem(key);
  } catch {
    // Without storage, there is nothing to remove.
  }
}

startTheme();
startToasts();
new DropPage(document.getElementById('app')).start().catch(toastError);
