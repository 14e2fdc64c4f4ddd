import { describe, expect, it } from 'vitest';
import { createComputeAccounts } from '../../../../src/worker/tenant-shares/compute-accounts.js';

/** Accounts on a clock that the test sets; a tenant may have one costly photo under way. */
function createAccounts(weights: Readonly<Record<string, number>> = {}) {
  const clock = { ms: 0 };
  const accounts = createComputeAccounts({
    costlyLimit: 1,
    weightOf: (tenant) => weights[tenant] ?? 1,
    now: () => clock.ms,
  });
  const use = (tenant: string, costMs: number): void => {
    accounts.enter(tenant);
    accounts.start(tenant)(costMs);
  };
  return { accounts, clock, use };
}

describe('createComputeAccounts', () => {
  it('chooses the tenant that has used the least time, not the one with the fewest photos', () => {
    const { accounts, use } = createAccounts();
    use('greedy', 4_000);
    for (let photo = 0; photo < 2; photo += 1) accounts.enter('greedy');
    accounts.start('greedy');
    for (let photo = 0; photo < 10; photo += 1) use('quiet', 100);
    accounts.enter('quiet');

    expect(accounts.choose(['greedy', 'quiet'])).toBe('quiet');
  });

  it('gives tenants of weight 3 and 1 time in this ratio', () => {
    const { accounts, use } = createAccounts({ gold: 3 });
    const chosen: string[] = [];
    for (let photo = 0; photo < 40; photo += 1) {
      const tenant = accounts.choose(['basic', 'gold']) ?? '';
      use(tenant, 100);
      chosen.push(tenant);
    }

    expect(chosen.filter((tenant) => tenant === 'gold')).toHaveLength(30);
  });

  it('credits an idle tenant with no unused time', () => {
    const { accounts, use } = createAccounts();
    use('late', 10);
    accounts.enter('early');
    accounts.start('early')(5_000);
    accounts.enter('early');
    accounts.enter('late');
    accounts.start('late')(10);
    accounts.enter('late');

    expect(accounts.choose(['late', 'early'])).toBe('early');
  });

  it('replaces the charge of a photo, whatever its tenant’s photos have cost since', () => {
    const { accounts, use } = createAccounts();
    accounts.enter('first');
    const end = accounts.start('first');
    use('first', 1_000);
    end(1_000);
    use('second', 1_500);

    // It has used 2,000 ms. With the mean of now taken back instead of the charge of then, it would have used 1,000 ms.
    expect(accounts.choose(['first', 'second'])).toBe('second');
  });

  it('holds a tenant with costly photos to its limit while another tenant is known', () => {
    const { accounts, use } = createAccounts();
    use('costly', 1_500);
    accounts.enter('costly');
    const end = accounts.start('costly');
    expect(accounts.choose(['costly'])).toBe('costly');

    use('quiet', 100);

    expect(accounts.choose(['costly'])).toBeUndefined();
    end(1_500);
    expect(accounts.choose(['costly'])).toBe('costly');
  });

  it('is not deceived by a few cheap photos between costly ones', () => {
    const { accounts, use } = createAccounts();
    use('quiet', 100);
    use('costly', 1_500);

    for (let photo = 0; photo < 5; photo += 1) use('costly', 20);

    expect(accounts.isCostly('costly')).toBe(true);
    for (let photo = 0; photo < 50; photo += 1) use('costly', 20);
    expect(accounts.isCostly('costly')).toBe(false);
  });

  it('sees that a photo is costly before it ends', () => {
    const { accounts, clock, use } = createAccounts();
    use('quiet', 100);
    accounts.enter('costly');
    accounts.start('costly');
    expect(accounts.isCostly('costly')).toBe(false);

    clock.ms = 2_500;

    expect(accounts.isCostly('costly')).toBe(true);
    expect(accounts.isCostly('quiet')).toBe(false);
  });

  it('does not limit a tenant whose photos cost as much as those of others', () => {
    const { accounts, use } = createAccounts();
    use('busy', 300);
    use('quiet', 40);
    accounts.enter('busy');
    accounts.start('busy');

    expect(accounts.choose(['busy'])).toBe('busy');
  });

  it('forgets a tenant that has sent nothing for five minutes', () => {
    const { accounts, clock, use } = createAccounts();
    use('quiet', 100);
    use('costly', 1_500);
    clock.ms = 300_001;
    accounts.enter('costly');
    accounts.start('costly');

    expect(accounts.choose(['costly'])).toBe('costly');
  });
});
