import { z } from 'zod';
import { imageNameSchema, userIdSchema } from './compare-request.js';
import { evidenceSchema } from './evidence.js';

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
