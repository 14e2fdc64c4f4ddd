const NAME = 'face-verification-demo';

/**
 * What the page needs to look the same after a reload or a link: the fragment that it was opened with, the request in the
 * form, and the last job with its request. No key, no photo and no answer: the service keeps those it may keep.
 * @typedef {{ fragment?: string, fields?: Record<string, unknown>, jobId?: string | undefined, asked?: any }} PageState
 */

/**
 * Returns the state of this tab. The browser erases it when the tab is closed.
 * @returns {PageState}
 */
export function readState() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? '{}');
  } catch {
    return {}; // A browser can forbid storage. The page then forgets.
  }
}

/** @param {PageState} change */
export function saveState(change) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ ...readState(), ...change }));
  } catch {
    return; // As above.
  }
}
