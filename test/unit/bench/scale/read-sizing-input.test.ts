import { describe, expect, it } from 'vitest';
import { readSizingInput } from '../../../../bench/scale/read-sizing-input.js';

const read = (...args: string[]) => readSizingInput(args, ['2mp', '0.3mp']);

describe('readSizingInput', () => {
  it('assumes what docs/scale.md assumes', () => {
    expect(read('--per-minute', '5000')).toEqual({
      perMinute: 5_000,
      coreHourPrice: 0.04,
      kind: '2mp',
      route: 'sync',
      workerCores: 4,
      retentionSeconds: 86_400,
    });
  });

  it.each([
    [[], /--per-minute is missing/],
    [['--per-minute', '1,000'], /--per-minute must be a number above 0.*: 1,000/],
    [['--per-minute', '0'], /above 0/],
    [['--per-minute', 'Infinity'], /above 0/],
    [['--per-minute', '10', '--worker-cores', '2.5'], /--worker-cores must be a whole number/],
    [['--per-minute', '10', '--kind', '12mp'], /--kind must be one of 2mp, 0.3mp: 12mp/],
    [['--per-minute', '10', '--route', 'grpc'], /--route must be one of sync/],
  ])('refuses %j and says why', (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
