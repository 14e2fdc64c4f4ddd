import { z } from 'zod';
import { calibrationSchema, type ModelManifest } from '../../shared/models/model-manifest.js';
import { defineOperation } from './define-operation.js';

export interface ListModelsDependencies {
  /** Name of the model pack in use. */
  readonly model: string;
  readonly manifests: readonly ModelManifest[];
}

export const modelsSchema = z
  .object({
    in_use: z.string().meta({ description: 'The model pack in use.' }),
    models: z.array(
      z.object({
        name: z.string(),
        in_use: z.boolean(),
        description: z.string(),
        licence: z.object({ name: z.string(), commercial_use: z.boolean(), url: z.string() }),
        calibration: calibrationSchema.nullable().meta({
          description: 'False match rate of each threshold, and the data on which it was measured.',
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
  description: 'The calibration of the pack in use says which `fmr` a request can ask for.',
  answers: { 200: { description: 'The packs that this version knows.', schema: modelsSchema } },
  errors: ['internal'],
  createHandler: ({ model, manifests }) => {
    const models = manifests.map(({ name, description, licence, calibration }) => ({
      name,
      in_use: name === model,
      description,
      licence: { name: licence.name, commercial_use: licence.commercial_use, url: licence.url },
      calibration,
    }));
    return (context) => context.json({ in_use: model, models });
  },
});
