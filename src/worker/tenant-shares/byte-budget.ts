/** The memory of one photo within the budget. */
export interface ByteClaim {
  /**
   * Resolves once `bytes` are reserved; they replace what the claim held before.
   * @throws the signal's reason if it aborts first.
   */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  /** Returns the memory that the photo does not need after all. */
  shrinkTo(bytes: number): void;
  /** Returns everything; safe to call again. */
  release(): void;
}

/** Limits the memory of photos that are being downloaded or wait for their analysis. */
export interface ByteBudget {
  readonly used: number;
  claim(tenant: string): ByteClaim;
}

interface Waiter {
  readonly tenant: string;
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * Returns a budget of `total` bytes. A tenant may hold as much as remains free, so a single tenant gets half, and the
 * first photo of another always fits in the end. A photo larger than the budget counts as the whole of it.
 */
export function createByteBudget(total: number): ByteBudget {
  const held = new Map<string, number>();
  const waiting = new Set<Waiter>();
  let used = 0;

  const change = (tenant: string, by: number): void => {
    used += by;
    const own = (held.get(tenant) ?? 0) + by;
    if (own > 0) held.set(tenant, own);
    else held.delete(tenant);
    if (by < 0) grantWaiting();
  };
  const fits = (tenant: string, bytes: number): boolean => {
    const [own, free] = [held.get(tenant) ?? 0, total - used];
    return bytes <= free && (own === 0 || own + bytes <= free);
  };
  const grantWaiting = (): void => {
    for (const waiter of waiting) {
      if (!fits(waiter.tenant, waiter.bytes)) continue;
      waiting.delete(waiter);
      waiter.grant();
    }
  };
  const wait = (waiter: Omit<Waiter, 'grant'>, signal: AbortSignal, take: () => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const grant = (): void => {
        signal.removeEventListener('abort', leave);
        take();
        resolve();
      };
      const entry: Waiter = { ...waiter, grant };
      const leave = (): void => {
        waiting.delete(entry);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(entry);
    });

  return {
    get used() {
      return used;
    },
    claim: (tenant) => {
      let own = 0;
      const setOwn = (bytes: number): void => {
        const by = bytes - own;
        own = bytes;
        change(tenant, by);
      };
      return {
        take: async (wanted, signal) => {
          signal.throwIfAborted();
          setOwn(0);
          const bytes = Math.min(wanted, total);
          if (fits(tenant, bytes)) setOwn(bytes);
          else await wait({ tenant, bytes }, signal, () => setOwn(bytes));
        },
        shrinkTo: (bytes) => setOwn(Math.min(own, bytes)),
        release: () => setOwn(0),
      };
    },
  };
}
