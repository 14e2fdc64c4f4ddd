import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';

/** How a wait can end. `settled` carries the job's outcome. */
export type WaitEnd =
  | { readonly kind: 'settled'; readonly outcome: ComparisonOutcome }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' };

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Ends the wait when the caller has gone. */
  readonly signal?: AbortSignal;
}

/** One registered wait. `promise` never rejects. */
export interface Wait {
  readonly promise: Promise<WaitEnd>;
  /** Ends the wait as `aborted`; for a job that could not be added. */
  cancel(): void;
}

export interface JobWaiter {
  /** Registers a wait. Do it before the job is added, so that no event can fall between the two. */
  waitFor(jobId: string, options: WaitOptions): Wait;
  /** Tells the waiters of a job how it ended; for the owner of the event stream. */
  settle(jobId: string, outcome: ComparisonOutcome): void;
  /** Callers waiting now. */
  size(): number;
  /** Ends every wait as `aborted` and stops polling. */
  close(): void;
}

export interface JobWaiterOptions {
  /** Outcomes of those of these jobs that have ended, for events lost with a connection. */
  readonly readOutcomes: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, ComparisonOutcome>>;
  /** Pause between two polls of everything still waited for, ms. */
  readonly pollMs: number;
  readonly onPollError: (error: unknown) => void;
}

/** The last look before a wait ends takes no longer than this, whatever Redis does, ms. */
const LAST_LOOK_MS = 500;

/**
 * Returns a waiter for any number of jobs that needs no connection of its own: the owner feeds it the events of one
 * QueueEvents stream, and a slow poll finds what a lost stream did not tell.
 */
export function createJobWaiter(options: JobWaiterOptions): JobWaiter {
  const waits = new Map<string, Set<(end: WaitEnd) => void>>();

  const settle = (jobId: string, outcome: ComparisonOutcome): void => {
    for (const finish of [...(waits.get(jobId) ?? [])]) finish({ kind: 'settled', outcome });
  };
  const poll = async (jobIds: readonly string[]): Promise<void> => {
    try {
      for (const [jobId, outcome] of await options.readOutcomes(jobIds)) settle(jobId, outcome);
    } catch (error) {
      options.onPollError(error);
    }
  };
  const stopPolling = pollEvery(options.pollMs, async () => {
    if (waits.size > 0) await poll([...waits.keys()]);
  });

  const waitFor = (jobId: string, { timeoutMs, signal }: WaitOptions): Wait => {
    let cancel = (): void => {};
    const promise = new Promise<WaitEnd>((resolve) => {
      const peers = waits.get(jobId) ?? new Set();
      waits.set(jobId, peers);
      const finish = (end: WaitEnd): void => {
        // An end that comes second must not touch those who have come for the job since.
        if (!peers.delete(finish)) return;
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        if (peers.size === 0) waits.delete(jobId);
        resolve(end);
      };
      cancel = () => finish({ kind: 'aborted' });
      // The job may have ended unheard: one last look before the caller is told to poll.
      const timer = setTimeout(() => {
        setTimeout(finish, LAST_LOOK_MS, { kind: 'timeout' }).unref();
        void poll([jobId]).then(() => finish({ kind: 'timeout' }));
      }, timeoutMs);
      peers.add(finish);
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
    return { promise, cancel };
  };

  return {
    waitFor,
    settle,
    size: () => [...waits.values()].reduce((sum, peers) => sum + peers.size, 0),
    close: () => {
      stopPolling();
      for (const peers of waits.values()) for (const finish of [...peers]) finish({ kind: 'aborted' });
    },
  };
}

/** Runs `task` again and again, each time `pauseMs` after the last one ended; returns the function that stops it. */
function pollEvery(pauseMs: number, task: () => Promise<void>): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => void task().then(() => !stopped && schedule()), pauseMs);
    timer.unref();
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
