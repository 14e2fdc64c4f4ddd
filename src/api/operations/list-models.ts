import { z } from 'zod';
import { describeThreshold, fmrAtThreshold, fnmrAtThreshold } from '../../shared/models/calibration.js';
import {
  type Calibration,
  calibrationSchema,
  type ModelManifest,
} from '../../shared/models/model-manifest.js';
import { defineOperation } from './define-operation.js';

export interface ListModelsDependencies {
  /** Name of the model pack in use. */
  readonly model: string;
  readonly manifests: readonly ModelManifest[];
  /** Of the pack in use. */
  readonly calibration: Calibration | null;
  /** The threshold of requests that name none. */
  readonly defaultThreshold: number;
}

export const modelsSchema = z
  .object({
    in_use: z.string().meta({ description: 'The model pack in use.' }),
    threshold: z
      .object({
        value: z.number(),
        fmr: z
          .number()
          .nullable()
          .meta({ description: 'Upper bound of the false match rate of one comparison.' }),
        fnmr: z
          .number()
          .nullable()
          .meta({ description: 'Upper bound of the false non-match rate of one comparison.' }),
        meaning: z.string().meta({
          description: 'The same in sentences, with the data behind it and the threshold for an FMR of 1e-4.',
        }),
      })
      .meta({
        description:
          'The threshold of requests that name none, and its error rates with the pack in use. A rate is null if the ' +
          'calibration does not cover the threshold.',
      }),
    models: z.array(
      z.object({
        name: z.string(),
        in_use: z.boolean(),
        description: z.string(),
        licence: z.object({ name: z.string(), commercial_use: z.boolean(), url: z.string() }),
        calibration: calibrationSchema.nullable().meta({
          description:
            'Error rates of each threshold, and the data on which they were measured. `detector` aligned the faces; ' +
            'absent: the own one of the pack. `recommended_threshold` changes no decision.',
        }),
      }),
    ),
  })
  .meta({ id: 'Models' });

export const listModelsOperation = defineOperation<ListModelsDependencies>({
  method: 'get',
  path: '/models',
  id: 'listModels',
  tag: 'Service',
  summary: 'List model packs, their licences and their error rates',
  description:
    'The calibration of the pack in use says which `fmr` a request can ask for. `threshold` says what the default means.',
  answers: { 200: { description: 'The packs that this version knows.', schema: modelsSchema } },
  errors: ['internal'],
  createHandler: ({ model, manifests, calibration: inUse, defaultThreshold: value }) => {
    const threshold = {
      value,
      fmr: fmrAtThreshold(inUse, value) ?? null,
      fnmr: fnmrAtThreshold(inUse, value) ?? null,
      meaning: describeThreshold(inUse, value),
    };
    const models = manifests.map(({ name, description, licence, calibration }) => ({
      name,
      in_use: name === model,
      description,
      licence: { name: licence.name, commercial_use: licence.commercial_use, url: licence.url },
      calibration,
    }));
    return (context) => context.json({ in_use: model, threshold, models });
  },
});
