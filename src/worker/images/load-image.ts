import type { ImageName } from '../../shared/contract/compare-request.js';
import { VerificationError } from '../../shared/errors.js';
import { hostOf } from '../../shared/net/host-of.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import { UndecryptableError } from '../../shared/uploads/photo-cipher.js';
import type { PhotoPlace } from '../../shared/uploads/photo-store.js';
import type { ByteClaim } from '../tenant-shares/byte-budget.js';

/** Where the bytes of a photo come from: its URL, or its place in Redis. */
export type PhotoSource = string | StoredPhoto;

export interface StoredPhoto extends PhotoPlace {
  readonly image: ImageName;
  /** Bytes before encryption. */
  readonly size: number;
}

/** Whose photo it is. */
export interface PhotoOwner {
  readonly tenant: string;
  /** True if TENANTS_FILE listed the tenant when its job was accepted. */
  readonly isListed: boolean;
}

/** What a load may use. */
export interface LoadOptions {
  readonly owner: PhotoOwner;
  readonly signal: AbortSignal;
  /** Reserves memory before the image is read; the caller releases it. */
  readonly memory: ByteClaim;
}

export interface ImageLoaders {
  readonly fetchImage: (url: string, options: LoadOptions) => Promise<Uint8Array>;
  /** Returns undefined if the photo is no longer stored. */
  readonly readPhoto: (photo: StoredPhoto) => Promise<Uint8Array | undefined>;
}

/** Takes the place of the host of a photo that lies in Redis. */
const REDIS = 'stored photos';

/** Returns whose photos are in a job. */
export function ownerOf(job: Pick<ComparisonJob, 'tenant' | 'tenant_is_listed'>): PhotoOwner {
  return { tenant: job.tenant, isListed: job.tenant_is_listed ?? false };
}

/** Returns the source of a photo in a job. */
export function sourceOf(
  image: ImageName,
  { jobId, job }: { readonly jobId: string; readonly job: Pick<ComparisonJob, 'images' | 'upload_id'> },
): PhotoSource {
  const photo = job.images?.[image];
  if (photo === undefined) throw new Error('this is a bug: a job that has not ended lost its images');
  if (typeof photo === 'string') return photo;
  return { jobId, uploadId: job.upload_id ?? '', image, size: photo.size };
}

/** Returns the host that a slow load waits for. */
export function hostOfSource(source: PhotoSource): string {
  return typeof source === 'string' ? hostOf(source) : REDIS;
}

/**
 * Returns the bytes of a photo without checking their type.
 * @throws VerificationError as `fetchImage` does for a URL; `upload_expired` for a stored photo that cannot be read any more.
 */
export async function loadImage(
  source: PhotoSource,
  options: LoadOptions,
  { fetchImage, readPhoto }: ImageLoaders,
): Promise<Uint8Array> {
  if (typeof source === 'string') return fetchImage(source, options);
  await options.memory.take(source.size, options.signal);
  try {
    const bytes = await readPhoto(source);
    if (bytes) return bytes;
  } catch (error) {
    if (!(error instanceof UndecryptableError)) throw error;
    throw new VerificationError('upload_expired', { context: { reason: error.reason } });
  }
  throw new VerificationError('upload_expired', { context: { reason: 'gone' } });
}
