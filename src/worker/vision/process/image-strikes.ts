/** Counts the processes lost to each photo, identified by the SHA-256 of its bytes. */
export interface ImageStrikes {
  /** Adds a loss and returns the photo's losses so far. */
  add(digest: string): number;
  /** True if no photo has losses. */
  isEmpty(): boolean;
  /** Returns a photo's losses. */
  count(digest: string): number;
  /** Forgets a photo that succeeded after all. */
  clear(digest: string): void;
}

/** Photos remembered at most; the oldest is forgotten first. */
const MAX_REMEMBERED = 1_000;

/** After this time a photo gets a new chance, because the machine may have caused the loss. */
const FORGET_AFTER_MS = 600_000;

/** Returns an empty record. `now`: milliseconds from any origin. */
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
    isEmpty() {
      // The oldest is first.
      for (const [digest, { since }] of strikes) {
        if (now() - since < FORGET_AFTER_MS) return false;
        strikes.delete(digest);
      }
      return true;
    },
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
