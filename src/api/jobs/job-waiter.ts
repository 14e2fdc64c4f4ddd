import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';

/** Result of a wait. `settled` carries the outcome of what was awaited. */
export type WaitResult<Outcome = ComparisonOutcome> =
  | { readonly kind: 'settled'; readonly outcome: Outcome }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' };

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Ends the wait when the caller hangs up. */
  readonly signal?: AbortSignal;
}

/** One registered wait. `promise` never rejects. */
export interface Wait<Outcome = ComparisonOutcome> {
  readonly promise: Promise<WaitResult<Outcome>>;
  /** Ends the wait as `aborted`, for example if the job could not be added. */
  cancel(): void;
}

/** Lets callers wait for jobs; with another type of outcome, for anything else that has an id and ends. */
export interface JobWaiter<Outcome = ComparisonOutcome> {
  /** Registers a wait. Call it before you add the job, so that no event is missed. */
  waitFor(jobId: string, options: WaitOptions): Wait<Outcome>;
  /** Ends all waits for a job with its outcome. For the owner of the event stream. */
  settle(jobId: string, outcome: Outcome): void;
  /** Number of callers that wait. */
  size(): number;
  /** Ends every wait as `aborted` and stops polling. */
  close(): void;
}

export interface JobWaiterOptions<Outcome = ComparisonOutcome> {
  /** Returns the outcomes of the given jobs that have ended, in case their events were lost with a connection. */
  readonly readOutcomes: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, Outcome>>;
  /** Pause between two polls of all awaited jobs, ms. */
  readonly pollMs: number;
  readonly onPollError: (error: unknown) => void;
}

/** Longest time for the last check before a wait times out, ms. */
const LAST_CHECK_MS = 500;

/**
 * Returns a waiter for any number of jobs. It needs no connection: its owner passes it the events of one QueueEvents
 * stream, and a slow poll finds outcomes whose events were lost.
 */
export function createJobWaiter<Outcome = ComparisonOutcome>(
  options: JobWaiterOptions<Outcome>,
): JobWaiter<Outcome> {
  const waits = new Map<string, Set<(end: WaitResult<Outcome>) => void>>();

  const settle = (jobId: string, outcome: Outcome): void => {
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

  const waitFor = (jobId: string, { timeoutMs, signal }: WaitOptions): Wait<Outcome> => {
    let cancel = (): void => {};
    const promise = new Promise<WaitResult<Outcome>>((resolve) => {
      const peers = waits.get(jobId) ?? new Set();
      waits.set(jobId, peers);
      const finish = (end: WaitResult<Outcome>): void => {
        // A second result must not affect callers that have started to wait for the job since.
        if (!peers.delete(finish)) return;
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        if (peers.size === 0) waits.delete(jobId);
        resolve(end);
      };
      cancel = () => finish({ kind: 'aborted' });
      // The event of the job may have been lost, so check once more before the wait ends.
      const timer = setTimeout(() => {
        setTimeout(finish, LAST_CHECK_MS, { kind: 'timeout' }).unref();
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

/** Runs `task` repeatedly, each time `pauseMs` after the last run ended. Returns a function that stops it. */
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
