import { describe, expect, it } from 'vitest';
import { type BacklogOptions, createBacklog } from '../../../../src/api/capacity/backlog.js';

const SYNC = { sync: true, share: 1 };
const ASYNC = { sync: false, share: 1 };

/** A backlog with a clock and a queue that the test controls. */
function setUp(options: Partial<BacklogOptions> = {}) {
  const state = { now: 0, waiting: 0 };
  const backlog = createBacklog({
    countWaiting: async () => state.waiting,
    maxDepth: 1_000_000,
    maxSyncWaitMs: 30_000,
    now: () => state.now,
    ...options,
  });
  /** Moves the clock in steps of a quarter of a second; in each, `ends` jobs end and the backlog counts. */
  const work = async (seconds: number, ends: number): Promise<void> => {
    for (let step = 0; step < seconds * 4; step++) {
      state.now += 250;
      for (let i = 0; i < ends; i++) backlog.recordEnd();
      await backlog.limitsFor(ASYNC);
    }
  };
  return { backlog, state, work };
}

describe('createBacklog', () => {
  it('accepts jobs below the limit and refuses them at it with the time to wait', async () => {
    const { backlog, state } = setUp({ maxDepth: 10 });
    state.waiting = 9;
    for (let second = 0; second < 10; second += 1) {
      state.now = second * 1_000;
      backlog.recordEnd();
    }

    await backlog.limitsFor(ASYNC);
    backlog.recordAdd();

    await expect(backlog.limitsFor(ASYNC)).rejects.toMatchObject({
      code: 'overloaded',
      retryable: true,
      retryAfterSeconds: 9,
    });
  });

  it('counts in Redis at most once for any number of simultaneous requests', async () => {
    let asked = 0;
    const countWaiting = async () => {
      asked += 1;
      return 0;
    };
    const { backlog } = setUp({ countWaiting });

    await Promise.all(Array.from({ length: 500 }, () => backlog.limitsFor(SYNC)));

    expect(asked).toBe(1);
  });

  it('never asks a caller to wait less than a second or more than five minutes', async () => {
    const full = setUp({ maxDepth: 1 });
    full.state.waiting = 1_000_000;

    await expect(full.backlog.limitsFor(ASYNC)).rejects.toMatchObject({ retryAfterSeconds: 300 });
    expect(setUp().backlog.retryAfterSeconds()).toBe(1);
  });

  it('limits the jobs ahead of a synchronous caller to those that can end in its time, and no others', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.waiting = 60;
    await work(5, 2);

    expect((await backlog.limitsFor(SYNC)).maxAhead).toBe(40);
    expect((await backlog.limitsFor(ASYNC)).maxAhead).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not mistake few requests for slow workers', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    // Four jobs a second, each processed immediately: no job ever waits.
    await work(15, 1);
    state.waiting = 40;
    state.now += 250;

    expect((await backlog.limitsFor(SYNC)).maxAhead).toBe(Number.POSITIVE_INFINITY);
  });

  it('accepts callers while no worker has started', async () => {
    const { backlog, state, work } = setUp({ maxSyncWaitMs: 5_000 });
    state.waiting = 1_000;
    await work(10, 0);

    expect((await backlog.limitsFor(SYNC)).maxAhead).toBe(Number.POSITIVE_INFINITY);
  });

  it('counts what this process adds between two counts', async () => {
    const { backlog } = setUp({ maxDepth: 3 });
    await backlog.limitsFor(SYNC);
    for (let i = 0; i < 3; i++) backlog.recordAdd();

    await expect(backlog.limitsFor(SYNC)).rejects.toMatchObject({ code: 'overloaded' });
  });

  it.each([
    { share: 0.5, tenants: 1, each: 500 },
    { share: 0.5, tenants: 3, each: 250 },
    { share: 0.8, tenants: 1, each: 800 },
    { share: 0.8, tenants: 4, each: 235 },
    { share: 1, tenants: 1, each: 1_000 },
  ])(
    'of 1,000 places at a share of $share lets each of $tenants greedy tenants have $each',
    async ({ share, tenants, each }) => {
      const { backlog } = setUp({ maxDepth: 1_000 });
      const own = Array.from({ length: tenants }, () => 0);

      for (let turn = 0; turn < 5_000; turn += 1) {
        const tenant = turn % tenants;
        const limits = await backlog.limitsFor({ sync: false, share }).catch(() => ({ maxOwn: 0 }));
        if ((own[tenant] ?? 0) >= limits.maxOwn) continue;
        backlog.recordAdd();
        own[tenant] = (own[tenant] ?? 0) + 1;
      }

      for (const count of own) expect(Math.abs(count - each)).toBeLessThanOrEqual(1);
    },
  );

  it('reports to a tenant over its share how many of its jobs wait', () => {
    const { backlog } = setUp();

    const error = backlog.refusal({ admitted: false, own: 500, because: 'own' });

    expect(error).toMatchObject({ code: 'overloaded', retryable: true });
    expect(error.message).toContain('500');
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
  });
});
