import pLimit from 'p-limit';
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
   * Writes the photos of a job before it is added to the queue, encrypted.
   * @throws VerificationError `overloaded` if the stored photos of all jobs would take too much memory.
   */
  write(job: UploadingJob): Promise<void>;
  /** Removes them, for a job that was not added. */
  remove(job: UploadingJob): Promise<void>;
  /** Returns the bytes of all stored photos, of all model packs. */
  readStoredBytes(): Promise<number>;
}

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

  return {
    write: async (job) => {
      const reservation = reservationOf(job.jobId, job.payload);
      if (!reservation) return;
      const expiresAt = photoExpiry(job.payload.deadline_at);
      const limits = { now: clock.now(), expiresAt, limit: options.memoryLimit };
      if (!(await ledger.reserve(reservation, limits))) {
        options.onRefused();
        throw new VerificationError('overloaded', {
          detail:
            'Too many uploaded photos are waiting for their comparison. Requests with URLs are accepted.',
          retryAfterSeconds: options.retryAfterSeconds(),
        });
      }
      try {
        const place = { ...reservation, expiresAt };
        await writePhotos(job.uploads, place, { redis: bulkRedis, keys, cipher, inTurn });
      } catch (error) {
        // If Redis is unavailable, they expire.
        void remove(job).catch(() => undefined);
        throw error;
      }
    },
    remove,
    readStoredBytes: () => ledger.read(clock.now()),
  };
}
