import { afterEach, describe, expect, it } from 'vitest';
import { createJobWaiter, type JobWaiter } from '../../../../src/api/jobs/job-waiter.js';
import type { ComparisonOutcome } from '../../../../src/shared/contract/comparison-outcome.js';

const MATCHED: ComparisonOutcome = { ok: true, matched: true };
const open: JobWaiter[] = [];

function waiterOver(ended: Map<string, ComparisonOutcome>, pollMs = 60_000): JobWaiter {
  const readOutcomes = async (ids: readonly string[]) =>
    new Map([...ended].filter(([id]) => ids.includes(id)));
  const waiter = createJobWaiter({ readOutcomes, pollMs, onPollError: () => undefined });
  open.push(waiter);
  return waiter;
}

afterEach(() => {
  for (const waiter of open.splice(0)) {
    expect(waiter.size()).toBe(0);
    waiter.close();
  }
});

describe('createJobWaiter', () => {
  it('gives the outcome to every caller that waits for the job and to no other', async () => {
    const waiter = waiterOver(new Map());
    const first = waiter.waitFor('a', { timeoutMs: 5_000 });
    const second = waiter.waitFor('a', { timeoutMs: 5_000 });
    const other = waiter.waitFor('b', { timeoutMs: 5_000 });

    waiter.settle('a', MATCHED);

    expect(await first.promise).toEqual({ kind: 'settled', outcome: MATCHED });
    expect(await second.promise).toEqual({ kind: 'settled', outcome: MATCHED });
    expect(waiter.size()).toBe(1);
    other.cancel();
    expect(await other.promise).toEqual({ kind: 'aborted' });
  });

  it('finds outcomes by polling when their events are lost', async () => {
    const ended = new Map<string, ComparisonOutcome>();
    const waiter = waiterOver(ended, 5);
    const wait = waiter.waitFor('a', { timeoutMs: 5_000 });

    ended.set('a', MATCHED);

    expect(await wait.promise).toEqual({ kind: 'settled', outcome: MATCHED });
  });

  it('checks once more before the wait times out', async () => {
    const waiter = waiterOver(new Map([['a', MATCHED]]));

    const wait = waiter.waitFor('a', { timeoutMs: 10 });

    expect(await wait.promise).toEqual({ kind: 'settled', outcome: MATCHED });
  });

  it('times out while the job continues', async () => {
    const waiter = waiterOver(new Map());

    expect(await waiter.waitFor('a', { timeoutMs: 10 }).promise).toEqual({ kind: 'timeout' });
  });

  it('times out even if the last check fails', async () => {
    const errors: unknown[] = [];
    const waiter = createJobWaiter({
      readOutcomes: () => Promise.reject(new Error('Redis is unavailable')),
      pollMs: 60_000,
      onPollError: (error) => errors.push(error),
    });
    open.push(waiter);

    expect(await waiter.waitFor('a', { timeoutMs: 10 }).promise).toEqual({ kind: 'timeout' });
    expect(errors).toHaveLength(1);
  });

  it('ends at most half a second late even if the last check hangs', async () => {
    const waiter = createJobWaiter({
      readOutcomes: () => new Promise<Map<string, never>>(() => undefined),
      pollMs: 60_000,
      onPollError: () => undefined,
    });
    open.push(waiter);

    expect(await waiter.waitFor('a', { timeoutMs: 10 }).promise).toEqual({ kind: 'timeout' });
  });

  it('keeps a caller that arrives while an earlier wait for the same job ends', async () => {
    const waiter = waiterOver(new Map([['a', MATCHED]]));
    await waiter.waitFor('a', { timeoutMs: 10 }).promise;

    const later = waiter.waitFor('a', { timeoutMs: 5_000 });
    await new Promise((resolve) => setImmediate(resolve));

    expect(waiter.size()).toBe(1);
    waiter.settle('a', MATCHED);
    expect(await later.promise).toEqual({ kind: 'settled', outcome: MATCHED });
  });

  it('ends as aborted when the caller hangs up, even if it did so before the wait', async () => {
    const waiter = waiterOver(new Map());
    const controller = new AbortController();
    const wait = waiter.waitFor('a', { timeoutMs: 5_000, signal: controller.signal });

    controller.abort();

    expect(await wait.promise).toEqual({ kind: 'aborted' });
    expect(await waiter.waitFor('b', { timeoutMs: 5_000, signal: AbortSignal.abort() }).promise).toEqual({
      kind: 'aborted',
    });
  });

  it('holds two thousand waits and releases them all', async () => {
    const waiter = waiterOver(new Map());
    const waits = Array.from({ length: 2_000 }, (_, index) =>
      waiter.waitFor(`job${index}`, { timeoutMs: 30_000 }),
    );

    for (let index = 0; index < waits.length; index += 1) waiter.settle(`job${index}`, MATCHED);

    const ends = await Promise.all(waits.map((wait) => wait.promise));
    expect(ends.every((end) => end.kind === 'settled')).toBe(true);
  });
});
