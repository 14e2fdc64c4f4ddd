import { IMAGE_NAMES, type ImageName } from '../contract/compare-request.js';
import type { UploadedImage } from '../contract/image-source.js';
import type { ComparisonJob } from '../queue/comparison-job.js';
import type { Keyspace } from '../queue/keyspace.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import type { PhotoCipher } from './photo-cipher.js';
import { countPieces } from './photo-pieces.js';
import { createUploadLedger, entryOf, type Reservation } from './upload-ledger.js';

/** Time for which photos outlive the deadline of their job, ms. */
const LIFETIME_AFTER_DEADLINE_MS = 60_000;

/** The uploaded photos of one request, by the field that they came in. */
export type Uploads = ReadonlyMap<ImageName, UploadedImage>;

/** Where the photos of one request lie. Requests that chose the same job id have different upload ids. */
export interface PhotoPlace {
  readonly jobId: string;
  readonly uploadId: string;
}

export interface PhotoStoreOptions {
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
}

type JobWithPhotos = Pick<ComparisonJob, 'images' | 'upload_id'>;

/** Returns when the photos of a job with this deadline expire. */
export function photoExpiry(deadlineAt: number): number {
  return deadlineAt + LIFETIME_AFTER_DEADLINE_MS;
}

/** Returns the reservation of the photos that a job keeps in Redis; undefined if it keeps none. */
export function reservationOf(
  jobId: string,
  { images, upload_id: uploadId }: JobWithPhotos,
): Reservation | undefined {
  if (uploadId === undefined || !images) return undefined;
  const bytes = IMAGE_NAMES.reduce((sum, name) => {
    const source = images[name];
    return sum + (typeof source === 'string' ? 0 : source.size);
  }, 0);
  return { jobId, uploadId, bytes };
}

/**
 * Writes a piece of a photo while the photo has its reservation: one that arrives late, after its job was given up, would stay
 * for an hour. KEYS: photos, reservations. ARGV: entry, field, piece, expiry.
 */
const WRITE = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1`;

export interface WriteOptions extends PhotoStoreOptions {
  readonly cipher: PhotoCipher;
  /** Runs writes in the order in which they come, a few at a time. */
  readonly inTurn: (write: () => Promise<void>) => Promise<void>;
}

/**
 * Writes the photos of one request, encrypted, until `expiresAt`, ms since 1970. A piece is encrypted when its turn comes.
 * @throws Error if their reservation was released meanwhile.
 */
export async function writePhotos(
  photos: Uploads,
  reservation: Reservation & { readonly expiresAt: number },
  { redis, keys, cipher, inTurn }: WriteOptions,
): Promise<void> {
  const places = [keys.photos(reservation), keys.uploads];
  let hasFailed = false;
  const write = async (field: string, encrypted: Generator<Buffer, void>): Promise<void> => {
    if (hasFailed) return;
    const { value: piece, done } = encrypted.next();
    if (done) throw new Error('this is a bug: a photo has fewer pieces than expected');
    const args = [entryOf(reservation, keys), field, piece, reservation.expiresAt];
    const isWritten = await redis.eval(WRITE, 2, ...places, ...args).catch((error) => {
      hasFailed = true;
      throw error;
    });
    if (isWritten === 1) return;
    hasFailed = true;
    throw new Error('the photos of this job were given up before they were stored');
  };
  const writes = [...photos].flatMap(([name, { pieces }]) => {
    const encrypted = cipher.encrypt(pieces, authenticatedPlace(reservation, name));
    return pieces.map((_piece, index) => inTurn(() => write(pieceField(name, index), encrypted)));
  });
  await Promise.all(writes);
}

/**
 * Returns a stored photo of `size` bytes; undefined if it has expired or was removed.
 * @throws UndecryptableError
 */
export async function readPhoto(
  { image, size, ...place }: PhotoPlace & { readonly image: ImageName; readonly size: number },
  { redis, keys, cipher }: PhotoStoreOptions & { readonly cipher: PhotoCipher },
): Promise<Uint8Array | undefined> {
  const fields = Array.from({ length: countPieces(size) }, (_, index) => pieceField(image, index));
  const found = await redis.hmgetBuffer(keys.photos(place), ...fields);
  const pieces = found.filter((piece) => piece !== null);
  if (pieces.length < fields.length) return undefined;
  return cipher.decrypt(Buffer.concat(pieces), authenticatedPlace(place, image));
}

/** Removes the photos that a job keeps in Redis, if any. Safe to repeat. */
export async function removePhotos(
  jobId: string,
  job: JobWithPhotos,
  options: PhotoStoreOptions,
): Promise<void> {
  const reservation = reservationOf(jobId, job);
  if (!reservation) return;
  await createUploadLedger(options).release(reservation, options.keys.photos(reservation));
}

/** Returns the field of a piece; small photos have one. */
function pieceField(image: ImageName, index: number): string {
  return index === 0 ? image : `${image}:${index}`;
}

function authenticatedPlace({ jobId, uploadId }: PhotoPlace, image: ImageName): string {
  return `${jobId}:${uploadId}:${image}`;
}
