// Functions that create elements without `innerHTML`: every text becomes a text node.

const SVG = 'http://www.w3.org/2000/svg';

/** Names that are set as properties of the element instead of attributes. */
const AS_PROPERTY = new Set(['value', 'checked', 'indeterminate', 'disabled', 'hidden', 'selected', 'open',
  'readOnly']);

/**
 * Creates an element.
 *
 * @param {string} tag
 * @param {Object} [props] `class`, `on` (event name → listener), `data` (dataset), properties in {@link AS_PROPERTY},
 *   and attributes. Values that are `null` or `undefined`, and attributes that are `false`, are omitted.
 * @param {...(Node|string|number|Array|null|false|undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined) continue;
    if (name === 'class') element.className = value;
    else if (name === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event,
      listener);
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (AS_PROPERTY.has(name)) element[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** SVG paths of the icons, in a square of 16 by 16 units. */
const ICONS = {
  account: 'M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8Zm-5 5.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4',
  alert: 'M8 2.2 14.3 13.3H1.7ZM8 6.5v3.2M8 11.4v.1',
  check: 'm3.5 8.5 3 3 6-7',
  chevron: 'm6 3.5 4.5 4.5L6 12.5',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.5',
  close: 'm4 4 8 8m0-8-8 8',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  download: 'M8 2.5v8m-3.5-3.2L8 10.8l3.5-3.5M2.8 13.5h10.4',
  edit: 'M10.5 3.2 12.8 5.5 6 12.3l-3 .7.7-3Z',
  external: 'M9.5 2.5h4v4m0-4-6 6m-1.5-5h-3.5v10h10V10',
  file: 'M4 1.8h5l3.2 3.2v9.2H4ZM9 1.8V5h3.2',
  folder: 'M1.8 12.8V3.5h4.4l1.5 1.8h6.5v7.5Z',
  grid: 'M2.5 2.5h4.5v4.5H2.5ZM9 2.5h4.5v4.5H9ZM2.5 9h4.5v4.5H2.5ZM9 9h4.5v4.5H9Z',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.3v3.5M8 5.2v.1',
  link:
    'M6.5 9.5 9.5 6.5' +
    'M7.5 4.8l1.3-1.3a2.6 2.6 0 0 1 3.7 3.7L11.2 8.5M8.5 11.2l-1.3 1.3a2.6 2.6 0 0 1-3.7-3.7L4.8 7.5',
  lock: 'M3.5 7.2h9v6.3h-9ZM5.5 7.2V5a2.5 2.5 0 0 1 5 0v2.2',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  monitor: 'M2 3h12v8H2ZM5.5 13.5h5M8 11v2.5',
  moon: 'M13.3 9.5A5.6 5.6 0 0 1 6.5 2.7a5.6 5.6 0 1 0 6.8 6.8Z',
  more: 'M3.5 8v.1M8 8v.1M12.5 8v.1',
  move: 'M2.5 8h10.5m-3.5-3.5L13 8l-3.5 3.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2 12.5 8 5 12.8Z',
  plus: 'M8 3v10M3 8h10',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.6h-2.6',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.3-1.2 3.2 3.2',
  server: 'M2.5 3h11v4h-11ZM2.5 9h11v4h-11ZM5 5v.1M5 11v.1',
  shield: 'M8 1.8 13 3.6v4c0 3-2 5.4-5 6.6-3-1.2-5-3.6-5-6.6v-4ZM5.7 7.8l1.7 1.7 3-3.3',
  signout: 'M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6',
  sort: 'M8 3v10M4.8 9.8 8 13l3.2-3.2',
  sun:
    'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9' +
    'M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  tag: 'M2.5 2.5h5l6 6-5 5-6-6ZM5.5 5.5v.1',
  trash: 'M2.8 4.5h10.4M6 4.5v-2h4v2M4.2 4.5l.6 9h6.4l.6-9',
  unlock: 'M3.5 7.2h9v6.3h-9ZM5.5 7.2V5a2.5 2.5 0 0 1 4.8-1',
  upload: 'M8 10.8v-8M4.5 6 8 2.5 11.5 6M2.8 13.5h10.4',
  users:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM1.8 13c.3-2.3 2-3.5 4.2-3.5s3.9 1.2 4.2 3.5' +
    'M10.5 3.1a2.3 2.3 0 0 1 0 4.3M12 9.8c1.3.5 2.1 1.6 2.3 3.2',
};

