import { z } from 'zod';
import { compareRequestSchema, IMAGE_NAMES } from '../../shared/contract/compare-request.js';

const DESCRIPTIONS = {
  front_image1: 'First probe photo: a file, or the text of a URL',
  front_image2: 'Second probe photo, likewise',
  front_image3: 'Third probe photo, likewise',
  back_image: 'Reference photo, likewise',
} as const;

/**
 * The body of a comparison as multipart/form-data, as the OpenAPI document shows it. Requests are checked by
 * `compareRequestSchema`.
 */
export const compareFormSchema = z
  .object({
    ...Object.fromEntries(
      Object.entries(compareRequestSchema.shape).map(([name, schema]) => [name, schema.optional()]),
    ),
    ...Object.fromEntries(
      IMAGE_NAMES.map((name) => [
        name,
        z
          .file()
          .optional()
          .meta({ description: `${DESCRIPTIONS[name]}.` }),
      ]),
    ),
    request: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'The fields that are not parts of their own, as JSON.' }),
  })
  .meta({
    id: 'CompareForm',
    description:
      'The fields of CompareRequest as parts, each at most once. Numbers and booleans are the text that JSON has for them. ' +
      'What CompareRequest requires is required here too, as a part or in `request`.',
  });
