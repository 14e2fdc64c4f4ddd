import { afterEach, describe, expect, it } from 'vitest';
import { startWorkerWatch, type WorkerWatch } from '../../../../src/api/capacity/worker-watch.js';
import { createLogger } from '../../../../src/shared/runtime/logger.js';

const GRACE_MS = 30_000;
const NO_WORKER = { code: 'no_worker', retryable: true, retryAfterSeconds: 5 };

let watch: WorkerWatch | undefined;
afterEach(() => watch?.stop());

/** A watch whose clock and count of workers the test sets; `undefined` stands for an unavailable Redis. */
function startWatch() {
  const state: { now: number; workers: number | undefined } = { now: 0, workers: 0 };
  watch = startWorkerWatch({
    countWorkers: async () => state.workers ?? Promise.reject(new Error('unavailable')),
    graceMs: GRACE_MS,
    logger: createLogger('test', 'silent'),
    now: () => state.now,
  });
  const { check, requireWorker, onAbsence } = watch;
  const checkAt = (now: number, workers: number | undefined): Promise<void> => {
    Object.assign(state, { now, workers });
    return check();
  };
  return { state, checkAt, requireWorker, onAbsence };
}

describe('the watch over the workers', () => {
  it('refuses callers once no worker has been alive for the grace period', async () => {
    const { checkAt, requireWorker } = startWatch();

    await checkAt(0, 0);
    await checkAt(GRACE_MS - 1, 0);
    await expect(requireWorker()).resolves.toBeUndefined();
    await checkAt(GRACE_MS, 0);

    await expect(requireWorker()).rejects.toMatchObject(NO_WORKER);
  });

  it('accepts callers through any number of restarts that end within the grace period', async () => {
    const { checkAt, requireWorker } = startWatch();

    for (let start = 0; start < 10; start += 1) {
      await checkAt(start * GRACE_MS, 1);
      await checkAt(start * GRACE_MS + 1, 0);
      await checkAt(start * GRACE_MS + GRACE_MS - 1, 0);
      await expect(requireWorker()).resolves.toBeUndefined();
    }
  });

  it('accepts a caller as soon as a worker is back, before the next regular count', async () => {
    const { state, checkAt, requireWorker } = startWatch();
    await checkAt(0, 0);
    await checkAt(GRACE_MS, 0);

    state.workers = 1;

    await expect(requireWorker()).resolves.toBeUndefined();
  });

  it('reports the absence to callers who wait, at every count until they stop listening', async () => {
    const { checkAt, onAbsence } = startWatch();
    const reported: number[] = [];
    const listenAt = (now: number): (() => void) => onAbsence(() => reported.push(now));
    const stopFirst = listenAt(0);

    await checkAt(0, 0);
    await checkAt(GRACE_MS - 1, 0);
    expect(reported).toEqual([]);
    await checkAt(GRACE_MS, 0);
    stopFirst();
    listenAt(GRACE_MS);
    await checkAt(GRACE_MS + 1, 0);
    await checkAt(GRACE_MS + 2, 1);

    expect(reported).toEqual([0, GRACE_MS]);
  });

  it('does not count the time of an outage of Redis, in which no worker can report', async () => {
    const { checkAt, requireWorker } = startWatch();
    await checkAt(0, 0);

    await checkAt(GRACE_MS - 1, undefined);
    await checkAt(GRACE_MS, 0);
    await expect(requireWorker()).resolves.toBeUndefined();
    await checkAt(2 * GRACE_MS, 0);

    await expect(requireWorker()).rejects.toMatchObject(NO_WORKER);
  });
});
