import type { Keyspace } from '../queue/keyspace.js';
import type { RedisConnection } from '../redis/connect-redis.js';

/*
 * How many bytes of photos Redis holds: a sorted set of reservations by the time at which their photos expire, and the
 * sum of their sizes. Both change in one script, so they agree after any crash; what crashed callers leave behind expires
 * with its photos.
 */

/** The photos of one request. */
export interface Reservation {
  readonly jobId: string;
  /** Distinguishes requests that chose the same job id. */
  readonly uploadId: string;
  /** Of all photos together. */
  readonly bytes: number;
}

/** KEYS: reservations, sum. ARGV: now. */
const FORGET_EXPIRED = `
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
for _, entry in ipairs(gone) do
  redis.call('INCRBY', KEYS[2], '-' .. string.match(entry, '%d+$'))
  redis.call('ZREM', KEYS[1], entry)
end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
local total = tonumber(redis.call('GET', KEYS[2]) or '0')`;

/** Further ARGV: bytes, limit, entry, expiry. */
const RESERVE = `${FORGET_EXPIRED}
if total + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 0 end
if redis.call('ZADD', KEYS[1], ARGV[5], ARGV[4]) == 1 then redis.call('INCRBY', KEYS[2], ARGV[2]) end
return 1`;

/** KEYS: reservations, photos. ARGV: entry, expiry. */
const EXTEND = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if redis.call('PEXPIREAT', KEYS[2], ARGV[2]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1`;

/** KEYS: reservations, sum, and the photos, if any. ARGV: entry, bytes. */
const RELEASE = `
if KEYS[3] then redis.call('UNLINK', KEYS[3]) end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then redis.call('INCRBY', KEYS[2], '-' .. ARGV[2]) end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end`;

const READ = `${FORGET_EXPIRED}
return total`;

export interface LedgerOptions {
  readonly redis: RedisConnection;
  readonly keys: Pick<Keyspace, 'queueName' | 'uploads' | 'uploadedBytes'>;
}

/** The share of stored photos in Redis' memory, over all APIs and model packs. Times in ms since 1970. */
export interface UploadLedger {
  /** Returns false if the photos do not fit into `limit` bytes. */
  reserve(
    reservation: Reservation,
    times: { readonly now: number; readonly expiresAt: number; readonly limit: number },
  ): Promise<boolean>;
  /** Moves the expiry of a reservation and its photos. Returns false if either is gone. */
  extend(reservation: Reservation, photosKey: string, expiresAt: number): Promise<boolean>;
  /** Also removes the photos themselves, if their key is given. Safe to repeat. */
  release(reservation: Reservation, photosKey?: string): Promise<void>;
  /** Returns the reservations of this model pack that expire after `time`. */
  list(time: number): Promise<Reservation[]>;
  /** Returns the bytes of all reservations that have not expired. */
  read(now: number): Promise<number>;
}

/** Returns the name of a reservation in the set of all. */
export function entryOf(
  { jobId, uploadId, bytes }: Reservation,
  { queueName }: Pick<Keyspace, 'queueName'>,
): string {
  return `${queueName}:${jobId}:${uploadId}:${bytes}`;
}

/** Returns the reservation of an entry; undefined for one of another model pack. */
function readEntry(entry: string, { queueName }: Pick<Keyspace, 'queueName'>): Reservation | undefined {
  const [queue, jobId = '', uploadId = '', bytes] = entry.split(':');
  return queue === queueName ? { jobId, uploadId, bytes: Number(bytes) } : undefined;
}

export function createUploadLedger({ redis, keys }: LedgerOptions): UploadLedger {
  const places = [keys.uploads, keys.uploadedBytes];
  return {
    reserve: async (reservation, { now, expiresAt, limit }) => {
      const args = [now, reservation.bytes, limit, entryOf(reservation, keys), expiresAt];
      return (await redis.eval(RESERVE, 2, ...places, ...args)) === 1;
    },
    extend: async (reservation, photosKey, expiresAt) =>
      (await redis.eval(EXTEND, 2, keys.uploads, photosKey, entryOf(reservation, keys), expiresAt)) === 1,
    release: async (reservation, photosKey) => {
      const names = photosKey === undefined ? places : [...places, photosKey];
      await redis.eval(RELEASE, names.length, ...names, entryOf(reservation, keys), reservation.bytes);
    },
    list: async (time) => {
      const entries = await redis.zrangebyscore(keys.uploads, `(${time}`, '+inf');
      return entries.flatMap((entry) => readEntry(entry, keys) ?? []);
    },
    read: async (now) => Number(await redis.eval(READ, 2, ...places, now)),
  };
}
