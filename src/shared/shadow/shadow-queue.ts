import type { Keyspace } from '../queue/keyspace.js';
import { parseJson } from '../queue/parse-json.js';
import { isRedisReady, type RedisConnection } from '../redis/connect-redis.js';
import { withTimeLimit } from '../runtime/with-time-limit.js';
import { removePhotos, reservationOf } from '../uploads/photo-store.js';
import { createUploadLedger } from '../uploads/upload-ledger.js';
import { type ShadowJob, shadowJobSchema } from './shadow-job.js';

/*
 * Comparisons that wait for the shadow pack. Everything about this queue is bounded, because nobody depends on it: its
 * length, the bytes of its photos and the life of its entries. What does not fit is dropped and counted. A comparison is
 * taken once: if its worker dies, it is lost, and Redis drops what is left of it.
 */

/** Most comparisons that wait. With URLs of the usual length they take about 1 MB of Redis' memory. */
const MAX_WAITING = 1_000;
/** Most bytes of uploaded photos that they keep in Redis, beside UPLOAD_MEMORY_LIMIT. */
const MAX_PHOTO_BYTES = 33_554_432;
/** Time for which the ids of expired comparisons are kept, so that the next offer counts them, ms. */
const COUNTABLE_MS = 3_600_000;
/** Of a scrape, ms. */
const COUNT_TIMEOUT_MS = 1_000;

export interface ShadowQueueOptions {
  readonly redis: RedisConnection;
  /** The names of the live pack. */
  readonly keys: Keyspace;
  /** Called with the number of comparisons that have waited too long. */
  readonly onExpired: (count: number) => void;
  readonly maxWaiting?: number;
  readonly maxPhotoBytes?: number;
}

/**
 * `full`: as many wait as may. `photos`: their photos would take too much memory. `gone`: the live job or its photos no longer
 * exist, because the person was erased.
 */
export type OfferResult = 'queued' | 'full' | 'photos' | 'gone';

export interface TakenShadow {
  readonly jobId: string;
  readonly job: ShadowJob;
}

/** The comparisons of one live pack that wait for one shadow pack. Every call can reject while Redis is unavailable. */
export interface ShadowQueue {
  /** Adds a comparison whose live job has ended but still holds its photos, which then belong to the shadow. */
  offer(jobId: string, job: ShadowJob, now: number): Promise<OfferResult>;
  /** Takes the comparison that expires first; undefined if none waits. */
  take(now: number): Promise<TakenShadow | undefined>;
  /** Drops a taken comparison and its photos; false if it was erased or has expired meanwhile. */
  finish(taken: TakenShadow): Promise<boolean>;
  /** Returns how many wait. */
  count(now: number): Promise<number>;
}

/** KEYS: waiting, payload, live job, and, with photos, theirs and their new place. ARGV: now, limit, id, expiry, payload. */
const OFFER = `
local expired = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return {'full', expired} end
if redis.call('EXISTS', KEYS[3]) == 0 then return {'gone', expired} end
if KEYS[4] then
  if redis.call('EXISTS', KEYS[4]) == 0 then return {'gone', expired} end
  redis.call('RENAME', KEYS[4], KEYS[5])
  redis.call('PEXPIREAT', KEYS[5], ARGV[4])
end
redis.call('SET', KEYS[2], ARGV[5])
redis.call('PEXPIREAT', KEYS[2], ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', ARGV[4] + ${COUNTABLE_MS}))
return {'queued', expired}`;

/** Returns the queue between these two packs. `shadowPack`: name of the shadow pack. */
export function createShadowQueue(options: ShadowQueueOptions, shadowPack: string): ShadowQueue {
  const { redis, keys, onExpired, maxWaiting = MAX_WAITING, maxPhotoBytes = MAX_PHOTO_BYTES } = options;
  const own = shadowKeys(keys);
  const waitingKey = `${keys.prefix}:shadow:${keys.queueName}:${shadowPack}`;
  const ledger = createUploadLedger({ redis, keys: own });

  return {
    offer: async (jobId, job, now) => {
      const photos = reservationOf(jobId, job);
      const times = { now, expiresAt: job.expires_at, limit: maxPhotoBytes };
      if (photos && !(await ledger.reserve(photos, times))) return 'photos';
      const places = photos ? [keys.photos(photos), own.photos(photos)] : [];
      const names = [waitingKey, own.job(jobId), keys.job(jobId), ...places];
      const args = [now, maxWaiting, jobId, job.expires_at, JSON.stringify(job)];
      const reply = (await redis.eval(OFFER, names.length, ...names, ...args)) as [OfferResult, number];
      const [result, expired] = reply;
      if (expired > 0) onExpired(expired);
      if (photos && result !== 'queued') await ledger.release(photos);
      return result;
    },
    take: async (now) => {
      for (;;) {
        const [jobId, expiresAt] = await redis.zpopmin(waitingKey);
        if (jobId === undefined) return undefined;
        const job = readPayload(await redis.get(own.job(jobId)));
        if (job && job.expires_at > now) return { jobId, job };
        if (Number(expiresAt) <= now) onExpired(1);
        await eraseShadow(jobId, options);
      }
    },
    finish: async ({ jobId, job }) => {
      const wasKept = (await redis.del(own.job(jobId))) === 1;
      await removePhotos(jobId, job, { redis, keys: own });
      return wasKept;
    },
    count: (now) => redis.zcount(waitingKey, String(now), '+inf'),
  };
}

/** Removes the shadow of a job with its photos, whichever pack it waits for; false if there is none. Safe to repeat. */
export async function eraseShadow(
  jobId: string,
  { redis, keys }: Pick<ShadowQueueOptions, 'redis' | 'keys'>,
): Promise<boolean> {
  const own = shadowKeys(keys);
  const payload = await redis.get(own.job(jobId));
  if (payload === null) return false;
  await redis.del(own.job(jobId));
  const job = readPayload(payload);
  if (job) await removePhotos(jobId, job, { redis, keys: own });
  return true;
}

/** As `ShadowQueue.count`, within a second; undefined if Redis does not say. Never rejects. */
export async function countWaiting(
  queue: ShadowQueue,
  redis: RedisConnection,
  now: number,
): Promise<number | undefined> {
  if (!isRedisReady(redis)) return undefined;
  const count = queue.count(now).catch(() => undefined);
  return withTimeLimit(count, COUNT_TIMEOUT_MS, () => undefined);
}

/** Returns the names of what belongs to the shadow: where it has its photos, which the live job no longer finds. */
export function shadowKeys(keys: Keyspace): Keyspace {
  const place = `${keys.prefix}:shadow`;
  return {
    ...keys,
    job: (jobId) => `${place}-job:${jobId}`,
    photos: ({ jobId, uploadId }) => `${place}-photo:${jobId}:${uploadId}`,
    uploads: `${place}-uploads`,
    uploadedBytes: `${place}-uploads:bytes`,
  };
}

function readPayload(text: string | null): ShadowJob | undefined {
  if (text === null) return undefined;
  const parsed = shadowJobSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}
