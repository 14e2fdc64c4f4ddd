import type { Cores } from './cores.js';

/** Work that waits or runs at a station. */
export interface Visit {
  /** Gives up work that has not started; returns false if it has. */
  leave(): boolean;
}

/** Threads with a queue in front: a program with an event loop has one, a vision pool one per process. */
export interface Station {
  /** Queues work of `workMs` and calls `done` after it. First come, first served. */
  visit(workMs: number, done: () => void): Visit;
  /** Milliseconds for which threads had work so far, summed over the threads. */
  busyMs(): number;
}

interface Work {
  readonly workMs: number;
  readonly done: () => void;
  hasStarted: boolean;
}

export interface StationOptions {
  readonly threads: number;
  /** Does work of one thread: usually on the cores of its machine. */
  readonly run: Cores['run'];
}

/** Returns an idle station. */
export function createStation(now: () => number, { threads, run }: StationOptions): Station {
  const queue = new Set<Work>();
  let running = 0;
  let busy = 0;
  let updatedAt = 0;

  const update = (): void => {
    busy += (now() - updatedAt) * running;
    updatedAt = now();
  };
  const next = (): void => {
    for (const work of queue) {
      if (running >= threads) return;
      update();
      queue.delete(work);
      work.hasStarted = true;
      running += 1;
      run(work.workMs, () => {
        update();
        running -= 1;
        work.done();
        next();
      });
    }
  };

  return {
    visit: (workMs, done) => {
      const work = { workMs, done, hasStarted: false };
      queue.add(work);
      next();
      return { leave: () => queue.delete(work) };
    },
    busyMs: () => {
      update();
      return busy;
    },
  };
}
