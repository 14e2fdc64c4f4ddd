import { describe, expect, it } from 'vitest';
import {
  MAX_RETRY_AFTER_MS,
  retryDelayMs,
  WEBHOOK_RETRY_DELAYS_MS,
  webhookJobOptions,
} from '../../../../src/shared/webhooks/webhook-schedule.js';

const HOUR_MS = 3_600_000;
/** The middle of the range of chance: no jitter. */
const steady = () => 0.5;

describe('retryDelayMs', () => {
  it('spreads all attempts over more than a day and less than 31 hours, whatever chance does', () => {
    for (const random of [() => 0, steady, () => 1]) {
      const total = WEBHOOK_RETRY_DELAYS_MS.map((_, index) => retryDelayMs(index + 1, { random })).reduce(
        (sum, delay) => sum + delay,
        0,
      );

      expect(total / HOUR_MS).toBeGreaterThan(24);
      expect(total / HOUR_MS).toBeLessThan(31);
    }
  });

  it('waits 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7].map((failed) => retryDelayMs(failed, { random: steady }));

    expect(delays).toEqual([5_000, 300_000, 1_800_000, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 10 * HOUR_MS]);
  });

  it('adds or takes at most a tenth by chance', () => {
    expect(retryDelayMs(2, { random: () => 0 })).toBe(270_000);
    expect(retryDelayMs(2, { random: () => 1 })).toBe(330_000);
  });

  it('waits as long as the receiver asks when that is longer', () => {
    expect(retryDelayMs(1, { afterMs: 60_000, random: steady })).toBe(60_000);
  });

  it('never returns earlier than planned because the receiver asks for less', () => {
    expect(retryDelayMs(3, { afterMs: 1_000, random: steady })).toBe(1_800_000);
  });

  it('bounds what a receiver may ask for', () => {
    expect(retryDelayMs(1, { afterMs: 365 * 24 * HOUR_MS, random: steady })).toBe(MAX_RETRY_AFTER_MS);
  });

  it('stays at the last pause when there are more attempts than pauses', () => {
    expect(retryDelayMs(9, { delaysMs: [10, 20], random: steady })).toBe(20);
  });
});

describe('webhookJobOptions', () => {
  it('gives one attempt more than there are pauses', () => {
    expect(webhookJobOptions(60).attempts).toBe(WEBHOOK_RETRY_DELAYS_MS.length + 1);
  });

  it('keeps delivered and failed deliveries for the retention time and no longer', () => {
    const options = webhookJobOptions(86_400);

    expect(options.removeOnComplete.age).toBe(86_400);
    expect(options.removeOnFail.age).toBe(86_400);
  });
});