/**
 * Creates an icon that screen readers ignore. The label belongs to the element that contains the icon.
 *
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name] ?? ICONS.file);
  svg.append(path);
  return svg;
}

/**
 * Creates a button.
 *
 * @param {string} label The text of the button; with `iconOnly`, the tooltip and the text for screen readers.
 * @param {Object} options `icon`, `kind` ('primary', 'danger', 'quiet'), `iconOnly`, `on` (click listener), and
 *   properties of {@link h}.
 */
export function button(label, { icon: iconName, kind, iconOnly, on, ...props } = {}) {
  const classes = ['button', kind && `button-${kind}`, iconOnly && 'button-icon',
    props.class].filter(Boolean).join(' ');
  return h(
    'button',
    {
      type: 'button', ...props, class: classes, 'aria-label': iconOnly ? label : props['aria-label'],
      title: iconOnly ? label : props.title,
      on: on && { click: on },
    },
    iconName && icon(iconName), !iconOnly && h('span', null, label));
}

/**
 * Characters that are invisible or affect the display of the surrounding text: controls, zero-width and bidirectional
 * formatting characters, line separators, tags, and lone surrogates.
 */
const INVISIBLE = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f' +
    '\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ud800-\\udfff' +
    '\\u{e0000}-\\u{e0fff}]', 'gu');

/**
 * Creates an element with untrusted text, such as a file name. Invisible characters are replaced by their code points,
 * such as `U+202E`. The direction of the text does not affect its surroundings. With the class `text`, line breaks and
 * tabs are kept.
 *
 * @param {string} value
 * @param {string} [className]
 */
export function name(value, className = 'name') {
  const text = String(value);
  const element = h('bdi', { class: className });
  let end = 0;
  for (const match of text.matchAll(INVISIBLE)) {
    if (className === 'text' && (match[0] === '\n' || match[0] === '\t')) continue;
    element.append(text.slice(end, match.index), h('span', { class: 'codepoint' }, codePoint(match[0])));
    end = match.index + match[0].length;
  }
  element.append(text.slice(end));
  return element;
}

/** Returns untrusted text for titles, labels and messages, with code points in place of invisible characters. */
export function plainName(value) {
  return String(value).replace(INVISIBLE, (character) => `[${codePoint(character)}]`);
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

let ids = 0;

/** Returns an id that no other element has. */
export function uniqueID(prefix = 'id') {
  ids += 1;
  return `${prefix}-${ids}`;
}

/**
 * Draws a part of the page again, and then restores the keyboard focus to the control with the same label, or else to
 * `fallback`.
 *
 * @param {HTMLElement} container
 * @param {() => void} draw
 * @param {() => HTMLElement|null} [fallback]
 */
export function keepFocus(container, draw, fallback) {
  const before = document.activeElement;
  const label = before && container.contains(before) ? labelOf(before) : null;
  draw();
  if (label === null || container.contains(document.activeElement)) return;
  const same = [...container.querySelectorAll('button, a, input, summary')].find((control) =>
    labelOf(control) === label);
  (same ?? fallback?.())?.focus();
}

function labelOf(control) {
  return control.getAttribute('aria-label') ?? control.textContent;
}

/**
 * Creates a form field with a label.
 *
 * @param {string} label
 * @param {HTMLElement} control An input, textarea or select.
 * @param {{help?: string|Node}} [options]
 */
export function field(label, control, { help } = {}) {
  control.id ||= uniqueID('field');
  const note = help && h('p', { class: 'help', id: `${control.id}-help` }, help);
  if (note) control.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, note);
}

/**
 * Shows an error message below the control of a {@link field}, and moves the focus to the control. `null` removes the
 * message.
 *
 * @returns {undefined} so that `onSubmit` of a dialog can return the result, which keeps the dialog open
 */
export function setFieldError(control, message) {
  const id = `${control.id}-error`;
  const box = control.closest('.field');
  box.querySelector('.form-error')?.remove();
  const notes = (control.getAttribute('aria-describedby') ?? '').split(' ').filter((note) => note && note !== id);
  if (message) {
    box.append(h('div', { class: 'form-error', role: 'alert', id }, icon('alert'), h('span', null, message)));
    notes.push(id);
    control.setAttribute('aria-invalid', 'true');
    control.focus();
  } else {
    control.removeAttribute('aria-invalid');
  }
  if (notes.length > 0) control.setAttribute('aria-describedby', notes.join(' '));
  else control.removeAttribute('aria-describedby');
}
