import { z } from 'zod';
import { defineOperation } from './define-operation.js';

export const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

export const getHealthOperation = defineOperation({
  method: 'get',
  path: '/health',
  id: 'getHealth',
  tag: 'Service',
  summary: 'Check that the process is alive',
  access: 'open',
  answers: { 200: { description: 'It is alive.', schema: healthSchema, example: { status: 'ok' } } },
  errors: [],
  createHandler: () => (context) => context.json({ status: 'ok' }),
});
