import { describe, expect, it } from 'vitest';
import { readRetryAfterMs } from '../../../../src/worker/net/retry-after.js';

const NOW = Date.UTC(2026, 0, 1);

describe('readRetryAfterMs', () => {
  it.each<[unknown, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
    ['Thu Jan  1 00:01:00 2026', 60_000],
    ['Sat Jan 31 00:00:00 2026', 2_592_000_000],
    [' 120 ', 120_000],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['2026-01-01 00:01:00 GMT', undefined],
    ['Thu, 01 Jan 2026 00:01:00', undefined],
    ['-5', undefined],
    ['1e9', undefined],
    ['Thu Jan 1 2026', undefined],
    ['soon', undefined],
    [['1', '2'], undefined],
    [undefined, undefined],
  ])('reads %j as %j ms', (header, pauseMs) => {
    expect(readRetryAfterMs(header, NOW)).toBe(pauseMs);
  });
});
