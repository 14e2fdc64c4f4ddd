/** Time between the returns of two postponed jobs of one tenant, ms. */
const RETURN_SPACING_MS = 20;
/** Shortest time for which a job is postponed, ms. */
const MIN_POSTPONED_MS = 250;

/** Whose share a job uses: that of its tenant, and of each host of its photos within the tenant. */
export interface JobOwner {
  readonly tenant: string;
  readonly hosts: readonly string[];
}

/** The slow fetches of one job. */
export interface SlowJob {
  /** Reports that a fetch from this host is slow. */
  enter(host: string): void;
  /** Reports that the fetch has ended. */
  leave(host: string): void;
}

/**
 * The jobs that wait for slow hosts. Each gives up its place in the worker while it waits, so that slow hosts never
 * occupy the places in which photos are analysed.
 */
export interface SlowJobs {
  readonly limit: number;
  readonly count: number;
  /** Calls `listener` after every change of `count`. */
  watch(listener: () => void): void;
  /** Follows one job, which is slow while one of its fetches is. */
  follow(tenant: string): SlowJob;
  /**
   * Returns how long to postpone a job whose tenant, or one of whose hosts within the tenant, has used up its share of
   * slow jobs, ms; undefined if it may start.
   */
  waitFor(owner: JobOwner): number | undefined;
}

/**
 * Tracks up to `limit` slow jobs; with 0, no job is ever postponed. A tenant may have as many slow jobs as places are
 * free, one host of that tenant half as many. So one tenant takes half of the limit, two take a third each, and there
 * is always room for another tenant's first slow job. `now`: a clock in ms.
 * @see Choudhury, Hahne: Dynamic queue length thresholds for shared-memory packet switches, 1998.
 */
export function createSlowJobs(limit: number, now: () => number): SlowJobs {
  const held = new Map<string, number>();
  const nextReturn = new Map<string, number>();
  const listeners: (() => void)[] = [];
  let count = 0;

  const change = (tenant: string, by: number): void => {
    changeCount(held, tenant, by);
    count += by;
    for (const listener of listeners) listener();
  };
  const isFull = (key: string, room: number): boolean => (held.get(key) ?? 0) >= Math.max(1, room);

  return {
    limit,
    get count() {
      return count;
    },
    watch: (listener) => void listeners.push(listener),
    follow: (tenant) => {
      const fetches = new Map<string, number>();
      return {
        enter: (host) => {
          const first = fetches.size === 0;
          if (changeCount(fetches, host, 1) === 1) changeCount(held, hostKey(tenant, host), 1);
          if (first) change(tenant, 1);
        },
        leave: (host) => {
          if (changeCount(fetches, host, -1) === 0) changeCount(held, hostKey(tenant, host), -1);
          if (fetches.size === 0) change(tenant, -1);
        },
      };
    },
    waitFor: ({ tenant, hosts }) => {
      const free = limit - count;
      const full = isFull(tenant, free) || hosts.some((host) => isFull(hostKey(tenant, host), free / 2));
      if (limit === 0 || !full) {
        nextReturn.delete(tenant);
        return undefined;
      }
      const returnAt = Math.max(now() + MIN_POSTPONED_MS, (nextReturn.get(tenant) ?? 0) + RETURN_SPACING_MS);
      nextReturn.set(tenant, returnAt);
      return returnAt - now();
    },
  };
}

/** Returns the new count, and forgets counts of zero. */
function changeCount(counts: Map<string, number>, key: string, by: number): number {
  const value = (counts.get(key) ?? 0) + by;
  if (value > 0) counts.set(key, value);
  else counts.delete(key);
  return value;
}

function hostKey(tenant: string, host: string): string {
  return `${tenant} ${host}`;
}
