import type { Worker } from 'bullmq';
import type { SlowJobs } from './slow-jobs.js';

export interface Places {
  /** Jobs at a time while none is slow. */
  readonly base: number;
  readonly slowJobs: SlowJobs;
  /** Jobs that run now. */
  readonly running: () => number;
}

/** Lets a worker take one job more for each slow one, up to the limit of those. */
export function widenForSlowJobs(worker: Worker, { base, slowJobs, running }: Places): void {
  const wake = createWaker(worker);
  slowJobs.watch(() => {
    const before = worker.concurrency;
    worker.concurrency = base + Math.min(slowJobs.limit, slowJobs.count);
    if (worker.concurrency > before && running() >= before) wake();
  });
}

/**
 * Makes a worker that has no place left see that it has one again. It would notice at the end of a job only; that
 * `resume` wakes it up is part of BullMQ's promise for a pause that waits for nothing.
 */
function createWaker(worker: Worker): () => void {
  let asked = false;
  let waking = false;
  const wake = async (): Promise<void> => {
    while (asked && !worker.closing) {
      asked = false;
      await worker.pause(true);
      await worker.resume();
    }
    waking = false;
  };
  return () => {
    asked = true;
    if (waking) return;
    waking = true;
    void wake();
  };
}
