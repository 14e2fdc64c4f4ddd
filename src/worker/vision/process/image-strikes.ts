/** Remembers photos that cost a process its life, by the SHA-256 of their bytes. */
export interface ImageStrikes {
  /** Counts one more loss against a photo and returns its losses so far. */
  add(digest: string): number;
  /** Returns a photo's losses. */
  count(digest: string): number;
  /** Forgets a photo that came through after all. */
  clear(digest: string): void;
}

/** Photos remembered at most; the oldest makes room. */
const MAX_REMEMBERED = 1_000;

/** After this a photo gets a new chance: the loss may have been the machine's. */
const FORGET_AFTER_MS = 600_000;

/** Returns an empty memory. `now`: milliseconds, of any origin. */
export function createImageStrikes(now: () => number = () => performance.now()): ImageStrikes {
  const strikes = new Map<string, { count: number; since: number }>();
  const count = (digest: string): number => {
    const found = strikes.get(digest);
    if (!found) return 0;
    if (now() - found.since < FORGET_AFTER_MS) return found.count;
    strikes.delete(digest);
    return 0;
  };
  return {
    add(digest) {
      const losses = count(digest) + 1;
      strikes.delete(digest);
      strikes.set(digest, { count: losses, since: now() });
      const oldest = strikes.keys().next();
      if (strikes.size > MAX_REMEMBERED && !oldest.done) strikes.delete(oldest.value);
      return losses;
    },
    count,
    clear(digest) {
      strikes.delete(digest);
    },
  };
}
