// The frame around all views: navigation, theme, account, and the panel of running uploads.

import { strings } from '../strings.js';
import { button, fill, h, icon, name } from '../ui/dom.js';
import { openDialog } from '../ui/dialog.js';
import { setTheme, theme } from '../ui/theme.js';
import { toastError } from '../ui/toast.js';

export class Shell {
  constructor(app) {
    this.app = app;
    const t = strings.shell;
    this.main = h('main', { id: 'main', class: 'main', tabindex: '-1' });
    this.links = new Map();
    this.badge = h('span', { class: 'badge', hidden: true });
    const entry = (view, label, iconName, extra) => {
      const link = h('a', { class: 'nav-link', href: `#/${view}` }, icon(iconName), h('span', null, label), extra);
      this.links.set(view, link);
      return h('li', null, link);
    };
    this.nav = h('nav', { class: 'side', id: 'side', 'aria-label': t.navigation },
      h('a', { class: 'brand', href: '#/projects', 'aria-label': t.home },
        h('span', { class: 'brand-mark', 'aria-hidden': 'true' }),
        strings.product),
      h('ul', { class: 'nav-list' },
        entry('projects', strings.projects.title, 'grid'),
        entry('uploads', strings.openUploads.title, 'upload', this.badge),
        entry('server', strings.server.title, 'server'), entry('account', strings.account.title, 'account')),
      h('div', { class: 'side-foot' }, themeSwitch(),
        h('div', { class: 'who' }, h('span', { class: 'avatar', 'aria-hidden': 'true' },
          app.user.username.slice(0, 1).toUpperCase()),
          h('span', { class: 'who-name' }, name(app.user.username)),
          button(t.signOut, { icon: 'signout', iconOnly: true, kind: 'quiet', on: () => this.#signOut() }))));
    this.toggle = button(t.menu, {
      icon: 'menu', iconOnly: true, kind: 'quiet', 'aria-expanded': 'false', 'aria-controls': 'side',
      on: () => this.#openNav(!this.element.classList.contains('nav-open')),
    });
    this.dock = h('div', { class: 'dock' });
    this.element = h('div', { class: 'shell' },
      button(t.skip, { class: 'skip', on: () => this.main.focus() }),
      h('header', { class: 'top' }, this.toggle, h('a', { class: 'brand', href: '#/projects' },
        h('span', { class: 'brand-mark', 'aria-hidden': 'true' }), strings.product)),
      this.nav, h('div', { class: 'scrim', on: { click: () => this.#openNav(false) } }), this.main, this.dock);
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.element.classList.contains('nav-open')) {
        this.#openNav(false);
        this.toggle.focus();
      }
    });
  }

  /** Loads the uploader once the first view is drawn. */
  async start() {
    try {
      const { Transfers } = await import('./transfers.js');
      this.app.transfers = new Transfers(this.app, this.dock);
      await this.app.transfers.start();
    } catch (error) {
      toastError(error);
    }
  }

  /** Marks the navigation entry of a view, and shows a placeholder until the view is drawn. */
  select(route) {
    const view = this.links.has(route.view) ? route.view : 'projects';
    for (const [key, link] of this.links) {
      if (key === view) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    this.#openNav(false);
    fill(this.main, h('div', { class: 'skeleton', role: 'status', 'aria-label': strings.common.loading },
      h('div'), h('div'), h('div')));
  }

  setTitle(title) {
    this.title = title;
    document.title = `${title} · ${strings.product}`;
    this.app.transfers?.updateTitle();
  }

  setBadge(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 99 ? '99+' : String(count);
    this.badge.setAttribute('aria-label', strings.openUploads.badge(count));
  }

  focusHeading() {
    const heading = this.main.querySelector('h1');
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
  }

  #openNav(open) {
    this.element.classList.toggle('nav-open', open);
    this.toggle.setAttribute('aria-expanded', String(open));
    if (open) this.nav.querySelector('a')?.focus();
  }

  #signOut() {
    const t = strings.signOut;
    const uploads = h('input', { type: 'checkbox', id: 'forget-uploads' });
    const busy = this.app.transfers?.busy;
    openDialog({
      title: t.title,
      submit: t.submit,
      content: [
        h('p', null, busy ? t.busy : t.text),
        h('label', { class: 'check' }, uploads, h('span', null, t.uploads, h('small', null, t.uploadsHelp))),
      ],
      onSubmit: async () => {
        await this.app.signOut({ uploads: uploads.checked });
        return true;
      },
    });
  }
}

function themeSwitch() {
  const t = strings.shell.themes;
  const group = h('div', { class: 'segmented', role: 'group', 'aria-label': strings.shell.theme });
  const draw = () => fill(group, [['auto', 'monitor'], ['light', 'sun'], ['dark', 'moon']].map(([value, iconName]) =>
    button(t[value], {
      icon: iconName, iconOnly: true, kind: 'quiet', 'aria-pressed': String(theme() === value), data: { theme: value },
      on: () => {
        setTheme(value);
        draw();
        group.querySelector(`button[data-theme=${value}]`).focus();
      },
    })));
  draw();
  return group;
}
