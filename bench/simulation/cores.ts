import type { Clock } from './clock.js';
import { createMinHeap } from './min-heap.js';

/** The processor cores of one machine, shared by all threads that have work, as an operating system shares them. */
export interface Cores {
  /** Calls `done` when a thread has got `workMs` of processor time. */
  run(workMs: number, done: () => void): void;
  /** Core-milliseconds used so far. */
  busyMs(): number;
}

export interface CoresOptions {
  /** Above 0; a fraction if other programs use the rest. */
  readonly count: number;
  /**
   * Speed of a core, relative to that at which work was measured, while this many threads are active: cores share memory,
   * cache and clock. Default 1.
   */
  readonly speedWith?: ((active: number) => number) | undefined;
}

/**
 * Returns idle cores. Threads beyond the number of cores get equal shares (processor sharing). `virtual` is the work that
 * a thread active since the start would have got, so that the order of completions never changes.
 */
export function createCores(clock: Clock, { count, speedWith = () => 1 }: CoresOptions): Cores {
  const active = createMinHeap<() => void>();
  let virtual = 0;
  let updatedAt = 0;
  let busy = 0;
  /** Counts the plans for the next completion; only the latest is valid. */
  let plan = 0;

  const rate = (): number => Math.min(1, count / active.size) * speedWith(active.size);
  const update = (): void => {
    const passed = clock.now - updatedAt;
    updatedAt = clock.now;
    if (active.size === 0) return;
    virtual += passed * rate();
    busy += passed * Math.min(active.size, count);
  };
  const planNext = (): void => {
    const first = active.first();
    if (!first) return;
    plan += 1;
    const mine = plan;
    clock.after((first.key - virtual) / rate(), () => {
      if (mine !== plan) return;
      update();
      active.pop();
      planNext();
      first.value();
    });
  };

  return {
    run: (workMs, done) => {
      update();
      active.push(virtual + workMs, done);
      planNext();
    },
    busyMs: () => {
      update();
      return busy;
    },
  };
}
