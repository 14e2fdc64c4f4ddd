import { describe, expect, it } from 'vitest';
import { createByteBudget } from '../../../../src/worker/tenant-shares/byte-budget.js';

const never = new AbortController().signal;

/** True if a promise has resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('createByteBudget', () => {
  it('gives one tenant half, and another one what it still needs', async () => {
    const budget = createByteBudget(100);
    await budget.claim('a').take(50, never);

    const more = budget.claim('a').take(1, never);
    const other = budget.claim('b').take(20, never);

    expect([await isDone(more), await isDone(other), budget.used]).toEqual([false, true, 70]);
  });

  it('grants a waiting claim as soon as it fits, by shrinking or release', async () => {
    const budget = createByteBudget(100);
    const [first, second] = [budget.claim('a'), budget.claim('b')];
    await first.take(90, never);
    const waits = second.take(60, never);
    expect(await isDone(waits)).toBe(false);

    first.shrinkTo(30);
    expect([await isDone(waits), budget.used]).toEqual([true, 90]);

    second.release();
    second.release();
    first.release();
    expect(budget.used).toBe(0);
  });

  it('counts a photo larger than the budget as the whole of it', async () => {
    const budget = createByteBudget(10);

    await budget.claim('a').take(1_000, never);

    expect(budget.used).toBe(10);
  });

  it('gives a second download of the same photo a place again', async () => {
    const budget = createByteBudget(100);
    const claim = budget.claim('a');

    await claim.take(80, never);
    await claim.take(80, never);

    expect(budget.used).toBe(80);
  });

  it('forgets an aborted wait', async () => {
    const budget = createByteBudget(10);
    const [holder, late] = [budget.claim('a'), budget.claim('b')];
    await holder.take(10, never);
    const controller = new AbortController();
    const waits = late.take(5, controller.signal);

    controller.abort(new Error('cancelled'));
    await expect(waits).rejects.toThrow('cancelled');
    holder.release();

    expect(budget.used).toBe(0);
  });
});
