import { z } from 'zod';
import { FRONT_IMAGES, IMAGE_NAMES } from '../contract/compare-request.js';
import { comparisonJobSchema } from '../queue/comparison-job.js';

/** Version of the payload. A shadow worker drops payloads of other versions. */
export const SHADOW_JOB_VERSION = 1;

/** How a comparison ends, as shadow mode counts it. `could_not_tell`: the photos themselves left it open. */
export const SHADOW_RESULTS = ['matched', 'not_matched', 'could_not_tell'] as const;
export type ShadowResult = (typeof SHADOW_RESULTS)[number];

/** Of the fronts that the live model has judged. */
const similaritiesSchema = z.partialRecord(z.enum(FRONT_IMAGES), z.number().min(-1).max(1));
/** SHA-256 of the bytes of the photos that the live model has used, hex. */
const digestsSchema = z.partialRecord(z.enum(IMAGE_NAMES), z.string());

/** A comparison to repeat with the shadow pack, and what the live pack found. It does not say whose faces these are. */
export const shadowJobSchema = z.object({
  v: z.literal(SHADOW_JOB_VERSION),
  ...comparisonJobSchema.pick({
    tenant: true,
    tenant_is_listed: true,
    upload_id: true,
    threshold: true,
    threshold_fmr: true,
    threshold_is_default: true,
    min_matches: true,
  }).shape,
  images: comparisonJobSchema.shape.images.unwrap(),
  /** ms since 1970 by Redis' clock. Redis drops the payload then, and its photos. */
  expires_at: z.number(),
  live: z.object({
    result: z.enum(SHADOW_RESULTS),
    similarities: similaritiesSchema,
    digests: digestsSchema,
  }),
});
export type ShadowJob = z.infer<typeof shadowJobSchema>;
