import { ApiError, errorOf, storageURL } from '../api/client.js';
import { network } from '../api/network.js';

/** Longest time without progress, in milliseconds. */
const STALL = 60_000;
/** Longest time without progress after sleep, in milliseconds; most connections are dead by then. */
const STALL_AFTER_WAKE = 10_000;
/** Longest wait for the response after all bytes were sent, in milliseconds: the storage first syncs them to disk. */
const RESPONSE = 180_000;

/**
 * Sends a part to its signed URL.
 *
 * `XMLHttpRequest` reports progress, unlike `fetch`, and reads a slice of a file without copying it into this process.
 *
 * @param {object} info part info: `url` and `headers`
 * @param {Blob | ArrayBuffer} body
 * @param {object} options
 * @param {(bytes: number) => void} [options.onProgress] called with the number of bytes sent so far
 * @returns {Promise<{ etag: string, checksum: string | null }>} ETag without quotes, and the CRC-64/NVME if the
 *   response has one
 * @throws {ApiError}
 */
export function put(info, body, { signal, onProgress } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    let limit = STALL;
    let timer = 0;
    let hasStalled = false;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hasStalled = true;
        request.abort();
      }, limit);
    };
    const wake = () => {
      limit = Math.min(limit, STALL_AFTER_WAKE);
      watch();
    };
    const abort = () => request.abort();
    const end = (act, value) => {
      clearTimeout(timer);
      network.removeEventListener('wake', wake);
      signal?.removeEventListener('abort', abort);
      act(value);
    };
    const fail = () => {
      if (signal?.aborted) return end(reject, signal.reason);
      const [code, message] = hasStalled
        ? ['timeout', 'The connection stalled.']
        : ['network', 'The storage cannot be reached, or the connection was lost.'];
      end(reject, new ApiError(0, code, message));
    };
    request.onload = () => {
      const headers = headersOf(request);
      const etag = headers.get('etag')?.replace(/^W\/|"/g, '');
      if (request.status !== 200) return end(reject, errorOf(request.status, headers, request.responseText));
      if (!etag) {
        const message = 'The response has no ETag, or the storage does not allow this page to read it.';
        return end(reject, new ApiError(502, 'etag_missing', message));
      }
      end(resolve, { etag, checksum: headers.get('x-amz-checksum-crc64nvme') });
    };
    request.onerror = fail;
    request.onabort = fail;
    if (onProgress) {
      request.upload.onprogress = ({ loaded }) => {
        limit = STALL;
        watch();
        onProgress(loaded);
      };
      request.upload.onload = () => {
        limit = RESPONSE;
        watch();
      };
    }
    network.addEventListener('wake', wake);
    signal?.addEventListener('abort', abort);
    request.open('PUT', storageURL(info.url));
    for (const [name, value] of Object.entries(info.headers ?? {})) request.setRequestHeader(name, value);
    watch();
    request.send(body);
  });
}

/** Returns all headers that the page may read; `getResponseHeader` would log an error for any other header. */
function headersOf(request) {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split('\r\n')) {
    const at = line.indexOf(': ');
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 2));
  }
  return headers;
}
