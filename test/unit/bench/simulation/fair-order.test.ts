import { describe, expect, it } from 'vitest';
import { createFairOrder } from '../../../../bench/simulation/fair-order.js';

describe('createFairOrder', () => {
  it('lets tenants take turns, whatever one of them has queued before', () => {
    const order = createFairOrder<string>();
    for (const job of ['a1', 'a2', 'a3', 'a4']) order.enter('a', job);
    expect(order.take()).toBe('a1');
    order.enter('b', 'b1');
    order.enter('b', 'b2');
    expect([1, 2, 3, 4, 5].map(() => order.take())).toEqual(['a2', 'b1', 'a3', 'b2', 'a4']);
    expect(order.take()).toBeUndefined();
    expect(order.size).toBe(0);
  });
});
