import { digestOf } from './verify-pack.js';

/** Remembers photos that cost a process its life. */
export interface ImageStrikes {
  /** Counts one more loss against a photo and returns its losses so far. */
  add(bytes: Uint8Array): number;
  /** Returns a photo's losses; hashes it only while any photo at all is remembered. */
  count(bytes: Uint8Array): number;
  /** Forgets a photo that came through after all. */
  clear(bytes: Uint8Array): void;
}

/** Photos remembered at most; the oldest makes room. */
const MAX_REMEMBERED = 1_000;

/** After this a photo gets a new chance: the loss may have been the machine's. */
const FORGET_AFTER_MS = 600_000;

/** Returns an empty memory. `now`: milliseconds, of any origin. */
export function createImageStrikes(now: () => number = () => performance.now()): ImageStrikes {
  const strikes = new Map<string, { count: number; since: number }>();
  const read = (digest: string): number => {
    const found = strikes.get(digest);
    if (!found) return 0;
    if (now() - found.since < FORGET_AFTER_MS) return found.count;
    strikes.delete(digest);
    return 0;
  };
  return {
    add(bytes) {
      const digest = digestOf(bytes);
      const count = read(digest) + 1;
      strikes.delete(digest);
      strikes.set(digest, { count, since: now() });
      const oldest = strikes.keys().next();
      if (strikes.size > MAX_REMEMBERED && !oldest.done) strikes.delete(oldest.value);
      return count;
    },
    count: (bytes) => (strikes.size === 0 ? 0 : read(digestOf(bytes))),
    clear(bytes) {
      if (strikes.size > 0) strikes.delete(digestOf(bytes));
    },
  };
}
