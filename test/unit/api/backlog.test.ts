import { describe, expect, it } from 'vitest';
import { type BacklogOptions, createBacklog } from '../../../src/api/backlog.js';

/** A backlog with a clock to be moved and a queue to be filled. */
function setUp(options: Partial<BacklogOptions> = {}) {
  const state = { now: 0, sync: 0, async: 0 };
  const backlog = createBacklog({
    countWaiting: async () => ({ sync: state.sync, all: state.sync + state.async }),
    maxDepth: 1_000_000,
    maxSyncWaitMs: 30_000,
    now: () => state.now,
    ...options,
  });
  /** Lets time go by in steps of a quarter of a second, in each of which `ends` jobs end, and counts after each. */
  const work = async (seconds: number, ends: number): Promise<void> => {
    for (let step = 0; step < seconds * 4; step++) {
      state.now += 250;
      for (let i = 0; i < ends; i++) backlog.recordEnd();
      await backlog.admit(false);
    }
  };
  return { backlog, state, work };
}

describe('createBacklog', () => {
  it('lets jobs in below the limit and refuses at it with the time to wait', async () => {
    const { backlog, state } = setUp({ maxDepth: 10 });
    state.async = 9;
    for (let second = 0; second < 10; second += 1) {
      state.now = second * 1_000;
      backlog.recordEnd();
    }

    await backlog.admit(false);
    backlog.recordAdd(false);

    await expect(backlog.admit(false)).rejects.toMatchObject({
      code: 'overloaded',
      retryable: true,
      retryAfterSeconds: 9,
    });
  });

  it('asks Redis at most once for any number of requests at a time', async () => {
    let asked = 0;
    const countWaiting = async () => {
      asked += 1;
      return { sync: 0, all: 0 };
    };
    const { backlog } = setUp({ countWaiting });

    await Promise.all(Array.from({ length: 500 }, () => backlog.admit(true)));

    expect(asked).toBe(1);
  });

  it('never asks a caller to wait less than a second or more than five minutes', async () => {
    const full = setUp({ maxDepth: 1 });
    full.state.async = 1_000_000;

    await expect(full.backlog.admit(false)).rejects.toMatchObject({ retryAfterSeconds: 300 });
    expect(setUp().backlog.retryAfterSeconds()).toBe(1);
  });

  it('refuses a synchronous caller whose turn would come too late, and still takes asynchronous jobs', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.sync = 60;
    await work(5, 2);
    await backlog.admit(true).then(
      () => expect.unreachable('8 a second leave 60 waiting for more than 5 s'),
      (error) => expect(error).toMatchObject({ code: 'overloaded', retryAfterSeconds: 8 }),
    );

    await backlog.admit(false);
    state.sync = 30;
    state.now += 250;
    await backlog.admit(true);
  });

  it('does not let asynchronous jobs count against a synchronous caller, who goes before them', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.async = 10_000;
    await work(5, 2);

    await expect(backlog.admit(true)).resolves.toBeUndefined();
  });

  it('does not take few requests for slow workers', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    // Four jobs a second, each done at once: nothing ever waits.
    await work(15, 1);
    state.sync = 40;
    state.now += 250;

    await expect(backlog.admit(true)).resolves.toBeUndefined();
  });

  it('lets callers wait for workers that have yet to start', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.sync = 1_000;
    await work(10, 0);

    await expect(backlog.admit(true)).resolves.toBeUndefined();
  });

  it('counts what this process adds between two counts', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.sync = 10;
    await work(5, 2);
    for (let i = 0; i < 31; i++) backlog.recordAdd(true);

    await expect(backlog.admit(true)).rejects.toMatchObject({ code: 'overloaded' });
  });
});
