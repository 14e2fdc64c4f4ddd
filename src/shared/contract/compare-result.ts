import { z } from 'zod';
import { imageNameSchema, userIdSchema } from './compare-request.js';
import { evidenceSchema } from './evidence.js';
import { receiptTextSchema } from './receipt.js';

export const warningSchema = z
  .object({
    image: imageNameSchema.optional().meta({ description: 'The photo that the warning is about.' }),
    field: z.string().optional().meta({ description: 'The ignored field, for `unknown_field`.' }),
    code: z.string().meta({
      description:
        'small_face, blurred, dark and the like: barely good enough; rotated_90, rotated_180, rotated_270; ' +
        'several_faces; identical_to_… and near_identical_to_… another image; unknown_field. More may come.',
    }),
  })
  .meta({
    id: 'Warning',
    description: 'Something to know about a photo that was judged, or about the request.',
  });
export type Warning = z.infer<typeof warningSchema>;

export const compareResultSchema = z
  .object({
    user_id: userIdSchema,
    matched: z.boolean(),
    borderline: z.literal(true).optional().meta({
      description:
        'Only if the request has `review_margin` and the decision is that close: let a person look at the photos.',
    }),
    warnings: z.array(warningSchema).optional().meta({
      description: 'Only if the request has `"warnings": true`. Empty if there is nothing to report.',
    }),
    evidence: evidenceSchema.optional(),
    receipt: receiptTextSchema.optional(),
  })
  .meta({ id: 'CompareResult' });
export type CompareResult = z.infer<typeof compareResultSchema>;

/** The parts of a result that are stored only if the request asks for them. */
export type ResultDetails = Pick<CompareResult, 'evidence' | 'receipt'>;
