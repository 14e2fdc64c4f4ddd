import type { Context } from 'hono';
import { type BatchView, batchViewSchema } from '../../../shared/contract/batch-view.js';
import type { RedisConnection } from '../../../shared/redis/connect-redis.js';
import { type ReadBatchViewDependencies, readBatchView } from '../../batches/read-batch-view.js';
import type { AppContext } from '../../http/app-context.js';
import { MAX_WAIT_SECONDS, readBatchId, readPreferences } from '../../http/read-request.js';
import type { JobWaiter } from '../../jobs/job-waiter.js';
import { withQueue } from '../../jobs/with-queue.js';
import { BATCH_ID_PARAMETER, PREFER_WAIT, REQUEST_ID } from '../../openapi/components.js';
import { BATCH_EXAMPLE } from '../../openapi/examples.js';
import { defineOperation } from '../define-operation.js';

/** Time after which a poller should read a running batch again, seconds. */
const POLL_AFTER_SECONDS = 1;

export interface GetBatchDependencies extends ReadBatchViewDependencies {
  readonly redis: RedisConnection;
  readonly batchWaiter: JobWaiter<'finished'>;
}

export const getBatchOperation = defineOperation<GetBatchDependencies>({
  method: 'get',
  path: '/batches/{id}',
  id: 'getBatch',
  tag: 'Batches',
  summary: 'Count the jobs of a batch by state, or wait for its end',
  description:
    'A batch is `completed` once every job has ended, whether it was decided, failed or was cancelled.',
  parameters: [BATCH_ID_PARAMETER, PREFER_WAIT, REQUEST_ID],
  answers: {
    200: {
      description: 'The current state of the batch.',
      schema: batchViewSchema,
      headers: ['Retry-After', 'Preference-Applied'],
      example: BATCH_EXAMPLE,
    },
  },
  errors: ['batch_not_found', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const view = await waitForView(context, readBatchId(context), deps);
    if (view.status === 'running') context.header('retry-after', String(POLL_AFTER_SECONDS));
    return context.json(view);
  },
});

async function waitForView(
  context: Context<AppContext>,
  batchId: string,
  deps: GetBatchDependencies,
): Promise<BatchView> {
  const { waitSeconds = 0 } = readPreferences(context.req.header('prefer'));
  const read = (): Promise<BatchView> =>
    withQueue(deps.redis, () => readBatchView(batchId, context.get('tenant'), deps));
  if (waitSeconds === 0) return read();
  const grantedSeconds = Math.min(waitSeconds, MAX_WAIT_SECONDS);
  context.header('preference-applied', `wait=${grantedSeconds}`);
  // Registered before the first read, so that an end in between is not missed.
  const wait = deps.batchWaiter.waitFor(batchId, {
    timeoutMs: grantedSeconds * 1_000,
    signal: context.req.raw.signal,
  });
  try {
    const view = await read();
    if (view.status === 'completed') return view;
    await wait.promise;
    return await read();
  } finally {
    wait.cancel();
  }
}
