import { VerificationError } from '../../shared/errors.js';
import type { Logger } from '../../shared/runtime/logger.js';

/** Interval at which the workers are counted, ms. */
const POLL_MS = 2_000;
const RETRY_AFTER_SECONDS = 5;

/** Knows whether a worker of the model pack is alive. */
export interface WorkerWatch {
  /**
   * Resolves if a job of a waiting caller can be expected to run.
   * @throws VerificationError `no_worker` if no worker has been alive for longer than the grace period.
   */
  requireWorker(): Promise<void>;
  /**
   * Calls `listener` at every count while no worker has been alive for longer than the grace period. For callers that
   * already wait. Returns a function that ends this.
   */
  onAbsence(listener: () => void): () => void;
  /** Counts the workers now; what the timer does. Never rejects. */
  check(): Promise<void>;
  stop(): void;
}

export interface WorkerWatchOptions {
  /** Workers whose heartbeat is fresh. Rejects while Redis is unavailable. */
  readonly countWorkers: () => Promise<number>;
  /** Time without a worker after which waiting callers are refused, ms. Longer than the restart of a worker takes. */
  readonly graceMs: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

/**
 * Returns a watch that counts the workers every two seconds. Time in which Redis is unavailable does not count: no
 * worker can report then, and each has to report again first.
 */
export function startWorkerWatch(options: WorkerWatchOptions): WorkerWatch {
  const { countWorkers, graceMs, logger, now = () => performance.now() } = options;
  const listeners = new Set<() => void>();
  let absentSince: number | undefined;
  let isReported = false;

  const isAbsent = (): boolean => absentSince !== undefined && now() - absentSince >= graceMs;
  const check = async (): Promise<void> => {
    const count = await countWorkers().catch(() => undefined);
    if (count === 0) absentSince ??= now();
    else absentSince = undefined;
    if (isAbsent() && !isReported) {
      isReported = true;
      logger.warn('no worker is alive; requests that wait for an answer are refused');
    } else if (count && isReported) {
      isReported = false;
      logger.info('a worker is alive again');
    }
    if (isAbsent()) for (const listener of [...listeners]) listener();
  };
  const timer = setInterval(check, POLL_MS);
  return {
    requireWorker: async () => {
      // The last count may be two seconds old, and a worker may have started since.
      if (isAbsent()) await check();
      if (isAbsent()) throw noWorkerError();
    },
    onAbsence: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    check,
    stop: () => clearInterval(timer),
  };
}

/** Returns the error of a caller that waits, or wants to, while no worker is alive. */
export function noWorkerError(): VerificationError {
  return new VerificationError('no_worker', { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
