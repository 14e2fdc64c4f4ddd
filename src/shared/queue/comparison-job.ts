import { z } from 'zod';
import { batchPlaceOf } from '../batches/batch-id.js';
import {
  minMatchesSchema,
  reviewMarginSchema,
  thresholdSchema,
  userIdSchema,
} from '../contract/compare-request.js';

/** Version of the payload. A worker fails jobs of unknown versions with `unsupported_job_version`. */
export const JOB_VERSION = 1;
/** Version of the payload of a job with stored photos, which workers of version 1 would take for URLs. */
export const UPLOAD_JOB_VERSION = 2;

/** A photo that came with the request and lies in Redis, encrypted. */
const storedPhotoSchema = z.object({
  kind: z.literal('stored'),
  /** Bytes before encryption. */
  size: z.int().min(0),
  /** Of those bytes, in hexadecimal. */
  sha256: z.string(),
});
/** The URL of a photo, or a stored photo. */
const photoSchema = z.union([z.string(), storedPhotoSchema]);

export const comparisonJobSchema = z.object({
  v: z.union([z.literal(JOB_VERSION), z.literal(UPLOAD_JOB_VERSION)]),
  user_id: userIdSchema,
  /** Dropped once the job has ended. */
  images: z
    .object({
      front_image1: photoSchema,
      front_image2: photoSchema,
      front_image3: photoSchema,
      back_image: photoSchema,
    })
    .optional(),
  /** Names the stored photos beside the job's id. Absent without any. */
  upload_id: z.string().optional(),
  threshold: thresholdSchema,
  /** The false match rate that the request named instead of a threshold. */
  threshold_fmr: z.number().optional(),
  /** True if neither the request nor its tenant chose the threshold: FACE_MATCH_THRESHOLD did. */
  threshold_is_default: z.literal(true).optional(),
  min_matches: minMatchesSchema,
  /** Absent if the caller did not ask for it. */
  review_margin: reviewMarginSchema.optional(),
  evidence: z.boolean(),
  /** True if the result lists warnings. Absent in the jobs of earlier versions. */
  warnings: z.boolean().optional(),
  /** True if the result has a receipt. A worker of an earlier version gives none. */
  receipt: z.boolean().optional(),
  /** The caller's own name for the line of a batch. */
  ref: z.string().optional(),
  /** Names of fields in the request that were ignored. */
  unknown_fields: z.array(z.string()).optional(),
  callback_url: z.string().optional(),
  /** True if a caller waits for the answer on an open connection. */
  sync: z.boolean(),
  /** Name of the API key, or `anonymous`: who may see the job. */
  tenant: z.string(),
  /** True if TENANTS_FILE listed the tenant: a worker that does not know it must not give it what only others get. */
  tenant_is_listed: z.literal(true).optional(),
  /** SHA-256 of the request, to distinguish a repeated one from another one with the same Idempotency-Key. */
  request_digest: z.string(),
  request_id: z.string(),
  /** Both in ms since 1970 by Redis' clock. */
  accepted_at: z.number(),
  deadline_at: z.number(),
  traceparent: z.string().optional(),
  /** Why earlier attempts at the job failed, one entry for each photo, for the log. */
  failed_attempts: z
    .array(
      z.object({
        attempt: z.number(),
        code: z.string(),
        reason: z.string().optional(),
        image: z.string().optional(),
      }),
    )
    .optional(),
});
export type ComparisonJob = z.infer<typeof comparisonJobSchema>;

/**
 * True if `text` can be the id of a job, random, derived from an Idempotency-Key, or a batch's. No other key of BullMQ has
 * this form.
 */
export function isJobId(text: string): boolean {
  return /^[ri]_[0-9A-Za-z-]{1,64}$/.test(text) || batchPlaceOf(text) !== undefined;
}
