// The token of the signed-in user, and what the browser remembers between visits.

const TOKEN = 'pontoon.token';
const PREFIX = 'pontoon.';

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
  return read(window.sessionStorage) ?? read(window.localStorage);
}

/**
 * @param {string} token
 * @param {boolean} keep Whether to stay signed in after the browser is closed.
 */
export function storeToken(token, keep) {
  clearToken();
  write(keep ? window.localStorage : window.sessionStorage, token);
}

function clearToken() {
  for (const storage of [window.sessionStorage, window.localStorage]) {
    try {
      storage.removeItem(TOKEN);
    } catch {
      // Storage is switched off; there is nothing to remove.
    }
  }
}

/** Removes everything that the console keeps in web storage: the token and the preferences. */
export function forget() {
  for (const storage of [window.sessionStorage, window.localStorage]) {
    try {
      for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
    } catch {
      // As above.
    }
  }
}

/** Reads a preference, such as the theme. */
export function preference(key) {
  return read(window.localStorage, PREFIX + key);
}

/** Stores a preference; `null` removes it. */
export function setPreference(key, value) {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key);
    else window.localStorage.setItem(PREFIX + key, value);
  } catch {
    // A preference that cannot be stored lasts until the page is closed.
  }
}

function read(storage, key = TOKEN) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

function write(storage, value) {
  try {
    storage.setItem(TOKEN, value);
  } catch {
    // Without storage, the user is signed in until the page is closed.
  }
}
