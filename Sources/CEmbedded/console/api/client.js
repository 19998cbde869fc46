// A client of the API that retries calls.

import { backoff, network } from './network.js';

/** Longest wait for a response, in milliseconds. */
const TIMEOUT = 60_000;
/** Longest time for which a call is retried, in milliseconds. An upload survives a night without a connection. */
const LONGEST_OUTAGE = 24 * 3600_000;
/** Longest pause that a server may request, in milliseconds. */
const LONGEST_PAUSE = 900_000;
/** Longest pause before retrying a call without `onRetry`, in milliseconds: the user cannot see that the call waits. */
const LONGEST_SILENT_PAUSE = 10_000;
/** Maximum number of attempts after retryable errors other than an outage; see {@link ApiError#isOutage}. */
const ATTEMPTS = 6;
const PAGE = 100;

/** An error response of the API or the storage, or a request without a response (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 if there was no response
   * @param {number | string} code the platform's code; `network` or `timeout` if there was no response
   */
  constructor(status, code, message, { requestID = null, retryAfter = null } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.requestID = requestID;
    /** Requested pause in milliseconds; null if none. */
    this.retryAfter = retryAfter;
  }

  /** Whether no response arrived. */
  get isUnreachable() {
    return this.status === 0;
  }

  /** Whether a retry may succeed without action by a user; false for a full disk (503/8000). */
  get retryable() {
    if (this.status === 503) return this.code !== 8000;
    if ([0, 408, 429].includes(this.status) || (this.status === 409 && this.code === 8008)) return true;
    return this.status >= 500 && ![501, 505].includes(this.status);
  }

  /** Whether the server or network is unavailable. Retries are then limited only by the caller and LONGEST_OUTAGE. */
  get isOutage() {
    return [0, 429, 502, 503, 504].includes(this.status) && this.retryable;
  }
}

/** Creates the error for a response, from its body as text. */
export function errorOf(status, headers, text) {
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // S3 responds in XML, proxies in HTML.
    body = {
      message: /<Message>([^<]{1,500})<\/Message>/.exec(text)?.[1],
      code: /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1],
    };
  }
  const message = body?.message ?? `The server responded with status ${status}.`;
  return new ApiError(status, body?.code ?? `http_${status}`, message, {
    requestID: headers.get('x-request-id'),
    retryAfter: pauseOf(status, headers),
  });
}

function pauseOf(status, headers) {
  const seconds = Number(headers.get('retry-after') ?? NaN);
  if (Number.isFinite(seconds)) return Math.min(seconds * 1000, LONGEST_PAUSE);
  const reset = status === 429 ? Number(headers.get('x-ratelimit-reset') ?? NaN) * 1000 - Date.now() : NaN;
  return Number.isFinite(reset) ? Math.max(0, Math.min(reset, LONGEST_PAUSE)) : null;
}

/**
 * A client of the API with one token. Dispatches `unauthorized` when the server refuses the token.
 */
export class Client extends EventTarget {
  #index = null;

  /**
   * @param {object} options
   * @param {string} [options.origin] scheme, host and port of the server; by default those of the page
   * @param {string | null} [options.token] a user's token, or the session token of an upload link
   */
  constructor({ origin = location.origin, token = null } = {}) {
    super();
    this.origin = origin;
    this.token = token;
    /** Difference between the server's clock and the local one, in milliseconds. */
    this.clockSkew = 0;
  }

