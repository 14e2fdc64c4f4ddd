import { z } from 'zod';
import { calibrationSchema } from '../../shared/models/model-manifest.js';

/** `GET /health`. */
export const healthSchema = z.object({ status: z.literal('ok') });

/** `GET /health/ready`, with 200 as with 503. */
export const readinessSchema = z.object({
  status: z.enum(['ready', 'not_ready']),
  redis: z.boolean().meta({ description: 'Whether Redis answers.' }),
  workers: z.int().min(0).meta({ description: 'Workers of this model pack that live.' }),
  model: z.string().meta({ description: 'The model pack that answers here.' }),
});

/** `GET /models`. */
export const modelsSchema = z.object({
  in_use: z.string().meta({ description: 'The model pack that answers here.' }),
  models: z.array(
    z.object({
      name: z.string(),
      in_use: z.boolean(),
      description: z.string(),
      licence: z.object({ name: z.string(), commercial_use: z.boolean(), url: z.string() }),
      calibration: calibrationSchema.nullable().meta({
        description: 'Which threshold means which false match rate, and on which data that was measured.',
      }),
    }),
  ),
});

/** `DELETE /users/:user_id/jobs`. */
export const erasedJobsSchema = z.object({
  erased: z.int().min(0).meta({ description: 'Jobs of which nothing is kept any more.' }),
  running: z
    .int()
    .min(0)
    .meta({ description: 'Jobs that were told to stop; repeat the call to erase these too.' }),
});
