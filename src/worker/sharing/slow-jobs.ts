/** Time between two jobs of one tenant that were sent away, ms: how fast they come back. */
const RETURN_SPACING_MS = 20;
/** Shortest time a job is sent away for, ms. */
const MIN_AWAY_MS = 250;

/** Whom a job makes wait: its tenant, and the hosts of its photos. */
export interface JobOwner {
  readonly tenant: string;
  readonly hosts: readonly string[];
}

/** The slow fetches of one job. */
export interface SlowJob {
  /** A fetch from this host is slow. */
  enter(host: string): void;
  /** That fetch has ended. */
  leave(host: string): void;
}

/**
 * The jobs that wait for slow hosts. Each gives its place in the worker to another job meanwhile, so that slow hosts hold
 * none of the places in which photos are analysed.
 */
export interface SlowJobs {
  readonly limit: number;
  readonly count: number;
  /** Calls `listener` after every change of `count`. */
  watch(listener: () => void): void;
  /** Follows one job, which is slow while one of its fetches is. */
  follow(tenant: string): SlowJob;
  /**
   * Returns how long a job must stay away because its tenant, or one of its hosts within the tenant, has its share of
   * slow jobs already, ms; undefined when it may start.
   */
  waitFor(owner: JobOwner): number | undefined;
}

/**
 * Returns the books for `limit` slow jobs; 0 keeps none and sends nobody away. A tenant may have as many slow jobs as
 * places are free, a host of that tenant half as many: one tenant takes half of the limit, two a third each, and there
 * is always room for the first slow job of another. `now`: a clock in ms.
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
      const returnAt = Math.max(now() + MIN_AWAY_MS, (nextReturn.get(tenant) ?? 0) + RETURN_SPACING_MS);
      nextReturn.set(tenant, returnAt);
      return returnAt - now();
    },
  };
}

/** Returns the new count; those of nothing are forgotten. */
function changeCount(counts: Map<string, number>, key: string, by: number): number {
  const value = (counts.get(key) ?? 0) + by;
  if (value > 0) counts.set(key, value);
  else counts.delete(key);
  return value;
}

function hostKey(tenant: string, host: string): string {
  return `${tenant} ${host}`;
}