  /** Returns the names of the server's extensions. Requests them only once. */
  async extensions(options) {
    this.#index ??= this.request('GET', '/v2/', options).then(
      (index) => new Set(index?.extensions ?? []),
      (error) => {
        this.#index = null;
        throw error;
      },
    );
    return this.#index;
  }

  /**
   * Makes a call and returns the JSON of its response; null if the response has no body.
   *
   * @param {string} method
   * @param {string} path path on the server, such as `/v2/user`
   * @param {object} [options]
   * @param {Record<string, unknown>} [options.query] parameters; undefined and null are omitted, and an array
   *   becomes one parameter per element
   * @param {unknown} [options.body] value to send as JSON
   * @param {AbortSignal} [options.signal]
   * @param {boolean} [options.idempotent] whether the call may be repeated; by default, unless it is a POST
   * @param {number} [options.attempts] maximum number of attempts, for at most a day in total
   * @param {(error: ApiError, milliseconds: number) => void} [options.onRetry] called before each pause
   * @param {number} [options.timeout] longest wait for the response in milliseconds
   * @throws {ApiError}
   */
  async request(method, path, options = {}) {
    return (await this.response(method, path, options)).body;
  }

  /** Like {@link request}, but returns `{ body, headers }`. */
  async response(method, path, options = {}) {
    const { signal, onRetry, idempotent = method !== 'POST', attempts = 4 } = options;
    const began = Date.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(method, path, options);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 401) this.dispatchEvent(new CustomEvent('unauthorized', { detail: { error } }));
        const limit = error.isOutage ? attempts : Math.min(attempts, ATTEMPTS);
        const mayRepeat = idempotent || error.status === 429 || error.status === 503;
        if (!error.retryable || !mayRepeat || attempt >= limit || Date.now() - began > LONGEST_OUTAGE) throw error;
        const pause = Math.max(error.retryAfter ?? 0, backoff(attempt));
        if (!onRetry && pause > LONGEST_SILENT_PAUSE) throw error;
        onRetry?.(error, pause);
        await network.pause(pause, signal);
      }
    }
  }

  async #attempt(method, path, { query, body, signal, timeout = TIMEOUT }) {
    const headers = { Accept: 'application/json' };
    if (this.token) headers['X-SBG-Auth-Token'] = this.token;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeout);
    const abort = () => limit.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    try {
      const response = await fetch(`${this.origin}${path}${queryString(query)}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: limit.signal,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
      });
      const date = Date.parse(response.headers.get('date') ?? '');
      if (Number.isFinite(date)) this.clockSkew = date - Date.now();
      const text = await response.text();
      if (!response.ok) throw errorOf(response.status, response.headers, text);
      return { body: text === '' ? null : JSON.parse(text), headers: response.headers };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (signal?.aborted) throw signal.reason;
      if (limit.signal.aborted) {
        throw new ApiError(0, 'timeout', `The server did not respond within ${timeout / 1000} s.`);
      }
      if (error instanceof SyntaxError) throw new ApiError(502, 'response_unreadable', 'The response is not JSON.');
      throw new ApiError(0, 'network', 'The server cannot be reached.');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Iterates over the pages of a list: `{ items, total }`.
   *
   * Lists of files that start at `/v2/files/scroll` skip or repeat no entries when files change during the iteration.
   */
  async *pages(path, { query = {}, signal } = {}) {
    let next = { path, query: { limit: PAGE, ...query } };
    while (next) {
      const { body, headers } = await this.response('GET', next.path, { query: next.query, signal });
      const total = Number(headers.get('x-total-matching-query') ?? NaN);
      yield { items: body.items, total: Number.isFinite(total) ? total : null };
      const link = body.links?.find((entry) => entry.rel === 'next');
      const following = link && linkTarget(link.href);
      if (following && JSON.stringify(following) === JSON.stringify(next)) return;
      next = following;
    }
  }
}

/** Returns the path and the query of a link. Ignores the host, so that the token is never sent to another server. */
function linkTarget(href) {
  const url = new URL(href, location.origin);
  const query = {};
  for (const [key, value] of url.searchParams) query[key] = key in query ? [query[key], value].flat() : value;
  return { path: url.pathname, query };
}

function queryString(query = {}) {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/**
 * Returns a signed URL of this server with the host of the page, and any other URL unchanged.
 *
 * Signed URLs of the disk store name the server's public host, but the page may have been opened under another host,
 * such as `localhost`. The signature does not cover the host, and the page's policy allows only the page's own host.
 */
export function storageURL(text) {
  const url = new URL(text);
  const isOurs = url.pathname.startsWith('/storage/') && url.searchParams.has('signature');
  return isOurs ? location.origin + url.pathname + url.search : text;
}
