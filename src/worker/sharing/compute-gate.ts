/** Who wants to have a photo analysed. */
export interface Turn {
  readonly tenant: string;
  /** A caller waits for the answer. */
  readonly urgent: boolean;
  readonly signal: AbortSignal;
}

/** Lets photos into the vision pool: a few at a time, urgent ones first, and tenants in turn. */
export interface ComputeGate {
  /** Runs `task` when its turn has come. Rejects with the signal's reason when it aborts before. */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
}

/** Those who wait, by tenant, in the order of their turns: who was served goes to the end. */
type Line = Map<string, (() => void)[]>;

/** Returns a gate through which `limit` tasks go at a time. */
export function createComputeGate(limit: number): ComputeGate {
  const lines: readonly [Line, Line] = [new Map(), new Map()];
  let running = 0;

  const next = (): void => {
    if (running >= limit) return;
    const start = takeNext(lines[0]) ?? takeNext(lines[1]);
    if (start === undefined) return;
    running += 1;
    start();
    next();
  };

  const wait = ({ tenant, urgent, signal }: Turn): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const line = lines[urgent ? 0 : 1];
      const start = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        leaveLine(line, tenant, start);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      line.set(tenant, [...(line.get(tenant) ?? []), start]);
      next();
    });

  return {
    run: async (turn, task) => {
      await wait(turn);
      try {
        return await task();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}

function takeNext(line: Line): (() => void) | undefined {
  const [first] = line;
  if (first === undefined) return undefined;
  const [tenant, [start, ...others]] = first;
  line.delete(tenant);
  if (others.length > 0) line.set(tenant, others);
  return start;
}

function leaveLine(line: Line, tenant: string, start: () => void): void {
  const others = (line.get(tenant) ?? []).filter((other) => other !== start);
  if (others.length > 0) line.set(tenant, others);
  else line.delete(tenant);
}
