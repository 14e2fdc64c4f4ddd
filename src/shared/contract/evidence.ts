import { z } from 'zod';
import { minMatchesSchema, thresholdSchema } from './compare-request.js';
import { errorCodeSchema, reasonSchema } from './error-code.js';

/** x and y. An array and no tuple, because client generators do not understand `prefixItems`. */
const pointSchema = z.array(z.number()).length(2);

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
          'or one of the compared photos: one that has a warning other than `several_faces` and ' +
          '`repaired_file`.',
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
