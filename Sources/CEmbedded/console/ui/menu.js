// Menus, based on the native popover, which closes when the user clicks elsewhere or presses Escape.

import { h, icon, uniqueID } from './dom.js';

/**
 * Opens a menu next to an element.
 *
 * @param {HTMLElement} anchor The element next to the menu. It gets the focus when the menu closes.
 * @param {string} label
 * @param {({label: string, icon?: string, danger?: boolean, action: () => void}|null)[]} items `null` is a separator.
 */
export function openMenu(anchor, label, items) {
  const menu = h('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': label, id: uniqueID('menu') });
  for (const item of items) {
    if (!item) {
      menu.append(h('hr', { role: 'separator' }));
      continue;
    }
    menu.append(h('button', {
      type: 'button', role: 'menuitem', tabindex: '-1', class: item.danger ? 'menu-item menu-danger' : 'menu-item',
      on: {
        click: () => {
          menu.hidePopover();
          item.action();
        },
      },
    }, icon(item.icon ?? 'chevron'), h('span', null, item.label)));
  }
  menu.addEventListener('keydown', (event) => moveFocus(event, menu));
  menu.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    anchor.setAttribute('aria-expanded', 'false');
    if (menu.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
    menu.remove();
  });
  (anchor.closest('dialog') ?? document.body).append(menu);
  menu.showPopover();
  place(menu, anchor);
  anchor.setAttribute('aria-expanded', 'true');
  menu.querySelector('[role=menuitem]')?.focus();
}

/** Makes a button open a menu. `items` is called each time, and returns the items of the menu. */
export function menuButton(element, label, items) {
  element.setAttribute('aria-haspopup', 'menu');
  element.setAttribute('aria-expanded', 'false');
  element.addEventListener('click', (event) => {
    event.stopPropagation();
    openMenu(element, label, items());
  });
  return element;
}

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const width = menu.offsetWidth;
  const height = menu.offsetHeight;
  const below = box.bottom + 4 + height <= window.innerHeight;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(box.right - width, window.innerWidth - width - 8))}px`;
}

function moveFocus(event, menu) {
  const items = [...menu.querySelectorAll('[role=menuitem]')];
  const current = items.indexOf(document.activeElement);
  const targets = {
    ArrowDown: (current + 1) % items.length,
    ArrowUp: (current - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  if (event.key === 'Tab') {
    menu.hidePopover();
  } else if (event.key in targets) {
    event.preventDefault();
    items[targets[event.key]].focus();
  }
}
