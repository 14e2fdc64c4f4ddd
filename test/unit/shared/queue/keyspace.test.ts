import { describe, expect, it } from 'vitest';
import { createKeyspace } from '../../../../src/shared/queue/keyspace.js';

describe('createKeyspace', () => {
  it('keeps the names that earlier versions wrote', () => {
    const keys = createKeyspace({ prefix: '{face}', model: 'lite' });

    expect(keys.queueName).toBe('compare-lite');
    expect(keys.cancelChannel).toBe('{face}:cancel:compare-lite');
    expect(keys.workers).toBe('{face}:workers:compare-lite');
    expect(keys.reconcileLock).toBe('{face}:reconcile:compare-lite');
    expect(keys.reconciledUntil).toBe('{face}:reconciled:compare-lite');
    expect(keys.kept('shop')).toBe('{face}:kept:compare-lite:shop');
    expect(keys.keptTenants).toBe('{face}:kept-tenants:compare-lite');
    expect(keys.userJobs('shop', 42)).toBe('{face}:user:baa2bd27b98f53adeab465feb39e8dce');
    expect(keys.idempotentJobId('shop', 'order-1')).toBe('i_a900bf4010801d293ead10d2e6893652');
  });

  it('names the same keys for a pack given by name or by folder', () => {
    const byName = createKeyspace({ prefix: '{face}', model: 'lite' });
    const byFolder = createKeyspace({ prefix: '{face}', model: '/models/lite/' });

    expect(byFolder.queueName).toBe(byName.queueName);
    expect(byFolder.idempotentJobId('shop', 'order-1')).toBe(byName.idempotentJobId('shop', 'order-1'));
  });

  it('keeps the keys of two packs apart', () => {
    const one = createKeyspace({ prefix: '{face}', model: 'one' });
    const other = createKeyspace({ prefix: '{face}', model: 'other' });

    expect(one.userJobs('shop', 42)).not.toBe(other.userJobs('shop', 42));
    expect(one.idempotentJobId('shop', 'order-1')).not.toBe(other.idempotentJobId('shop', 'order-1'));
  });
});
