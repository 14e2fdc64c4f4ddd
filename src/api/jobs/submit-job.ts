import { hash, randomUUID } from 'node:crypto';
import { type CompareRequest, IMAGE_NAMES, type ImageName } from '../../shared/contract/compare-request.js';
import type { ImageSource, UploadedImage } from '../../shared/contract/image-source.js';
import { VerificationError } from '../../shared/errors.js';
import { thresholdForFmr } from '../../shared/models/calibration.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import { type ComparisonJob, JOB_VERSION, UPLOAD_JOB_VERSION } from '../../shared/queue/comparison-job.js';
import type { FairQueue, OrderedJob } from '../../shared/queue/fair-queue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { CallerRules } from '../access/access.js';
import type { Backlog } from '../capacity/backlog.js';
import type { WorkerWatch } from '../capacity/worker-watch.js';
import { checkRequest } from './check-request.js';
import { type ChooseDependencies, chooseJobId } from './choose-job-id.js';
import type { JobQueue } from './job-queue.js';
import type { UploadStore } from './upload-store.js';
import { withQueue } from './with-queue.js';

/** Slowest rate at which Redis takes photos, bytes per ms. */
const UPLOAD_BYTES_PER_MS = 2_000;
/** Time after the timeout of a synchronous caller in which its job can still start. */
export const SYNC_GRACE_SECONDS = 60;

/** Settings for all callers. */
export interface SubmitSettings {
  readonly webhookOnSync: boolean;
  /** True if there are keys that verify receipts, so that the workers have one to sign with. */
  readonly canIssueReceipts: boolean;
  readonly syncWaitMs: number;
  readonly jobDeadlineMs: number;
}

export interface SubmitDependencies extends ChooseDependencies {
  /** Name of the model pack whose queue is used. */
  readonly model: string;
  readonly redis: RedisConnection;
  readonly queue: JobQueue;
  readonly fairQueue: FairQueue;
  readonly backlog: Backlog;
  readonly workers: Pick<WorkerWatch, 'requireWorker'>;
  readonly clock: RedisClock;
  readonly calibration: Calibration | null;
  readonly settings: SubmitSettings;
  /** Undefined if photos are accepted as URLs only. */
  readonly uploadStore: UploadStore | undefined;
}

/** A body that fits the contract. */
export interface ReceivedRequest {
  readonly body: CompareRequest;
  /** Fields that are ignored, because the contract does not know them. */
  readonly unknownFields: readonly string[];
}

