import pLimit from 'p-limit';
import { STAGING_SECONDS } from '../../shared/batches/batch-store.js';
import { VerificationError } from '../../shared/errors.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { PhotoCipher } from '../../shared/uploads/photo-cipher.js';
import {
  photoExpiry,
  removePhotos,
  reservationOf,
  type Uploads,
  writePhotos,
} from '../../shared/uploads/photo-store.js';
import { createUploadLedger } from '../../shared/uploads/upload-ledger.js';

/** A job whose photos came with its request. */
export interface UploadingJob {
  readonly jobId: string;
  readonly payload: ComparisonJob;
  readonly uploads: Uploads;
}

/** The uploaded photos in Redis, as the API sees them. Every call can reject while Redis is unavailable. */
export interface UploadStore {
  /**
   * Reserves memory for the photos of a job.
   * @throws VerificationError `overloaded` if the stored photos of all jobs would take too much.
   */
  reserve(job: UploadingJob): Promise<void>;
  /** Writes the photos of a job before it is added to the queue, encrypted. */
  write(job: UploadingJob): Promise<void>;
  /** Lets stored photos live for two more minutes. Rejects if they are gone: then their job must not be added. */
  renew(job: UploadingJob): Promise<void>;
  /**
   * Lets the photos live as long as their job. Sent together with the job: photos whose API has died before that are gone after
   * two minutes.
   */
  keep(job: UploadingJob): Promise<void>;
  /** Removes photos and reservation, for a job that was not added. */
  remove(job: UploadingJob): Promise<void>;
  /** Returns the bytes of all stored photos, of all model packs. */
  readStoredBytes(): Promise<number>;
}

/** Time in which photos must be stored and their job added, ms: as long as that of a batch. */
const STORING_MS = STAGING_SECONDS * 1_000;
/** Pieces of photos that are on their way to Redis, of all requests together: with fewer, each would wait for the answer to another. */
const PIECES_AT_ONCE = 16;

export interface UploadStoreOptions {
  readonly redis: RedisConnection;
  /** A connection of its own, so that photos do not delay other commands. */
  readonly bulkRedis: RedisConnection;
  readonly keys: Keyspace;
  readonly clock: RedisClock;
  readonly cipher: PhotoCipher;
  /** Most bytes of stored photos over all APIs. */
  readonly memoryLimit: number;
  /** Time after which a caller without room should try again. */
  readonly retryAfterSeconds: () => number;
  readonly onRefused: () => void;
}

export function createUploadStore(options: UploadStoreOptions): UploadStore {
  const { redis, bulkRedis, keys, clock, cipher } = options;
  const ledger = createUploadLedger({ redis, keys });
  const inTurn = pLimit(PIECES_AT_ONCE);
  const remove = ({ jobId, payload }: UploadingJob): Promise<void> =>
    removePhotos(jobId, payload, { redis, keys });
  /** Returns false if the job has photos that are gone. */
  const extend = async ({ jobId, payload }: UploadingJob, expiresAt: number): Promise<boolean> => {
    const reservation = reservationOf(jobId, payload);
    return !reservation || ledger.extend(reservation, keys.photos(reservation), expiresAt);
  };

  return {
    reserve: async ({ jobId, payload }) => {
      const reservation = reservationOf(jobId, payload);
      if (!reservation) return;
      const now = clock.now();
      const limits = { now, expiresAt: now + STORING_MS, limit: options.memoryLimit };
      if (!(await ledger.reserve(reservation, limits))) {
        options.onRefused();
        throw new VerificationError('overloaded', {
          detail:
            'Too many uploaded photos are waiting for their comparison. Requests with URLs are accepted.',
          retryAfterSeconds: options.retryAfterSeconds(),
        });
      }
    },
    write: async (job) => {
      const reservation = reservationOf(job.jobId, job.payload);
      if (!reservation) return;
      const place = { ...reservation, expiresAt: clock.now() + STORING_MS };
      await writePhotos(job.uploads, place, { redis: bulkRedis, keys, cipher, inTurn });
    },
    renew: async (job) => {
      if (!(await extend(job, clock.now() + STORING_MS)))
        throw new Error('the photos of this job are gone before it was added');
    },
    keep: async (job) => void (await extend(job, photoExpiry(job.payload.deadline_at))),
    remove,
    readStoredBytes: () => ledger.read(clock.now()),
  };
}
