import { z } from 'zod';
import { calibrationSchema } from '../models/model-manifest.js';
import { minMatchesSchema, reviewMarginSchema, thresholdSchema, userIdSchema } from './compare-request.js';
import { errorCodeSchema, reasonSchema } from './error-code.js';
import { evidenceSchema, imageEvidenceSchema } from './evidence.js';

const sha256Schema = z.hash('sha256');

/** One photo of a receipt. `sha256`: of its bytes as they were fetched or sent; absent if there were none. */
export const receiptImageSchema = imageEvidenceSchema
  .pick({ status: true, similarity: true, code: true, reason: true })
  .extend({ sha256: sha256Schema.optional() });
export type ReceiptImage = z.infer<typeof receiptImageSchema>;

/**
 * The signed content of a receipt: what was decided, by which model, on which bytes. No pixels and no embeddings.
 * docs/receipts.md describes it for those who verify one.
 */
export const receiptSchema = z.object({
  v: z.literal(1),
  job_id: z.string(),
  request_id: z.string(),
  tenant: z.string(),
  /** One of the two, as RECEIPT_HASH_USER_ID says. */
  user_id: userIdSchema.optional(),
  user_id_sha256: sha256Schema.optional(),
  decision: z.enum(['matched', 'not_matched', 'undecided']),
  /** Why it is undecided. */
  code: errorCodeSchema.optional(),
  reason: reasonSchema.optional(),
  threshold: thresholdSchema,
  /** As in the evidence. */
  fmr: z.number().optional(),
  min_matches: minMatchesSchema,
  review_margin: reviewMarginSchema.optional(),
  borderline: z.literal(true).optional(),
  images: z.object({
    front_image1: receiptImageSchema,
    front_image2: receiptImageSchema,
    front_image3: receiptImageSchema,
    back_image: receiptImageSchema,
  }),
  /** Name of the pack, and the SHA-256 of its model files. */
  model: evidenceSchema.shape.model,
  /** The data behind the false match rates of the pack. Absent if the pack has none. */
  calibration: calibrationSchema.pick({ dataset: true, date: true, non_mated_pairs: true }).optional(),
  service: z.object({ name: z.string(), version: z.string() }),
  decided_at: z.iso.datetime(),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** A receipt as callers get it. */
export const receiptTextSchema = z.string().meta({
  description:
    'Only if the request has `"receipt": true`. A compact JWS, signed with a key of `/.well-known/jwks.json`.',
});
