import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { ImageName } from '../../../../src/shared/contract/compare-request.js';
import type { ShadowJob } from '../../../../src/shared/shadow/shadow-job.js';
import { judgeShadow } from '../../../../src/worker/shadow/judge-shadow.js';
import { createShadowOffers } from '../../../../src/worker/shadow/shadow-offers.js';
import { shadowResultOf } from '../../../../src/worker/shadow/shadow-result.js';
import { comparisonJob } from '../../../support/builders/comparison-job.js';
import { FACELESS, UNFETCHED, verifyContents } from '../../../support/builders/judged-comparison.js';

type Contents = Readonly<Record<ImageName, string>>;

function photos(front_image1: string, front_image2: string, front_image3: string): Contents {
  return { front_image1, front_image2, front_image3, back_image: 'reference' };
}

/** Returns what a live worker offers to the shadow after it has compared these photos; it decides early. */
async function offerOf(contents: Contents): Promise<ShadowJob | undefined> {
  const data = comparisonJob();
  const verification = await verifyContents(contents, data, { everyPhoto: false });
  const offered: ShadowJob[] = [];
  const offers = createShadowOffers({
    queue: {
      offer: async (_jobId, job) => {
        offered.push(job);
        return 'queued';
      },
    },
    share: 1,
    clock: { now: () => 1_000 },
    logger: pino({ level: 'silent' }),
    count: () => undefined,
  });
  const job = { id: 'r_1', data };
  offers.note(job, { outcome: verification.outcome, verification });
  await offers.offer(job);
  return offered[0];
}

/** Judges a shadow that finds these similarities, after the live pack found those. */
async function judge(live: Contents, shadow: Contents, threshold = 0.5) {
  const offered = await offerOf(live);
  if (!offered) throw new Error('nothing was offered');
  const digests = { ...offered.live.digests };
  // The same bytes: here the content is the similarity, which the two packs disagree about.
  const verification = await verifyContents(shadow, comparisonJob({ threshold }));
  for (const name of Object.keys(digests) as ImageName[]) {
    const photo = verification.photos[name];
    if (photo?.usable) digests[name] = photo.analysis.contentDigest;
  }
  return judgeShadow({ ...offered, live: { ...offered.live, digests } }, verification);
}

describe('a comparison with both packs', () => {
  it('compares similarities only of fronts that both packs have judged', async () => {
    const offered = await offerOf(photos('0.7', '0.9', '0.1'));
    const verdict = await judge(photos('0.7', '0.9', '0.1'), photos('0.6', '0.95', '0.2'));

    expect(Object.keys(offered?.live.similarities ?? {})).toEqual(['front_image1', 'front_image2']);
    expect(verdict).toMatchObject({ kind: 'compared', live: 'matched', shadow: 'matched' });
    if (verdict.kind !== 'compared') return;
    expect(verdict.deciding).toBeCloseTo(0.6, 6);
    expect(verdict.differences.map((difference) => Number(difference.toFixed(6)))).toEqual([-0.1, 0.05]);
  });

  it.each([
    ['matched', 'not_matched', photos('0.7', '0.9', '0.1'), photos('0.4', '0.9', '0.1')],
    ['not_matched', 'matched', photos('0.4', '0.4', '0.1'), photos('0.7', '0.9', '0.1')],
    ['matched', 'could_not_tell', photos('0.7', '0.9', '0.1'), photos(FACELESS, '0.9', '0.1')],
    ['could_not_tell', 'matched', photos(FACELESS, '0.9', '0.1'), photos('0.7', '0.9', '0.1')],
    ['could_not_tell', 'could_not_tell', photos(FACELESS, '0.9', '0.1'), photos(FACELESS, '0.8', '0.2')],
  ] as const)('counts a change: %s, with the shadow %s', async (live, shadow, before, after) => {
    expect(await judge(before, after)).toMatchObject({ kind: 'compared', live, shadow });
  });

  it('counts a decision although a photo that could not change it was not loaded', async () => {
    const verdict = await judge(photos('0.7', '0.9', '0.1'), photos('0.7', '0.9', UNFETCHED));

    expect(verdict).toMatchObject({ live: 'matched', shadow: 'matched' });
    expect(verdict).not.toHaveProperty('deciding');
  });

  it('does not count what an image host left open', async () => {
    expect(await judge(photos('0.7', '0.9', '0.1'), photos('0.7', UNFETCHED, '0.1'))).toEqual({
      kind: 'not_compared',
      reason: 'photos_unavailable',
    });
  });

  it('does not count photos that are no longer the same', async () => {
    const offered = await offerOf(photos('0.7', '0.9', '0.1'));
    const verification = await verifyContents(photos('0.71', '0.9', '0.1'), comparisonJob());

    expect(offered && judgeShadow(offered, verification)).toEqual({
      kind: 'not_compared',
      reason: 'photos_changed',
    });
  });

  it('is not offered if the live pack was not to blame', async () => {
    expect(await offerOf(photos(UNFETCHED, '0.9', '0.1'))).toBeUndefined();
    for (const code of ['job_cancelled', 'deadline_exceeded', 'internal'] as const)
      expect(shadowResultOf({ ok: false, code, detail: '', retryable: false })).toBeUndefined();
  });
});
