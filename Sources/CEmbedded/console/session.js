// Storage of the signed-in user's token and of preferences in the browser.

const TOKEN = 'pontoon.token';
const PREFIX = 'pontoon.';
/** Preferences that the browser refused to store. They are lost when the page is closed. */
const unstored = new Map();

/**
 * Returns the token in an address such as `/#token=…`, and removes it from the address and the history.
 *
 * @returns {string|null} null if the address has no token
 */
export function tokenFromAddress() {
  const fragment = window.location.hash.replace(/^#/, '');
  if (!/(^|&)token=/.test(fragment)) return null;
  const token = new URLSearchParams(fragment).get('token');
  window.history.replaceState(null, '', window.location.pathname);
  return token?.trim() || null;
}

/**
 * Returns the token of this tab, or else the token that is kept on this computer.
 *
 * @returns {string|null}
 */
export function storedToken() {
  return read(area('sessionStorage')) ?? read(area('localStorage'));
}

/**
 * Stores a token, which replaces all stored tokens.
 *
 * @param {string} token
 * @param {boolean} keep Whether to stay signed in after the browser is closed.
 */
export function storeToken(token, keep) {
  for (const storage of areas()) storage.removeItem(TOKEN);
  write(area(keep ? 'localStorage' : 'sessionStorage'), token);
}

/** Stores the token of a sign-in link for this tab; does not replace a token that is kept on this computer. */
export function storeLinkToken(token) {
  write(area('sessionStorage'), token);
}

/** Removes a token that the server refused. Keeps a different token, which another tab may have stored. */
export function forgetToken(token) {
  for (const storage of areas()) if (read(storage) === token) storage.removeItem(TOKEN);
}

/** Removes all data of the console from web storage: the token and the preferences. */
export function forget() {
  for (const storage of areas()) {
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
  }
}

/** Returns a preference, such as the theme; null if it is not set. */
export function preference(key) {
  return unstored.get(key) ?? read(area('localStorage'), PREFIX + key);
}

/** Stores a preference; `null` removes it. */
export function setPreference(key, value) {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key);
    else window.localStorage.setItem(PREFIX + key, value);
    unstored.delete(key);
  } catch {
    unstored.set(key, value);
  }
}

/** Returns a web storage; null if the browser denies access, in which case even reading the property throws. */
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
