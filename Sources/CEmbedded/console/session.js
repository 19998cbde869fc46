// The token of the signed-in user, and what the browser remembers between visits.

const TOKEN = 'pontoon.token';
const PREFIX = 'pontoon.';
/** Preferences that the browser does not store; they last until the page is closed. */
const unstored = new Map();

/**
 * Takes the token from an address such as `/#token=…`, and removes it there and in the history.
 *
 * @returns {string|null}
 */
export function tokenFromAddress() {
  const fragment = window.location.hash.replace(/^#/, '');
  if (!/(^|&)token=/.test(fragment)) return null;
  const token = new URLSearchParams(fragment).get('token');
  window.history.replaceState(null, '', window.location.pathname);
  return token?.trim() || null;
}

/** @returns {string|null} */
export function storedToken() {
  return read(area('sessionStorage')) ?? read(area('localStorage'));
}

/**
 * @param {string} token
 * @param {boolean} keep Whether to stay signed in after the browser is closed.
 */
export function storeToken(token, keep) {
  for (const storage of areas()) storage.removeItem(TOKEN);
  write(area(keep ? 'localStorage' : 'sessionStorage'), token);
}

/** Keeps the token of a link for this tab; a token that is kept on this computer stays. */
export function storeLinkToken(token) {
  write(area('sessionStorage'), token);
}

/** Removes a token that the server refused; a newer one of another tab stays. */
export function forgetToken(token) {
  for (const storage of areas()) if (read(storage) === token) storage.removeItem(TOKEN);
}

/** Removes everything that the console keeps in web storage: the token and the preferences. */
export function forget() {
  for (const storage of areas()) {
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
  }
}

/** Reads a preference, such as the theme. */
export function preference(key) {
  return unstored.get(key) ?? read(area('localStorage'), PREFIX + key);
}

/** Stores a preference; `null` removes it. */
export function setPreference(key, value) {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key);
    else window.localStorage.setItem(PREFIX + key, value);
  } catch {
    unstored.set(key, value);
  }
}

/** A web storage; null if the browser does not allow it, in which case even reading the property fails. */
function area(kind) {
  try {
    return window[kind];
  } catch {
    return null;
  }
}

function areas() {
  return [area('sessionStorage'), area('localStorage')].filter(Boolean);
}

function read(storage, key = TOKEN) {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

function write(storage, value) {
  try {
    storage?.setItem(TOKEN, value);
  } catch {
    // Without storage, the user is signed in until the page is closed.
  }
}
