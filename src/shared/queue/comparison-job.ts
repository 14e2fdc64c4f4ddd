import { z } from 'zod';
import {
  minMatchesSchema,
  reviewMarginSchema,
  thresholdSchema,
  userIdSchema,
} from '../contract/compare-request.js';

/** Version of the payload. A worker fails jobs of any other version with `unsupported_job_version`. */
export const JOB_VERSION = 1;

export const comparisonJobSchema = z.object({
  v: z.literal(JOB_VERSION),
  user_id: userIdSchema,
  /** Dropped once the job has ended. */
  images: z
    .object({
      front_image1: z.string(),
      front_image2: z.string(),
      front_image3: z.string(),
      back_image: z.string(),
    })
    .optional(),
  threshold: thresholdSchema,
  min_matches: minMatchesSchema,
  /** Absent if the caller did not ask for it. */
  review_margin: reviewMarginSchema.optional(),
  evidence: z.boolean(),
  /** True if the result lists warnings. Absent in the jobs of earlier versions. */
  warnings: z.boolean().optional(),
  /** Names of fields in the request that were ignored. */
  unknown_fields: z.array(z.string()).optional(),
  callback_url: z.string().optional(),
  /** True if a caller waits for the answer on an open connection. */
  sync: z.boolean(),
  /** Name of the API key, or `anonymous`: who may see the job. */
  tenant: z.string(),
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

/** True if `text` can be the id of a job, random or derived from an Idempotency-Key. No other key of BullMQ has this form. */
export function isJobId(text: string): boolean {
  return /^[ri]_[0-9A-Za-z-]{1,64}$/.test(text);
}
