import { UploadProblem, explain } from './problems.js';

/** Reasons for which a running item is stopped. */
export const PAUSED = Symbol('paused');
export const CANCELLED = Symbol('cancelled');

/**
 * Sets the state of an item whose upload was stopped, by the user or by an error.
 *
 * @param {object} context `abort` (aborts an upload on the server), `journal`, and `isTakenOver` (whether a newer item
 *   continues the upload of an item)
 * @param {unknown} reason {@link PAUSED}, {@link CANCELLED} or an error
 */
export function stop(item, context, reason) {
  // An item that was resumed in the meantime stays `waiting`.
  if (reason === PAUSED) return item.state === 'waiting' ? undefined : item.enter('paused');
  if (reason === CANCELLED) return cancel(item, context);
  const isLimit = item.options.isLink && reason.status === 409 && reason.code === 90007;
  const explained = explain(isLimit ? new UploadProblem('limitReached') : reason);
  if (reason.status === 401) return item.enter('paused', explained);
  if (explained.code === 'fileChanged') {
    // The file may become readable again, for example when its disk is reconnected. The stored parts are then compared
    // with the file.
    item.progress = null;
    item.setSent(0);
  }
  item.enter('failed', explained);
}

/** Cancels an item that is not running. */
export function cancel(item, context) {
  discard(item, context);
  item.setSent(0);
  item.enter('cancelled');
}

/** Aborts the upload of an item, if it has one, and removes it from the journal. */
function discard(item, { abort, journal, isTakenOver }) {
  // If the same file was added again, the newer item continues the upload.
  if (!isTakenOver(item)) {
    if (item.uploadID) void abort(item.uploadID);
    journal.forget(item.key);
  }
  item.uploadID = null;
  item.progress = null;
  item.isChosen = false;
}
