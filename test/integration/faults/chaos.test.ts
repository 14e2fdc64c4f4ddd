import { describe, expect, it } from 'vitest';
import { runChaos } from '../../../bench/chaos/run-chaos.js';
import { createTally } from '../../../bench/chaos/tally.js';

/** Waits are promised in seconds; a machine that runs other tests at the same time may add these, ms. */
const SLACK_MS = 20_000;

describe('a short `npm run chaos`', () => {
  it('loses no job and returns no wrong result, whatever dies, freezes or fails', async ({ signal }) => {
    const { tally, accepted } = await runChaos({
      jobs: 60,
      seed: 20_261_125,
      limitMs: 100_000,
      workers: 3,
      uploads: 0.5,
      awaitsOrphans: false,
      paces: {
        workerKill: { meanMs: 4_000, most: 3 },
        workerFreeze: { meanMs: 3_000, most: 1 },
        redis: { meanMs: 4_000, most: 2 },
        apiKill: { meanMs: 6_000, most: 2 },
        // A second outage could meet a webhook again, whose third attempt would be due in five minutes.
        receiver: { meanMs: 6_000, most: 1 },
      },
      clients: { waiting: 2, others: 8 },
      // On a busy machine a host that answers at once may seem silent for seconds.
      hostTimeoutS: 10,
      slackMs: SLACK_MS,
      signal,
    });

    expect(tally.verdicts).toEqual(createTally().verdicts);
    expect(Object.entries(tally.faults).filter(([, count]) => count === 0)).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  }, 170_000);
});
