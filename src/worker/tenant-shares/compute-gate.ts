import { createComputeAccounts, type EndPhoto } from './compute-accounts.js';

/** The job whose photo is to be analysed. */
export interface Turn {
  readonly tenant: string;
  /** True if a caller waits for the answer. */
  readonly urgent: boolean;
  readonly signal: AbortSignal;
  /** Resolves once the decision waits for the photo, which is a spare one until then. Absent: it does from the start. */
  readonly needed?: Promise<void> | undefined;
}

/**
 * Admits photos to the vision pool: a few at a time, urgent ones first, and each tenant for its share of the time. Spare
 * photos start only if a process would otherwise be idle.
 */
export interface ComputeGate {
  /** Runs `task` when its turn has come. Rejects with the signal's reason if it aborts first. */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
  /** True if the tenant's photos cost many times what the photos of others cost. */
  isCostly(tenant: string): boolean;
}

export interface ComputeGateOptions {
  /** Photos admitted at a time. */
  readonly limit: number;
  /** Photos under way from which no spare photo starts: the number of processes. */
  readonly spareLimit: number;
  /** Photos at a time of a tenant whose photos cost many times those of others, so that a process stays free. */
  readonly costlyLimit: number;
  /** As in `AccountOptions`. */
  readonly weightOf?: (tenant: string) => number;
}

/** A photo that waits. */
interface Waiter {
  readonly tenant: string;
  /** Position by arrival: a spare photo that becomes needed gets the place it would have had. */
  readonly order: number;
  readonly start: (end: EndPhoto) => void;
}

/** Photos that wait, by tenant, in order of arrival. */
type Line = Map<string, readonly Waiter[]>;

/** Returns a gate that shares computing time among tenants. */
export function createComputeGate(options: ComputeGateOptions): ComputeGate {
  const { limit, spareLimit } = options;
  const lines = { urgent: new Map(), patient: new Map(), spare: new Map() } satisfies Record<string, Line>;
  const accounts = createComputeAccounts({ ...options, now: () => performance.now() });
  let running = 0;
  let arrivals = 0;

  const takeFrom = (line: Line): boolean => {
    const tenant = accounts.choose(line.keys());
    const waiter = tenant === undefined ? undefined : line.get(tenant)?.[0];
    if (tenant === undefined || waiter === undefined) return false;
    leaveLine(line, waiter);
    running += 1;
    waiter.start(accounts.start(tenant));
    return true;
  };

  const next = (): void => {
    while (running < limit && (takeFrom(lines.urgent) || takeFrom(lines.patient)));
    while (running < spareLimit && takeFrom(lines.spare));
  };

  const wait = ({ tenant, urgent, signal, needed }: Turn): Promise<EndPhoto> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const own = urgent ? lines.urgent : lines.patient;
      let line: Line | undefined = needed === undefined ? own : lines.spare;
      const start = (end: EndPhoto): void => {
        line = undefined;
        signal.removeEventListener('abort', leave);
        resolve(end);
      };
      const waiter = { tenant, order: arrivals++, start };
      const leave = (): void => {
        if (line) leaveLine(line, waiter);
        line = undefined;
        accounts.leave(tenant);
        reject(signal.reason);
      };
      const moveUp = (): void => {
        if (!line) return;
        leaveLine(line, waiter);
        line = own;
        joinLine(line, waiter);
        next();
      };
      void needed?.then(moveUp);
      signal.addEventListener('abort', leave, { once: true });
      joinLine(line, waiter);
      accounts.enter(tenant);
      next();
    });

  return {
    isCostly: accounts.isCostly,
    run: async (turn, task) => {
      const end = await wait(turn);
      const startedAt = performance.now();
      try {
        return await task();
      } finally {
        running -= 1;
        end(performance.now() - startedAt);
        next();
      }
    },
  };
}

function joinLine(line: Line, waiter: Waiter): void {
  const others = line.get(waiter.tenant) ?? [];
  const later = others.findIndex(({ order }) => order > waiter.order);
  line.set(waiter.tenant, others.toSpliced(later === -1 ? others.length : later, 0, waiter));
}

function leaveLine(line: Line, { tenant, order }: Waiter): void {
  const others = (line.get(tenant) ?? []).filter((other) => other.order !== order);
  if (others.length > 0) line.set(tenant, others);
  else line.delete(tenant);
}
