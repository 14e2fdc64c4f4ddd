import type { Worker } from 'bullmq';
import type { SlowJobs } from '../tenant-shares/slow-jobs.js';

export interface ConcurrencyOptions {
  /** Jobs at a time while none is slow. */
  readonly base: number;
  readonly slowJobs: SlowJobs;
  /** Jobs that run now. */
  readonly running: () => number;
}

/** Lets a worker take one more job for each slow one, up to the limit of slow jobs. */
export function raiseConcurrency(worker: Worker, { base, slowJobs, running }: ConcurrencyOptions): void {
  const wake = createWaker(worker);
  slowJobs.watch(() => {
    const before = worker.concurrency;
    worker.concurrency = base + Math.min(slowJobs.limit, slowJobs.count);
    if (worker.concurrency > before && running() >= before) wake();
  });
}

/**
 * Returns a function that makes a full worker notice its higher concurrency. On its own it would notice at the end of a
 * job; `pause` without waiting and `resume` wake it earlier.
 */
function createWaker(worker: Worker): () => void {
  let requested = false;
  let waking = false;
  const wake = async (): Promise<void> => {
    while (requested && !worker.closing) {
      requested = false;
      await worker.pause(true);
      await worker.resume();
    }
    waking = false;
  };
  return () => {
    requested = true;
    if (waking) return;
    waking = true;
    void wake();
  };
}
