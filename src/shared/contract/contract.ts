import { z } from 'zod';
import { ERROR_CODES } from '../errors.js';
import { NAMED_REASONS } from '../reasons.js';

/** The longest image or callback URL accepted, in characters. */
export const MAX_URL_LENGTH = 2048;

/** The three probes, in the order in which they are judged. */
export const FRONT_IMAGES = ['front_image1', 'front_image2', 'front_image3'] as const;
export const IMAGE_NAMES = [...FRONT_IMAGES, 'back_image'] as const;

export const frontImageSchema = z.enum(FRONT_IMAGES);
export const imageNameSchema = z.enum(IMAGE_NAMES);
export type FrontImage = z.infer<typeof frontImageSchema>;
export type ImageName = z.infer<typeof imageNameSchema>;

/** One of the closed table of errors. */
export const errorCodeSchema = z.enum(ERROR_CODES).meta({ id: 'ErrorCode' });

/** Why a code applies, from a closed list. */
export const reasonSchema = z
  .union([z.enum(NAMED_REASONS), z.templateLiteral(['http_', z.int()])])
  .meta({ id: 'Reason', description: 'Why the code applies: one of the list, or http_ and a status.' });

const urlSchema = (what: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(MAX_URL_LENGTH)
    .meta({ description: `${what}; http or https.`, format: 'uri' });

export const userIdSchema = z
  .union([z.string().min(1).max(128), z.int()], {
    error: 'must be a string of 1 to 128 characters or an integer',
  })
  .refine((id) => !/^\.\.?$|\p{Surrogate}/u.test(String(id)), {
    error: 'must be well-formed Unicode and neither "." nor "..": no path could name it to erase it',
  })
  .meta({ description: 'The caller’s own id of the person; answered as it came.' });

/** Cosine similarity from which a probe matches, 0..1. */
export const thresholdSchema = z.number().min(0).max(1);
/** How many of the three probes must match. */
export const minMatchesSchema = z.union([z.literal(2), z.literal(3)], { error: 'must be 2 or 3' });

/** What a caller sends. Unknown fields are ignored, as the Python service did; numbers must be JSON numbers. */
export const compareRequestSchema = z
  .object({
    user_id: userIdSchema,
    front_image1: urlSchema('First probe photo'),
    front_image2: urlSchema('Second probe photo'),
    front_image3: urlSchema('Third probe photo'),
    back_image: urlSchema('Reference photo'),
    threshold: thresholdSchema.optional().meta({
      description:
        'Cosine similarity from which a probe matches; not below the service’s MIN_THRESHOLD (0.2 unless set). ' +
        'Not together with fmr.',
    }),
    fmr: z.number().gt(0).lt(1).optional().meta({
      description:
        'False match rate a single comparison may have; the pack’s calibration gives the threshold.',
    }),
    min_matches: minMatchesSchema.optional().meta({ description: 'How many probes must match.' }),
    evidence: z
      .boolean()
      .optional()
      .meta({ description: 'Adds similarities, faces and timings to the answer.' }),
    warnings: z
      .boolean()
      .optional()
      .meta({ description: 'Adds what is worth knowing of the photos to the answer, as a list.' }),
    callback_url: urlSchema('Where the result is posted').optional(),
  })
  .refine((body) => body.threshold === undefined || body.fmr === undefined, {
    path: ['fmr'],
    error: 'threshold and fmr exclude one another',
  })
  .meta({ id: 'CompareRequest' });
export type CompareRequest = z.infer<typeof compareRequestSchema>;

const pointSchema = z.tuple([z.number(), z.number()]);

export const faceEvidenceSchema = z
  .object({
    box: z
      .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
      .meta({ description: 'Pixels of the upright photo, origin top-left.' }),
    landmarks: z.array(pointSchema).length(5).meta({
      description: 'Left eye, right eye, nose, left and right mouth corner, as they appear in the photo.',
    }),
    detection_score: z.number(),
    width_px: z.number(),
    quality: z.object({
      score: z.number().min(0).max(1),
      sharpness: z.number(),
      brightness: z.number(),
      yaw_deg: z.number(),
      pitch_deg: z.number(),
      roll_deg: z.number(),
    }),
  })
  .meta({ id: 'FaceEvidence' });
export type FaceEvidence = z.infer<typeof faceEvidenceSchema>;

export const imageEvidenceSchema = z
  .object({
    status: z.enum(['matched', 'not_matched', 'usable', 'unusable']),
    similarity: z.number().min(-1).max(1).optional().meta({
      description: 'Rounded to four decimals after the decision: whether it matched is in `status` alone.',
    }),
    code: errorCodeSchema.optional(),
    reason: reasonSchema.optional(),
    detail: z.string().optional(),
    face: faceEvidenceSchema.optional(),
    faces_found: z.int().min(0).optional(),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ImageEvidence' });
export type ImageEvidence = z.infer<typeof imageEvidenceSchema>;

export const evidenceSchema = z
  .object({
    threshold: thresholdSchema,
    fmr: z
      .number()
      .optional()
      .meta({
        description:
          'False match rate of one comparison at `threshold`. Absent where the calibration does not cover the threshold ' +
          'or one of the compared photos: one that has a warning other than `several_faces`.',
      }),
    min_matches: minMatchesSchema,
    matches: z.int().min(0).max(3),
    model: z.object({ pack: z.string(), detector: z.string(), recogniser: z.string() }),
    images: z.object({
      front_image1: imageEvidenceSchema,
      front_image2: imageEvidenceSchema,
      front_image3: imageEvidenceSchema,
      back_image: imageEvidenceSchema,
    }),
    warnings: z.array(z.string()),
    timings_ms: z.record(z.string(), z.number()),
  })
  .meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof evidenceSchema>;

export const warningSchema = z
  .object({
    image: imageNameSchema,
    code: z.string().meta({
      description:
        'small_face, blurred, dark and the like: only just good enough; rotated_90, rotated_180, rotated_270; ' +
        'several_faces; identical_to_… and near_identical_to_… another image. More may come.',
    }),
  })
  .meta({ id: 'Warning', description: 'A photo that was judged, and of which something is worth knowing.' });
export type Warning = z.infer<typeof warningSchema>;

export const compareResultSchema = z
  .object({
    user_id: userIdSchema,
    matched: z.boolean(),
    warnings: z
      .array(warningSchema)
      .optional()
      .meta({ description: 'Only when the request says `"warnings": true`; empty when there are none.' }),
    evidence: evidenceSchema.optional(),
  })
  .meta({ id: 'CompareResult' });
export type CompareResult = z.infer<typeof compareResultSchema>;

/** One reason among several: a field of the body or an image. */
export const problemItemSchema = z.object({
  field: z.string().optional(),
  image: imageNameSchema.optional(),
  code: errorCodeSchema,
  reason: reasonSchema.optional(),
  detail: z.string(),
});
export type ProblemItem = z.infer<typeof problemItemSchema>;

/** RFC 9457 problem details with our members. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: errorCodeSchema,
    reason: reasonSchema.optional(),
    retryable: z.boolean(),
    request_id: z.string().optional(),
    image: imageNameSchema.optional(),
    errors: z.array(problemItemSchema).optional(),
    job_id: z.string().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

export const JOB_STATUSES = ['queued', 'active', 'completed', 'failed', 'cancelled'] as const;
export const jobStatusSchema = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof jobStatusSchema>;

export const callbackStateSchema = z.object({
  status: z.enum(['pending', 'delivering', 'delivered', 'failed']),
  attempts: z.int().min(0),
  last_error: z.string().optional(),
});
export type CallbackState = z.infer<typeof callbackStateSchema>;

export const jobViewSchema = z
  .object({
    job_id: z.string(),
    user_id: userIdSchema,
    status: jobStatusSchema,
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().optional(),
    finished_at: z.iso.datetime().optional(),
    attempts: z.int().min(0),
    result: compareResultSchema.optional(),
    warnings: z.array(warningSchema).optional().meta({
      description: 'What is worth knowing of the photos of a decided comparison, when there is any.',
    }),
    error: problemSchema.optional(),
    callback: callbackStateSchema.optional(),
  })
  .meta({ id: 'JobView' });
export type JobView = z.infer<typeof jobViewSchema>;

export const jobAcceptedSchema = z
  .object({ job_id: z.string(), status: jobStatusSchema, status_url: z.string() })
  .meta({ id: 'JobAccepted' });
export type JobAccepted = z.infer<typeof jobAcceptedSchema>;

/** The body of every webhook, Standard Webhooks 1.0. */
export const webhookBodySchema = z
  .object({
    type: z.enum(['comparison.completed', 'comparison.failed']),
    timestamp: z.iso.datetime(),
    tenant: z.string().meta({
      description: 'The API key that asked, by its name; `anonymous` where no keys are set.',
    }),
    data: jobViewSchema,
  })
  .meta({ id: 'Webhook' });
export type WebhookBody = z.infer<typeof webhookBodySchema>;

/** A webhook that was given up: its target's host, never the rest of the URL. */
export const failedWebhookSchema = z
  .object({
    id: z.string().meta({ description: 'The webhook-id of every attempt.' }),
    job_id: z.string(),
    host: z.string(),
    attempts: z.int().min(0),
    last_error: z.string(),
    failed_at: z.iso.datetime(),
  })
  .meta({ id: 'FailedWebhook' });
export type FailedWebhook = z.infer<typeof failedWebhookSchema>;

export const failedWebhooksSchema = z
  .object({
    items: z.array(failedWebhookSchema),
    next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  })
  .meta({ id: 'FailedWebhooks' });
export type FailedWebhooks = z.infer<typeof failedWebhooksSchema>;

/** What answers a replay: the delivery starts its schedule anew under the same webhook-id. */
export const webhookRetrySchema = z
  .object({ id: z.string(), job_id: z.string(), status: z.literal('pending') })
  .meta({ id: 'WebhookRetry' });
export type WebhookRetry = z.infer<typeof webhookRetrySchema>;
