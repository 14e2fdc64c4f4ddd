import { z } from 'zod';
import { batchPlaceOf } from '../../shared/batches/batch-id.js';
import type { BatchStore } from '../../shared/batches/batch-store.js';
import { noteBatchJobEnded } from '../../shared/batches/end-batch.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { fillForJob } from '../batches/fill-for-job.js';
import type { JobQueue } from '../jobs/job-queue.js';
import { withQueue } from '../jobs/with-queue.js';
import { type Parameter, REQUEST_ID } from '../openapi/components.js';
import { defineOperation } from './define-operation.js';

export interface EraseUserJobsDependencies {
  readonly redis: RedisConnection;
  readonly queue: JobQueue;
  readonly webhooks: WebhookQueue;
  readonly batches: BatchStore;
  readonly clock: RedisClock;
}

/** Jobs erased in one exchange with Redis. */
const BATCH_SIZE = 100;

const USER_ID: Parameter = {
  id: 'UserId',
  name: 'user_id',
  in: 'path',
  required: true,
  description: 'The user_id that the comparisons were requested with.',
  schema: { type: 'string' },
};

export const erasedJobsSchema = z
  .object({
    erased: z.int().min(0).meta({ description: 'Jobs of which nothing is left.' }),
    running: z
      .int()
      .min(0)
      .meta({ description: 'Jobs that were asked to stop; repeat the call to erase these too.' }),
  })
  .meta({ id: 'ErasedJobs' });

/** Running jobs are asked to stop and stay in the index, so that a repeated call erases them too. */
export const eraseUserJobsOperation = defineOperation<EraseUserJobsDependencies>({
  method: 'delete',
  path: '/users/{user_id}/jobs',
  id: 'eraseUserJobs',
  tag: 'Privacy',
  summary: 'Erase every job of a person',
  description: 'Running jobs are asked to stop; while `running` is above 0, call again.',
  parameters: [USER_ID, REQUEST_ID],
  answers: {
    200: {
      description: 'Number of jobs erased and still running.',
      schema: erasedJobsSchema,
      example: { erased: 3, running: 0 },
    },
  },
  errors: ['queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const tenant = context.get('tenant');
    const userId = context.req.param('user_id') ?? '';
    const jobIds = await withQueue(deps.redis, () => deps.queue.listUserJobs(tenant, userId));
    let erased = 0;
    for (let index = 0; index < jobIds.length; index += BATCH_SIZE) {
      const batch = jobIds.slice(index, index + BATCH_SIZE);
      const results = await withQueue(deps.redis, () =>
        Promise.all(batch.map((jobId) => eraseJob({ jobId, tenant }, deps))),
      );
      erased += results.filter(Boolean).length;
    }
    const running = jobIds.length - erased;
    if (running === 0) await withQueue(deps.redis, () => deps.queue.forgetUser(tenant, userId));
    return context.json({ erased, running });
  },
});

/** Returns true if nothing is left of the job. */
async function eraseJob(
  { jobId, tenant }: { readonly jobId: string; readonly tenant: string },
  deps: EraseUserJobsDependencies,
): Promise<boolean> {
  const { queue, webhooks, batches } = deps;
  if (!(await fillForJob(jobId, deps))) return false;
  if (!(await queue.erase(jobId, tenant))) {
    await queue.publishCancel(jobId);
    return false;
  }
  const batch = batchPlaceOf(jobId);
  if (batch) await batches.dropDigest(batch.batchId);
  await noteBatchJobEnded(jobId, deps);
  return webhooks.erase(jobId);
}
