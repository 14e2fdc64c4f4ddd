import { z } from 'zod';

/** The longest image or callback URL that is accepted, in characters. */
export const MAX_URL_LENGTH = 2048;

/** The three probes, in the order in which they are judged. */
export const FRONT_IMAGES = ['front_image1', 'front_image2', 'front_image3'] as const;
export const IMAGE_NAMES = [...FRONT_IMAGES, 'back_image'] as const;

export const frontImageSchema = z.enum(FRONT_IMAGES);
export const imageNameSchema = z.enum(IMAGE_NAMES);
export type FrontImage = z.infer<typeof frontImageSchema>;
export type ImageName = z.infer<typeof imageNameSchema>;

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
    error: 'must be well-formed Unicode and neither "." nor "..", because a path must be able to name it',
  })
  .meta({ description: 'The caller’s own id of the person. The response repeats it unchanged.' });

/** Cosine similarity at or above which a probe matches, 0..1. */
export const thresholdSchema = z.number().min(0).max(1);
/** How many of the three probes must match. */
export const minMatchesSchema = z.union([z.literal(2), z.literal(3)], { error: 'must be 2 or 3' });

/** The body of a comparison request. Unknown fields are ignored, as in the Python service; numbers must be JSON numbers. */
export const compareRequestSchema = z
  .object({
    user_id: userIdSchema,
    front_image1: urlSchema('First probe photo'),
    front_image2: urlSchema('Second probe photo'),
    front_image3: urlSchema('Third probe photo'),
    back_image: urlSchema('Reference photo'),
    threshold: thresholdSchema.optional().meta({
      description:
        'Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). ' +
        'Cannot be combined with fmr.',
    }),
    fmr: z.number().gt(0).lt(1).optional().meta({
      description:
        'Highest false match rate of a single comparison. The calibration of the model pack gives the threshold.',
    }),
    min_matches: minMatchesSchema.optional().meta({ description: 'How many probes must match.' }),
    evidence: z
      .boolean()
      .optional()
      .meta({ description: 'Adds similarities, faces and timings to the response.' }),
    warnings: z
      .boolean()
      .optional()
      .meta({ description: 'Adds a list of warnings about the photos to the response.' }),
    callback_url: urlSchema('Where the result is posted').optional(),
  })
  .refine((body) => body.threshold === undefined || body.fmr === undefined, {
    path: ['fmr'],
    error: 'cannot be combined with threshold',
  })
  .meta({ id: 'CompareRequest' });
export type CompareRequest = z.infer<typeof compareRequestSchema>;
