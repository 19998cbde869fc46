import { ApiError } from '../api/client.js';
import { fill, upload as texts } from './strings.js';

/** A failure that one of the texts in strings.js explains. */
export class UploadProblem extends Error {
  /**
   * @param {string} code key of the text
   * @param {Record<string, unknown>} [values] values of its placeholders
   */
  constructor(code, values = {}) {
    super(code);
    this.name = 'UploadProblem';
    this.code = code;
    this.values = values;
  }
}

/** Explains an error to the user: `{ title, advice, code }`. */
export function explain(error) {
  const key = error instanceof UploadProblem ? error.code : keyOf(error);
  const [title, advice] = texts[key] ?? texts.unexpected;
  const values = { message: messageOf(error), ...error.values };
  return { title: fill(title, values), advice: fill(advice, values), code: key };
}

/** Explains why the upload waits for the server. */
export function explainOutage(error) {
  if (!navigator.onLine) return explain(new UploadProblem('offline'));
  return explain(new UploadProblem(error.isUnreachable || error.status >= 502 ? 'unavailable' : 'busy'));
}

function keyOf(error) {
  if (error instanceof DOMException) return 'fileChanged';
  if (!(error instanceof ApiError)) return 'unexpected';
  const { status, code } = error;
  if (status === 401) return 'signedOut';
  if ((status === 503 && code === 8000) || status === 507) return 'diskFull';
  if (status === 409 && code === 90007) return 'noSpace';
  if (status === 409 && code === 8005) return 'nameTaken';
  if (status === 409 && code === 5030) return 'folderTaken';
  if (status === 404 && [3002, 5002, 5026].includes(code)) return 'destinationMissing';
  if (status === 404) return 'uploadMissing';
  if (status === 403 && [8001, 8002, 5001, 3001].includes(code)) return 'forbidden';
  if (status === 403) return 'urlRefused';
  return 'unexpected';
}

function messageOf(error) {
  const request = error.requestID ? ` (request ${error.requestID})` : '';
  return `${error.message}${request}`;
}
