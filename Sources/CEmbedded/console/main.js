// Starts the console: signs in, draws the frame of the page, and shows the view that the address names.

import { Client } from './api/client.js';
import { getIndex, getUser } from './api/calls.js';
import { forget, forgetToken, storedToken, storeLinkToken, storeToken, tokenFromAddress } from './session.js';
import { strings } from './strings.js';
import { button, fill, h, icon, plainName } from './ui/dom.js';
import { startTheme } from './ui/theme.js';
import { startToasts, toast, toastError } from './ui/toast.js';
import { parseRoute, ROUTES } from './routes.js';
import { Shell } from './views/shell.js';
import { signIn } from './views/sign-in.js';

/** The console: the signed-in user, the client of the API, and the state that all views share. */
class App {
  constructor(root) {
    this.root = root;
    this.client = null;
    this.user = null;
    this.extensions = new Set();
    this.transfers = null;
    this.view = null;
    this.controller = null;
  }

  /** Signs in with the token in the address or the stored token; without a token, shows the sign-in page. */
  async start() {
    const token = tokenFromAddress();
    if (token) storeLinkToken(token);
    const known = token ?? storedToken();
    if (known) await this.connect(known, { fromAddress: Boolean(token) });
    else this.askForToken();
  }

  /**
   * Signs in with a token and draws the console, or shows why signing in failed.
   *
   * @returns {Promise<boolean>} Whether the user is signed in.
   */
  async connect(token, { fromAddress = false } = {}) {
    const client = new Client({ origin: window.location.origin, token });
    // The view's module is loaded while the server checks the token.
    targetOf(parseRoute(window.location.hash)).load().catch(() => {});
    try {
      const [user, index] = await Promise.all([getUser(client), getIndex(client)]);
      this.client = client;
      this.user = user;
      this.extensions = new Set(index.extensions ?? []);
    } catch (error) {
      if (error.status === 401) {
        forgetToken(token);
        this.askForToken(fromAddress ? strings.signIn.wrongLink : strings.signIn.wrong);
      } else {
        this.showFailure(error, () => this.connect(token, { fromAddress }));
      }
      return false;
    }
    client.addEventListener('unauthorized', () => this.#ended(), { once: true });
    this.shell = new Shell(this);
    fill(this.root, this.shell.element);
    if (fromAddress) toast(strings.signIn.signedInAs(plainName(this.user.username)));
    await this.route();
    this.shell.start();
    return true;
  }

  askForToken(message) {
    document.title = strings.signIn.pageTitle;
    fill(this.root, signIn({
      message,
      submit: async (token, keep) => {
        const client = new Client({ origin: window.location.origin, token });
        try {
          await getUser(client);
        } catch (error) {
          throw error.status === 401 ? new Error(strings.signIn.wrong) : error;
        }
        storeToken(token, keep);
        await this.connect(token);
      },
    }));
  }

  showFailure(error, retry) {
    document.title = strings.product;
    fill(this.root, h('main', { class: 'center-page' },
      h('div', { class: 'empty', role: 'alert' }, icon('alert'), h('h1', null, strings.failure.title),
        h('p', null, error.message),
        button(strings.common.tryAgain, { kind: 'primary', icon: 'retry', on: retry }))));
  }

  /** Signs the user out in all tabs; if `uploads` is set, also clears the journal of unfinished uploads. */
  async signOut({ uploads }) {
    tabs?.postMessage(this.user.username);
    await this.leave({ uploads });
  }

  /** Signs out in this tab and reloads the page. Removes the token first, so that no failure prevents its removal. */
  async leave({ uploads = false } = {}) {
    forget();
    this.client = null;
    this.controller?.abort();
    this.view?.dispose?.();
    fill(this.root);
    try {
      await this.transfers?.close({ forget: uploads });
    } finally {
      // Reloading the page also discards all data in memory.
      window.location.replace(window.location.pathname);
    }
  }

  /** Shows the sign-in page after the server has refused the token. After sign-in, the same view is shown again. */
  async #ended() {
    const { token } = this.client;
    for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
    this.controller?.abort();
    this.view?.dispose?.();
    this.view = null;
    await this.transfers?.close({ forget: false });
    // The next token may belong to another user with different permissions.
    Object.assign(this, { transfers: null, client: null, project: null, folders: null });
    forgetToken(token);
    this.askForToken(strings.signIn.ended);
  }

  /** Shows the view that the address names. */
  async route() {
    if (!this.client) return;
    this.controller?.abort();
    this.view?.dispose?.();
    this.view = null;
    const controller = new AbortController();
    this.controller = controller;
    const route = parseRoute(window.location.hash);
    this.shell.select(route);
    const { main } = this.shell;
    delete main.dataset.shown;
    try {
      const { show } = await targetOf(route).load();
      if (controller.signal.aborted) return;
      const view = await show({ app: this, route, signal: controller.signal, main });
      if (controller.signal.aborted) view?.dispose?.();
      else this.view = view;
    } catch (error) {
      if (controller.signal.aborted) return;
      this.showProblem(error);
    }
    if (controller.signal.aborted) return;
    if (this.routed) this.shell.focusHeading();
    this.routed = true;
    main.dataset.shown = window.location.hash;
  }

  /** Replaces a view with its error and a button to try again or, after 404, a link to the projects. */
  showProblem(error) {
    const missing = error.status === 404;
    this.shell.setTitle(missing ? strings.failure.missingTitle : strings.failure.title);
    fill(this.shell.main, h('div', { class: 'empty', role: 'alert' }, icon('alert'),
      h('h1', { tabindex: '-1' }, missing ? strings.failure.missingTitle : strings.failure.title),
      h('p', null, missing ? strings.failure.missing : error.message),
      missing
        ? h('a', { class: 'button', href: '#/projects' }, strings.failure.toProjects)
        : button(strings.common.tryAgain, { icon: 'retry', on: () => this.route() })));
  }
}

function targetOf(route) {
  return ROUTES[route.view] ?? ROUTES.projects;
}

/** Opens a channel to the other tabs. Returns null if the browser blocks channels; some block them with web storage. */
function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

startTheme();
startToasts();
const app = new App(document.getElementById('app'));
/** The channel on which signing out is announced to the user's other tabs; null if the browser blocks channels. */
const tabs = openChannel('pontoon-session');
tabs?.addEventListener('message', ({ data }) => app.client && app.user?.username === data && app.leave());
window.addEventListener('pageshow', (event) => event.persisted && !storedToken() && window.location.reload());
window.addEventListener('hashchange', () => {
  const token = tokenFromAddress();
  if (token) {
    storeLinkToken(token);
    window.location.reload();
  } else {
    app.route();
  }
});
window.addEventListener('unhandledrejection', (event) => {
  if (event.reason?.name === 'AbortError') event.preventDefault();
  else toastError(event.reason);
});
app.start();
