import { hash } from 'node:crypto';
import { IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { Logger } from '../../shared/runtime/logger.js';
import { SHADOW_JOB_VERSION, type ShadowJob } from '../../shared/shadow/shadow-job.js';
import type { ShadowQueue } from '../../shared/shadow/shadow-queue.js';
import { photoExpiry } from '../../shared/uploads/photo-store.js';
import type { Verification } from '../verification/verify-person.js';
import type { OfferEnd } from './shadow-metrics.js';
import { shadowResultOf } from './shadow-result.js';

/** Longest time that a comparison waits for the shadow, ms. Until then Redis keeps its URLs and photos. */
const LIFETIME_MS = 300_000;

/** A live job, as far as shadow mode needs it. */
export interface LiveJob {
  readonly id?: string | undefined;
  readonly data: ComparisonJob;
}

export interface LiveEnd {
  readonly outcome: ComparisonOutcome;
  /** Absent if the comparison ended before its photos were analysed. */
  readonly verification?: Verification | undefined;
}

export interface ShadowOffersOptions {
  readonly queue: Pick<ShadowQueue, 'offer'>;
  /** Of all comparisons, 0..1. */
  readonly share: number;
  readonly clock: Pick<RedisClock, 'now'>;
  readonly logger: Logger;
  readonly count: (result: OfferEnd) => void;
}

/**
 * Offers a share of the comparisons to the shadow. Between the two steps BullMQ stores the end of the job: only one worker
 * succeeds in that, so no comparison is offered twice, and its caller already has the answer.
 */
export interface ShadowOffers {
  /** Remembers how a comparison is about to end. */
  note(job: LiveJob, end: LiveEnd): void;
  /** Offers a comparison that has ended. Never rejects: nothing of the live job depends on it. */
  offer(job: LiveJob): Promise<void>;
}

export function createShadowOffers({
  queue,
  share,
  clock,
  logger,
  count,
}: ShadowOffersOptions): ShadowOffers {
  const ends = new WeakMap<LiveJob, ShadowJob['live']>();
  return {
    note: (job, { outcome, verification }) => {
      const result = shadowResultOf(outcome);
      if (!result || !verification || !isSampled(job.id ?? '', share)) return;
      const { similarities, photos } = verification;
      ends.set(job, { result, similarities, digests: digestsOf(photos) });
    },
    offer: async (job) => {
      const live = ends.get(job);
      const { id: jobId = '', data } = job;
      if (!live || !data.images) return;
      try {
        const now = clock.now();
        count(await queue.offer(jobId, toShadowJob(data, live, now), now));
      } catch (error) {
        count('failed');
        logger.debug({ err: error, job_id: jobId }, 'shadow comparison not queued');
      }
    },
  };
}

/** True for about this share of all ids. The same id always gets the same answer. */
export function isSampled(jobId: string, share: number): boolean {
  const digits = hash('sha256', `shadow ${jobId}`).slice(0, 12);
  return Number.parseInt(digits, 16) / 16 ** 12 < share;
}

/** The digests of photos that the model has used. An unusable photo has none unless a receipt needs it. */
function digestsOf(photos: Verification['photos']): ShadowJob['live']['digests'] {
  return Object.fromEntries(
    IMAGE_NAMES.flatMap((name) => {
      const photo = photos[name];
      return photo?.usable ? [[name, photo.analysis.contentDigest]] : [];
    }),
  );
}

function toShadowJob(data: ComparisonJob, live: ShadowJob['live'], now: number): ShadowJob {
  const { images, tenant, tenant_is_listed, upload_id, min_matches } = data;
  const { threshold, threshold_fmr, threshold_is_default } = data;
  if (!images) throw new Error('this is a bug: a job without photos is offered to the shadow');
  const latest = now + LIFETIME_MS;
  return {
    v: SHADOW_JOB_VERSION,
    images,
    tenant,
    tenant_is_listed,
    upload_id,
    threshold,
    threshold_fmr,
    threshold_is_default,
    min_matches,
    expires_at: upload_id === undefined ? latest : Math.min(latest, photoExpiry(data.deadline_at)),
    live,
  };
}
