import { z } from 'zod';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { JobQueue } from '../jobs/job-queue.js';
import { withQueue } from '../jobs/with-queue.js';
import { defineOperation } from './define-operation.js';

export interface GetReadinessDependencies {
  readonly redis: RedisConnection;
  readonly queue: JobQueue;
  readonly clock: RedisClock;
  /** Name of the model pack in use. */
  readonly model: string;
  /** True once this process has been asked to stop. */
  readonly isDraining: () => boolean;
}

export const readinessSchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    redis: z.boolean().meta({ description: 'True if Redis answers.' }),
    workers: z.int().min(0).meta({ description: 'Number of live workers with this model pack.' }),
    model: z.string().meta({ description: 'The model pack in use.' }),
  })
  .meta({ id: 'Readiness' });

export const getReadinessOperation = defineOperation<GetReadinessDependencies>({
  method: 'get',
  path: '/health/ready',
  id: 'getReadiness',
  tag: 'Service',
  summary: 'Check that comparisons can be answered',
  description:
    'For load balancers and for `npm start`: 503 while Redis or a worker is missing, or this process stops.',
  access: 'open',
  answers: {
    200: {
      description: 'Redis answers and a worker with this model pack is alive.',
      schema: readinessSchema,
      example: { status: 'ready', redis: true, workers: 2, model: 'buffalo_l' },
    },
    503: {
      description: 'Redis or a worker is missing, or this process is stopping.',
      schema: readinessSchema,
      example: { status: 'not_ready', redis: true, workers: 0, model: 'buffalo_l' },
    },
  },
  errors: [],
  createHandler:
    ({ redis, queue, clock, model, isDraining }) =>
    async (context) => {
      const workers = await withQueue(redis, () => queue.countWorkers(clock.now())).catch(() => undefined);
      const isReady = workers !== undefined && workers > 0 && !isDraining();
      return context.json(
        {
          status: isReady ? 'ready' : 'not_ready',
          redis: workers !== undefined,
          workers: workers ?? 0,
          model,
        },
        isReady ? 200 : 503,
      );
    },
});
