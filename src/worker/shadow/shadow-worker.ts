import { setTimeout as pause } from 'node:timers/promises';
import type { ImageName } from '../../shared/contract/compare-request.js';
import { toVerificationError } from '../../shared/errors.js';
import { thresholdForFmr } from '../../shared/models/calibration.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import { isUnexpected, type Logger } from '../../shared/runtime/logger.js';
import type { ShadowJob } from '../../shared/shadow/shadow-job.js';
import type { ShadowQueue, TakenShadow } from '../../shared/shadow/shadow-queue.js';
import { ownerOf, sourceOf } from '../images/load-image.js';
import { createJobSteps, type SharedResources } from '../tenant-shares/job-steps.js';
import { type VerificationRules, verifyPerson } from '../verification/verify-person.js';
import { judgeShadow, type NotCompared, type ShadowVerdict } from './judge-shadow.js';

/** Pause before an empty queue is read again, ms. */
const IDLE_MS = 250;
/** Pause after an error of Redis, ms. */
const REST_MS = 1_000;

export interface ShadowWorkerDependencies {
  readonly queue: ShadowQueue;
  readonly clock: Pick<RedisClock, 'now'>;
  readonly verification: VerificationRules;
  readonly resources: SharedResources;
  /** Comparisons at a time. */
  readonly concurrency: number;
  readonly thresholds: ShadowThresholds;
  readonly observe: (verdict: ShadowVerdict) => void;
  readonly logger: Logger;
  /** Handles errors of Redis. */
  readonly onError: (error: unknown) => void;
}

export interface ShadowThresholds {
  /** Replaces FACE_MATCH_THRESHOLD. */
  readonly instead: number | undefined;
  /** Of the shadow pack. */
  readonly calibration: Calibration | null;
  /** Returns the lowest threshold that a false match rate can give a tenant. */
  readonly lowestOf: (tenant: string) => number;
}

export interface ShadowWorker {
  /** Stops a comparison of an erased person; nothing of it is counted. */
  abort(jobId: string): void;
  /** Takes no more comparisons and gives up those that still run after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Why a comparison was given up: reason of its signal. */
class Abandoned extends Error {
  override readonly name = 'Abandoned';
  readonly reason: NotCompared;

  constructor(reason: NotCompared) {
    super(reason);
    this.reason = reason;
  }
}

/** Starts to repeat comparisons with the shadow pack. */
export function startShadowWorker(deps: ShadowWorkerDependencies): ShadowWorker {
  const { queue, clock, concurrency, onError } = deps;
  const running = new Map<
    string,
    { readonly abort: (reason: NotCompared) => void; readonly end: Promise<void> }
  >();
  const closing = new AbortController();

  const start = (taken: TakenShadow): void => {
    const controller = new AbortController();
    const abort = (reason: NotCompared): void => controller.abort(new Abandoned(reason));
    const end = runShadow(taken, controller, deps)
      .catch(onError)
      .finally(() => running.delete(taken.jobId));
    running.set(taken.jobId, { abort, end });
  };

  const takeNext = async (): Promise<void> => {
    if (running.size >= concurrency) {
      await Promise.race([...running.values()].map(({ end }) => end));
      return;
    }
    const taken = await queue.take(clock.now());
    if (taken) start(taken);
    else await rest(IDLE_MS, closing.signal);
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await takeNext().catch((error: unknown) => {
        onError(error);
        return rest(REST_MS, closing.signal);
      });
    }
  };
  const taking = run();

  return {
    abort: (jobId) => running.get(jobId)?.abort('interrupted'),
    close: async (graceMs) => {
      closing.abort();
      const giveUp = setTimeout(() => {
        for (const { abort } of running.values()) abort('interrupted');
      }, graceMs);
      await taking;
      await Promise.all([...running.values()].map(({ end }) => end));
      clearTimeout(giveUp);
    },
  };
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

/** Repeats one comparison and counts it, unless the person was erased meanwhile. */
async function runShadow(
  taken: TakenShadow,
  controller: AbortController,
  deps: ShadowWorkerDependencies,
): Promise<void> {
  const verdict = await compare(taken, controller, deps);
  if (!(await deps.queue.finish(taken))) return;
  deps.observe(verdict);
  const { jobId } = taken;
  if (verdict.kind === 'not_compared')
    return deps.logger.info({ job_id: jobId, reason: verdict.reason }, 'shadow not compared');
  const { live, shadow } = verdict;
  deps.logger.info({ job_id: jobId, live, shadow, agrees: live === shadow }, 'shadow comparison');
}

async function compare(
  { jobId, job }: TakenShadow,
  controller: AbortController,
  deps: ShadowWorkerDependencies,
): Promise<ShadowVerdict> {
  const steps = createJobSteps({ ...ownerOf(job), urgent: false }, deps.resources);
  const expire = (): void => controller.abort(new Abandoned('expired'));
  const timer = setTimeout(expire, job.expires_at - deps.clock.now());
  try {
    const source = (name: ImageName) => sourceOf(name, { jobId, job });
    const request = {
      images: {
        front_image1: source('front_image1'),
        front_image2: source('front_image2'),
        front_image3: source('front_image3'),
        back_image: source('back_image'),
      },
      threshold: shadowThreshold(job, deps.thresholds),
      minMatches: job.min_matches,
      // Also those that the live worker has skipped: which photos come first must not bias the similarities.
      everyPhoto: true,
    };
    return judgeShadow(
      job,
      await verifyPerson(request, { ...deps.verification, ...steps }, controller.signal),
    );
  } catch (error) {
    return { kind: 'not_compared', reason: reasonOf(error, jobId, deps.logger) };
  } finally {
    clearTimeout(timer);
    steps.release();
  }
}

/** Returns the threshold that the same request would get if the shadow were live. */
function shadowThreshold(job: ShadowJob, { instead, calibration, lowestOf }: ShadowThresholds): number {
  if (job.threshold_fmr !== undefined)
    return thresholdForFmr(calibration, job.threshold_fmr, lowestOf(job.tenant));
  return job.threshold_is_default ? (instead ?? job.threshold) : job.threshold;
}

function reasonOf(error: unknown, jobId: string, logger: Logger): NotCompared {
  if (error instanceof Abandoned) return error.reason;
  if (isUnexpected(error)) logger.error({ err: error, job_id: jobId }, 'unexpected failure');
  return toVerificationError(error).code === 'calibration_unavailable' ? 'no_calibration' : 'failed';
}
