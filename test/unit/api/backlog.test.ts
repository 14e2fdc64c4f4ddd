import { describe, expect, it } from 'vitest';
import { createBacklog } from '../../../src/api/backlog.js';

describe('createBacklog', () => {
  it('lets jobs in below the limit and refuses at it with the time to wait', async () => {
    let clock = 0;
    const backlog = createBacklog({ countWaiting: async () => 9, maxDepth: 10, now: () => clock });
    for (let second = 0; second < 10; second += 1) {
      clock = second * 1_000;
      backlog.recordEnd();
    }

    await backlog.admit();
    backlog.recordAdd();

    await expect(backlog.admit()).rejects.toMatchObject({
      code: 'overloaded',
      retryable: true,
      retryAfterSeconds: 9,
    });
  });

  it('asks Redis at most once for any number of requests at a time', async () => {
    let asked = 0;
    const countWaiting = async () => {
      asked += 1;
      return 0;
    };
    const backlog = createBacklog({ countWaiting, maxDepth: 10, now: () => 0 });

    await Promise.all(Array.from({ length: 500 }, () => backlog.admit()));

    expect(asked).toBe(1);
  });

  it('never asks a caller to wait less than a second or more than five minutes', async () => {
    const idle = createBacklog({ countWaiting: async () => 1_000_000, maxDepth: 1, now: () => 0 });

    await expect(idle.admit()).rejects.toMatchObject({ retryAfterSeconds: 300 });
    expect(
      createBacklog({ countWaiting: async () => 0, maxDepth: 1 }).retryAfterSeconds(),
    ).toBeGreaterThanOrEqual(1);
  });
});
