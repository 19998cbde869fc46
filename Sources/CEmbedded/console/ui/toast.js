// Short messages at the edge of the page, which screen readers also read aloud.

import { strings } from '../strings.js';
import { button, h, icon } from './dom.js';

const SECONDS = 6;

let area;
let polite;
let assertive;

/** Adds the live regions to the page. They must exist before the first message for screen readers to read it. */
export function startToasts() {
  polite = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
  assertive = h('div', { class: 'toasts', role: 'alert' });
  area = h('div', { class: 'toast-area' }, polite, assertive);
  document.body.append(area);
}

/**
 * Moves the messages into the topmost modal dialog, or back to the page if no dialog is open. Elements outside an open
 * dialog cannot be clicked, and screen readers ignore them. Must be called when a dialog is opened or closed.
 */
export function moveToasts() {
  const parent = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  if (area.parentElement !== parent) parent.append(area);
}

/**
 * Shows a message for a few seconds.
 *
 * @param {string|Node} message
 */
export function toast(message) {
  show(polite, message, 'check', SECONDS);
}

/**
 * Shows a message that stays until it is closed.
 *
 * @param {string|Node} message
 */
export function toastNotice(message) {
  show(polite, message, 'upload');
}

/**
 * Shows an error that stays until it is closed.
 *
 * @param {Error|string} error
 */
export function toastError(error) {
  show(assertive, error instanceof Error ? describe(error) : error, 'alert');
}

/** Runs `action`, and shows `message` if it succeeds or its error if it fails; returns whether it succeeded. */
export async function attempt(action, message) {
  try {
    await action();
    if (message) toast(message);
    return true;
  } catch (error) {
    if (error.name !== 'AbortError') toastError(error);
    return false;
  }
}

/** Returns the message of an error. For a server error, adds the request id, which also appears in the server's log. */
export function describe(error) {
  return error.requestID && error.status >= 500 ? `${error.message} ${strings.common.requestID(error.requestID)}`
    : error.message;
}

function show(region, message, iconName, seconds) {
  const text = message instanceof Node ? message.textContent : message;
  if ([...region.querySelectorAll('.toast-text')].some((shown) => shown.textContent === text)) return;
  const item = h('div', { class: `toast toast-${iconName}` }, icon(iconName),
    h('div', { class: 'toast-text' }, message));
  item.append(button(strings.common.dismiss, { icon: 'close', iconOnly: true, kind: 'quiet',
    on: () => item.remove() }));
  while (region.children.length >= 4) region.firstElementChild.remove();
  region.append(item);
  if (seconds) setTimeout(() => item.remove(), seconds * 1000);
}
