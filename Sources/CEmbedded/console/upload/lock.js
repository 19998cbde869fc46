/**
 * Runs a function under a lock that all tabs of this browser share; waits while another tab holds it.
 *
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {() => void} onWait called if another tab holds the lock
 * @param {(hasWaited: boolean) => Promise<T>} body receives whether another tab held the lock
 * @template T
 */
export async function withLock(name, signal, onWait, body) {
  // Only secure origins (https, or http on this computer) have locks. Other pages run without a lock.
  if (!navigator.locks) return body(false);
  let isAllowed = false;
  let attempt;
  try {
    attempt = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      isAllowed = true;
      return lock ? { result: await body(false) } : null;
    });
  } catch (error) {
    if (isAllowed) throw error;
    // A browser that blocks storage also blocks locks.
    return body(false);
  }
  if (attempt) return attempt.result;
  onWait();
  return navigator.locks.request(name, { signal }, () => body(true));
}
