// The light and dark themes. The console follows the system unless the user chooses one.

import { preference, setPreference } from '../session.js';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

/** @returns {'auto'|'light'|'dark'} */
export function theme() {
  const chosen = preference('theme');
  return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
}

/** @param {'auto'|'light'|'dark'} value */
export function setTheme(value) {
  setPreference('theme', value === 'auto' ? null : value);
  apply();
}

/** Applies the theme, now and whenever the theme of the system changes. */
export function startTheme() {
  dark.addEventListener('change', apply);
  apply();
}

function apply() {
  const value = theme();
  document.documentElement.dataset.theme = value === 'auto' ? (dark.matches ? 'dark' : 'light') : value;
}
