import { describe, expect, it } from 'vitest';
import { withTimeLimit } from '../../../../src/shared/runtime/with-time-limit.js';

const never = new Promise<never>(() => undefined);

describe('withTimeLimit', () => {
  it('gives the result of work that ends in time', async () => {
    await expect(withTimeLimit(Promise.resolve('done'), 60_000, () => 'late')).resolves.toBe('done');
  });

  it('gives the result for late work once the time is over', async () => {
    await expect(withTimeLimit(never, 1, () => 'late')).resolves.toBe('late');
  });

  it('rejects with the error thrown for late work', async () => {
    const late = new Error('late');
    const limited = withTimeLimit(never, 1, () => {
      throw late;
    });

    await expect(limited).rejects.toBe(late);
  });

  it('passes on the error of the work', async () => {
    const broken = new Error('broken');

    await expect(withTimeLimit(Promise.reject(broken), 60_000, () => 'late')).rejects.toBe(broken);
  });
});
