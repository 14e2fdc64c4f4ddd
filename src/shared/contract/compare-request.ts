import { z } from 'zod';
import { mustBe, mustBeText } from '../explain-issue.js';
import { type ImageSource, isDataUrl, parseDataUrl } from './image-source.js';

/** The longest image or callback URL that is accepted, in characters. URLs signed with session tokens take up to 6,000. */
export const MAX_URL_LENGTH = 8_192;

/** The three probes, in the order in which they are judged. */
export const FRONT_IMAGES = ['front_image1', 'front_image2', 'front_image3'] as const;
export const IMAGE_NAMES = [...FRONT_IMAGES, 'back_image'] as const;

export const frontImageSchema = z.enum(FRONT_IMAGES);
export const imageNameSchema = z.enum(IMAGE_NAMES);
export type FrontImage = z.infer<typeof frontImageSchema>;
export type ImageName = z.infer<typeof imageNameSchema>;

/** True if a field holds a photo. */
export function isImageName(field: string): field is ImageName {
  return (IMAGE_NAMES as readonly string[]).includes(field);
}

const urlError = mustBeText(MAX_URL_LENGTH, 'an http or https URL');
const imageError = mustBeText(MAX_URL_LENGTH, 'an http, https or data: URL');

/** A photo: its text as an ImageSource. */
const imageSchema = (what: string) =>
  z
    .string(imageError)
    .min(1, imageError)
    .transform((text, context): ImageSource => {
      const isUrl = !isDataUrl(text);
      if (isUrl && text.length <= MAX_URL_LENGTH) return { kind: 'url', url: text };
      const source = isUrl ? undefined : parseDataUrl(text);
      if (source?.kind === 'upload') return source;
      context.addIssue({ code: 'custom', message: source?.why ?? imageError.error({ input: text }) });
      return z.NEVER;
    })
    .meta({
      description: `${what}: an http or https URL of at most ${MAX_URL_LENGTH} characters, or a data: URL with base64.`,
      format: 'uri',
    });

/** The longest `user_id`, in characters. */
const MAX_USER_ID_LENGTH = 128;
const userIdError = mustBeText(
  MAX_USER_ID_LENGTH,
  `text or a whole number from -${Number.MAX_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
);

export const userIdSchema = z
  .union(
    [z.string().min(1, userIdError).max(MAX_USER_ID_LENGTH, userIdError), z.int(userIdError)],
    userIdError,
  )
  .refine((id) => !/^\.\.?$|\p{Surrogate}/u.test(String(id)), {
    error: 'must be well-formed Unicode and neither "." nor "..", because a path must be able to name it',
  })
  .meta({ description: 'The caller’s own id of the person. The response repeats it unchanged.' });

const thresholdError = mustBe('a number from 0 to 1');
/** Cosine similarity at or above which a probe matches, 0..1. */
export const thresholdSchema = z.number(thresholdError).min(0, thresholdError).max(1, thresholdError);
/** Number of the three probes that must match. */
export const minMatchesSchema = z.union([z.literal(2), z.literal(3)], mustBe('2 or 3'));

const fmrError = mustBe('a number above 0 and below 1');
const reviewMarginError = mustBe('a number from 0 to 0.2');
/** Distance from the threshold within which a decision is borderline, 0..0.2. */
export const reviewMarginSchema = z
  .number(reviewMarginError)
  .min(0, reviewMarginError)
  .max(0.2, reviewMarginError);

/** The body of a comparison request. Unknown fields are ignored, as in the Python service; numbers must be JSON numbers. */
export const compareRequestSchema = z
  .object(
    {
      user_id: userIdSchema,
      front_image1: imageSchema('First probe photo'),
      front_image2: imageSchema('Second probe photo'),
      front_image3: imageSchema('Third probe photo'),
      back_image: imageSchema('Reference photo'),
      threshold: thresholdSchema.optional().meta({
        description:
          'Cosine similarity at or above which a probe matches. At least MIN_THRESHOLD of the service (0.2 by default). ' +
          'Cannot be combined with fmr.',
      }),
      fmr: z.number(fmrError).gt(0, fmrError).lt(1, fmrError).optional().meta({
        description:
          'Highest false match rate of a single comparison. The calibration of the model pack gives the threshold.',
      }),
      min_matches: minMatchesSchema.optional().meta({ description: 'How many probes must match.' }),
      review_margin: reviewMarginSchema.optional().meta({
        description:
          'Adds `borderline: true` to the result if the similarity that decides, the `min_matches`-th highest of the fronts, ' +
          'lies within this distance of the threshold. `matched` stays the same.',
      }),
      evidence: z
        .boolean(mustBe('true or false'))
        .optional()
        .meta({ description: 'Adds similarities, faces and timings to the response.' }),
      warnings: z
        .boolean(mustBe('true or false'))
        .optional()
        .meta({ description: 'Adds a list of warnings about the photos to the response.' }),
      receipt: z
        .boolean(mustBe('true or false'))
        .optional()
        .meta({
          description:
            'Adds a signed receipt to the response: a compact JWS about the decision, the model and the SHA-256 of each photo. ' +
            '`/.well-known/jwks.json` has the keys that verify it.',
        }),
      callback_url: z
        .string(urlError)
        .min(1, urlError)
        .max(MAX_URL_LENGTH, urlError)
        .meta({ description: 'Where the result is posted; http or https.', format: 'uri' })
        .optional(),
    },
    mustBe('a JSON object'),
  )
  .refine((body) => body.threshold === undefined || body.fmr === undefined, {
    path: ['fmr'],
    error: 'cannot be combined with threshold',
  })
  .meta({
    id: 'CompareRequest',
    // Says to clients what the refinement above says.
    not: { required: ['threshold', 'fmr'], properties: { threshold: {}, fmr: {} } },
  });
export type CompareRequest = z.infer<typeof compareRequestSchema>;