/** The sender of a request, and the way it was sent. */
export interface Caller {
  readonly tenant: string;
  readonly rules: CallerRules;
  readonly requestId: string;
  readonly sync: boolean;
  readonly idempotencyKey?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** A checked request with the id of its future job; it is not in the queue yet. */
export interface PreparedJob {
  readonly jobId: string;
  readonly payload: ComparisonJob;
  /** Photos to store before the job is added. Overwritten and dropped once they are, or once the job is refused. */
  readonly uploads: Map<ImageName, UploadedImage>;
}

/** A checked request before the id and the times of its job are known. */
export interface JobDraft {
  readonly payload: Omit<ComparisonJob, 'accepted_at' | 'deadline_at'>;
  /** As in `PreparedJob`. */
  readonly uploads: Map<ImageName, UploadedImage>;
}

/**
 * Checks a request against the address policy, the lowest threshold and the calibration, and prepares its job.
 * @throws RequestError that names every refused field; VerificationError `calibration_unavailable`,
 * `queue_unavailable`.
 */
export async function prepareJob(
  request: ReceivedRequest,
  caller: Caller,
  deps: SubmitDependencies,
): Promise<PreparedJob> {
  const draft = draftJob(request, caller, deps);
  const payload: ComparisonJob = { ...draft.payload, ...(await chooseTimes(caller.sync, deps)) };
  const keyed = { ...caller, digest: payload.request_digest };
  const jobId = await withQueue(deps.redis, () => chooseJobId(keyed, deps));
  return { jobId, payload, uploads: draft.uploads };
}

/** Returns the times of a job that is accepted now. @throws VerificationError `queue_unavailable`. */
export async function chooseTimes(
  sync: boolean,
  { settings, clock, redis }: Pick<SubmitDependencies, 'settings' | 'clock' | 'redis'>,
): Promise<Pick<ComparisonJob, 'accepted_at' | 'deadline_at'>> {
  // Right after a connection. With our own clock, the deadline could already be in the past.
  if (!clock.isSynchronised()) await withQueue(redis, clock.synchronise);
  const acceptedAt = clock.now();
  const lifetimeMs = sync ? settings.syncWaitMs + SYNC_GRACE_SECONDS * 1_000 : settings.jobDeadlineMs;
  return { accepted_at: acceptedAt, deadline_at: acceptedAt + lifetimeMs };
}

/**
 * Checks a request and drafts its job.
 * @throws RequestError that names every refused field; VerificationError `calibration_unavailable`.
 */
export function draftJob(
  { body, unknownFields }: ReceivedRequest,
  caller: Caller,
  deps: SubmitDependencies,
): JobDraft {
  const { rules } = caller;
  checkRequest(body, rules, { ...deps.settings, acceptsUploads: deps.uploadStore !== undefined });
  const callbackUrl =
    body.callback_url ?? (caller.sync && !deps.settings.webhookOnSync ? undefined : rules.webhookUrl);
  const uploads = uploadsOf(body);
  const payload: JobDraft['payload'] = {
    ...(uploads.size > 0 ? { v: UPLOAD_JOB_VERSION, upload_id: randomUUID() } : { v: JOB_VERSION }),
    user_id: body.user_id,
    images: {
      front_image1: toPhoto(body.front_image1),
      front_image2: toPhoto(body.front_image2),
      front_image3: toPhoto(body.front_image3),
      back_image: toPhoto(body.back_image),
    },
    ...chooseThreshold(body, rules, deps.calibration),
    min_matches: body.min_matches ?? rules.minMatches,
    ...(body.review_margin === undefined ? {} : { review_margin: body.review_margin }),
    evidence: body.evidence ?? false,
    ...(body.warnings ? { warnings: true } : {}),
    ...(body.receipt ? { receipt: true } : {}),
    ...(unknownFields.length > 0 ? { unknown_fields: [...unknownFields] } : {}),
    ...(callbackUrl ? { callback_url: callbackUrl } : {}),
    sync: caller.sync,
    tenant: caller.tenant,
    ...(rules.isListed ? { tenant_is_listed: true } : {}),
    request_digest: digestOf(body),
    request_id: caller.requestId,
    ...(caller.traceparent ? { traceparent: caller.traceparent } : {}),
  };
  return { payload, uploads };
}

/**
 * Returns the threshold of a request and where it comes from: shadow mode has to know what a change of the
 * service's default changes.
 * @throws VerificationError `calibration_unavailable`.
 */
function chooseThreshold(
  { threshold, fmr }: Pick<CompareRequest, 'threshold' | 'fmr'>,
  rules: Pick<CallerRules, 'threshold' | 'isServiceThreshold' | 'minThreshold'>,
  calibration: Calibration | null,
): Pick<ComparisonJob, 'threshold' | 'threshold_fmr' | 'threshold_is_default'> {
  if (fmr !== undefined)
    return { threshold: thresholdForFmr(calibration, fmr, rules.minThreshold), threshold_fmr: fmr };
  if (threshold !== undefined) return { threshold };
  return {
    threshold: rules.threshold,
    ...(rules.isServiceThreshold ? { threshold_is_default: true } : {}),
  };
}

function uploadsOf(body: CompareRequest): Map<ImageName, UploadedImage> {
  return new Map(
    IMAGE_NAMES.flatMap((name) => {
      const source = body[name];
      return source.kind === 'upload' ? [[name, source] as const] : [];
    }),
  );
}

function toPhoto(source: ImageSource): NonNullable<ComparisonJob['images']>[ImageName] {
  if (source.kind === 'url') return source.url;
  return { kind: 'stored', size: source.size, sha256: source.sha256 };
}

/** Two requests have one digest if they ask for the same, photos byte for byte. */
function digestOf(body: CompareRequest): string {
  const text = (source: ImageSource): string =>
    source.kind === 'url' ? source.url : `sha256:${source.sha256}`;
  const photos = Object.fromEntries(IMAGE_NAMES.map((name) => [name, text(body[name])]));
  return hash('sha256', JSON.stringify({ ...body, ...photos }));
}

/**
 * Puts a prepared job into the queue. Of several jobs under one Idempotency-Key, the queue keeps the first.
 * @returns true if the request joins a job that another one created under its Idempotency-Key.
 * @throws VerificationError `overloaded`, `no_worker`, `queue_unavailable`, or `idempotency_conflict` if the job of the key
 * belongs to a different request.
 */
export async function submitJob(
  prepared: PreparedJob,
  caller: Caller,
  deps: SubmitDependencies,
): Promise<boolean> {
  const { redis, queue, uploadStore } = deps;
  const hasKey = caller.idempotencyKey !== undefined;
  const submit = async (): Promise<boolean> => {
    try {
      if (hasKey && (await joinsExisting(prepared, queue))) return true;
      await enterQueue(prepared, caller, deps);
      return hasKey && (await joinsOther(prepared, queue, uploadStore));
    } finally {
      forgetUploads(prepared.uploads);
    }
  };
  return withQueue(redis, submit, writeTimeOf(prepared.uploads));
}

/** Returns the longest time that Redis needs to take these photos, ms. */
export function writeTimeOf(uploads: PreparedJob['uploads']): number {
  return [...uploads.values()].reduce((sum, { size }) => sum + size, 0) / UPLOAD_BYTES_PER_MS;
}

/** A caller can wait for a minute; its photos are not kept in memory meanwhile. */
export function forgetUploads(uploads: PreparedJob['uploads']): void {
  for (const { pieces } of uploads.values()) for (const piece of pieces) piece.fill(0);
  uploads.clear();
}

/** As `joinsExisting`, right after the job was added. If another request was first, the photos of this one are removed. */
async function joinsOther(
  prepared: PreparedJob,
  queue: JobQueue,
  uploadStore: UploadStore | undefined,
): Promise<boolean> {
  try {
    const joins = await joinsExisting(prepared, queue);
    if (joins) await uploadStore?.remove(prepared);
    return joins;
  } catch (error) {
    if (error instanceof VerificationError) await uploadStore?.remove(prepared);
    throw error;
  }
}

/**
 * Stores the photos of a job and adds it at its place in the order. Without a worker, only jobs without a waiting caller
 * are added.
 * @throws VerificationError `overloaded` if there is no place for it or its photos; `no_worker`.
 */
async function enterQueue(
  prepared: PreparedJob,
  { rules, idempotencyKey }: Caller,
  deps: SubmitDependencies,
): Promise<void> {
  const { jobId, payload, uploads } = prepared;
  const { queue, backlog, fairQueue, workers, uploadStore } = deps;
  const { tenant, sync, accepted_at: acceptedAt } = payload;
  const job: OrderedJob = { jobId, tenant, sync };
  if (sync) await workers.requireWorker();
  const limits = await backlog.limitsFor({ sync, share: rules.queueShare });
  /** If Redis is unavailable, they expire. */
  const dropPhotos = (error: unknown): never => {
    void uploadStore?.remove(prepared).catch(() => undefined);
    throw error;
  };
  // First, because a request that has no room for its photos must not touch the order.
  if (uploads.size > 0) await uploadStore?.reserve(prepared).catch(dropPhotos);
  const entry = { ...job, acceptedAt, weight: rules.queueWeight };
  const place = await fairQueue.enter(entry, limits).catch(dropPhotos);
  if (!place.admitted) return dropPhotos(backlog.refusal(place));
  try {
    await storePhotos(prepared, deps).catch(dropPhotos);
    // Redis receives both together.
    await Promise.all([uploadStore?.keep(prepared), queue.add(jobId, payload, place.priority)]);
  } catch (error) {
    // Otherwise, or if Redis is unavailable, the reconciler frees the place later: another request under the key can hold it.
    if (idempotencyKey === undefined) void fairQueue.leave(job).catch(() => undefined);
    throw error;
  }
  backlog.recordAdd();
}

/** Does what must be done before a job is added: then its photos are there, and its person can be found. */
async function storePhotos(prepared: PreparedJob, { queue, uploadStore }: SubmitDependencies): Promise<void> {
  if (prepared.uploads.size > 0) await uploadStore?.write(prepared);
  await Promise.all([queue.index([prepared]), uploadStore?.renew(prepared)]);
}

/** True if another request with the same body has created the job. */
async function joinsExisting({ jobId, payload }: PreparedJob, queue: JobQueue): Promise<boolean> {
  const origin = await queue.readOrigin(jobId);
  if (!origin) return false;
  if (origin.digest !== payload.request_digest) throw new VerificationError('idempotency_conflict');
  return origin.requestId !== payload.request_id || origin.acceptedAt !== payload.accepted_at;
}
