import { createComputeAccounts, type EndPhoto } from './compute-accounts.js';

/** The job whose photo is to be analysed. */
export interface Turn {
  readonly tenant: string;
  /** True if a caller waits for the answer. */
  readonly urgent: boolean;
  readonly signal: AbortSignal;
}

/** Admits photos to the vision pool: a few at a time, urgent ones first, and each tenant for its share of the time. */
export interface ComputeGate {
  /** Runs `task` when its turn has come. Rejects with the signal's reason if it aborts first. */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
  /** True if the tenant's photos cost many times what the photos of others cost. */
  isCostly(tenant: string): boolean;
}

export interface ComputeGateOptions {
  /** Photos admitted at a time. */
  readonly limit: number;
  /** Photos at a time of a tenant whose photos cost many times those of others, so that a process stays free. */
  readonly costlyLimit: number;
}

type StartPhoto = (end: EndPhoto) => void;

/** Photos that wait, by tenant. */
type Line = Map<string, StartPhoto[]>;

/** Returns a gate that shares computing time among tenants. */
export function createComputeGate({ limit, costlyLimit }: ComputeGateOptions): ComputeGate {
  const lines: readonly [Line, Line] = [new Map(), new Map()];
  const accounts = createComputeAccounts(costlyLimit, () => performance.now());
  let running = 0;

  const takeFrom = (line: Line): boolean => {
    const tenant = accounts.choose(line.keys());
    const start = tenant === undefined ? undefined : line.get(tenant)?.[0];
    if (tenant === undefined || start === undefined) return false;
    leaveLine(line, tenant, start);
    running += 1;
    start(accounts.start(tenant));
    return true;
  };

  const next = (): void => {
    while (running < limit && (takeFrom(lines[0]) || takeFrom(lines[1])));
  };

  const wait = ({ tenant, urgent, signal }: Turn): Promise<EndPhoto> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const line = lines[urgent ? 0 : 1];
      const start: StartPhoto = (end) => {
        signal.removeEventListener('abort', leave);
        resolve(end);
      };
      const leave = (): void => {
        leaveLine(line, tenant, start);
        accounts.leave(tenant);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      line.set(tenant, [...(line.get(tenant) ?? []), start]);
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

function leaveLine(line: Line, tenant: string, start: StartPhoto): void {
  const others = (line.get(tenant) ?? []).filter((other) => other !== start);
  if (others.length > 0) line.set(tenant, others);
  else line.delete(tenant);
}
