import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { ShadowJob } from '../../../../src/shared/shadow/shadow-job.js';
import { createShadowOffers, isSampled } from '../../../../src/worker/shadow/shadow-offers.js';
import { comparisonJob } from '../../../support/builders/comparison-job.js';
import { verifyContents } from '../../../support/builders/judged-comparison.js';

const CONTENTS = { front_image1: '0.7', front_image2: '0.9', front_image3: '0.1', back_image: '1' };
const STORED = { kind: 'stored', size: 1, sha256: 'aa' } as const;
const NOW = 1_000_000;

type Offer = Parameters<typeof createShadowOffers>[0]['queue']['offer'];

/** Ends a job as a worker does and returns what was offered and counted. */
async function end(
  changes: Parameters<typeof comparisonJob>[0],
  { share = 1, offer = async () => 'queued' as const }: { share?: number; offer?: Offer } = {},
) {
  const offered: ShadowJob[] = [];
  const counted: string[] = [];
  const offers = createShadowOffers({
    queue: {
      offer: (jobId, job, now) => {
        offered.push(job);
        return offer(jobId, job, now);
      },
    },
    share,
    clock: { now: () => NOW },
    logger: pino({ level: 'silent' }),
    count: (result) => counted.push(result),
  });
  const data = comparisonJob(changes);
  const verification = await verifyContents(CONTENTS, data);
  const job = { id: 'r_1', data };
  offers.note(job, { outcome: verification.outcome, verification });
  await offers.offer(job);
  return { offered, counted };
}

describe('the offers of a live worker', () => {
  it('choose a share of the jobs by their ids, a retried job like the first time', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `r_${index}`);
    const count = (share: number): number => ids.filter((id) => isSampled(id, share)).length;

    expect([count(0), count(1)]).toEqual([0, ids.length]);
    expect(count(0.05)).toBeGreaterThan(400);
    expect(count(0.05)).toBeLessThan(600);
    // A larger share contains the smaller one.
    expect(ids.filter((id) => isSampled(id, 0.05) && !isSampled(id, 0.2))).toEqual([]);
  });

  it('do not say whose faces these are', async () => {
    const { offered } = await end({ user_id: 'jane', tenant: 'shop', callback_url: 'https://a/hook' });

    expect(Object.keys(offered[0] ?? {}).toSorted()).toEqual([
      'expires_at',
      'images',
      'live',
      'min_matches',
      'tenant',
      'tenant_is_listed',
      'threshold',
      'threshold_fmr',
      'threshold_is_default',
      'upload_id',
      'v',
    ]);
    expect(JSON.stringify(offered)).not.toMatch(/jane|hook/);
  });

  it('expire after five minutes, and no later than uploaded photos', async () => {
    const images = { front_image1: STORED, front_image2: STORED, front_image3: STORED, back_image: STORED };
    const uploaded = { images, upload_id: 'u', deadline_at: NOW + 90_000 };
    const expiries = [await end({}), await end(uploaded)].map(({ offered }) => offered[0]?.expires_at);

    expect(expiries).toEqual([NOW + 300_000, NOW + 150_000]);
  });

  it('never fail the job: a Redis that refuses is counted', async () => {
    const offer = () => Promise.reject(new Error('OOM command not allowed'));

    expect((await end({}, { offer })).counted).toEqual(['failed']);
    expect((await end({}, { share: 0 })).counted).toEqual([]);
  });
});
