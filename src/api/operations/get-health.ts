import { z } from 'zod';
import { defineOperation } from './define-operation.js';

export interface GetHealthDependencies {
  /** Wrong settings that were replaced by their defaults. */
  readonly settingWarnings: readonly string[];
}

export const healthSchema = z
  .object({
    status: z.literal('ok'),
    warnings: z.array(z.string()).meta({
      description: 'Settings with a wrong value, the value, and the default that is used instead.',
    }),
  })
  .meta({ id: 'Health' });

const EXAMPLE = {
  status: 'ok',
  warnings: [
    'MAX_IMAGE_BYTES is "10MB", but must be a whole number from 1024 to 268435456 in plain digits; using 10485760',
  ],
};

export const getHealthOperation = defineOperation<GetHealthDependencies>({
  method: 'get',
  path: '/health',
  id: 'getHealth',
  tag: 'Service',
  summary: 'Check that the process is alive',
  description: 'Answers also while Redis or the workers are unavailable.',
  access: 'open',
  answers: { 200: { description: 'It is alive.', schema: healthSchema, example: EXAMPLE } },
  errors: [],
  createHandler:
    ({ settingWarnings: warnings }) =>
    (context) =>
      context.json({ status: 'ok', warnings }),
});
