import { batchViewSchema } from '../../../shared/contract/batch-view.js';
import { cancelBatch } from '../../batches/cancel-batch.js';
import { findBatch, readBatchView } from '../../batches/read-batch-view.js';
import { readBatchId } from '../../http/read-request.js';
import type { CancelDependencies } from '../../jobs/cancel-job.js';
import { withQueue } from '../../jobs/with-queue.js';
import { BATCH_ID_PARAMETER, REQUEST_ID } from '../../openapi/components.js';
import { BATCH_EXAMPLE } from '../../openapi/examples.js';
import { defineOperation } from '../define-operation.js';

export const cancelBatchOperation = defineOperation<CancelDependencies>({
  method: 'delete',
  path: '/batches/{id}',
  id: 'cancelBatch',
  tag: 'Batches',
  summary: 'Cancel the jobs of a batch that have not started',
  description:
    'Running jobs continue, and results stay. The webhook of each cancelled job, if it has one, says `comparison.failed` ' +
    'with the code `job_cancelled`. Repeating the call changes nothing.',
  parameters: [BATCH_ID_PARAMETER, REQUEST_ID],
  answers: {
    200: {
      description: 'The batch after that.',
      schema: batchViewSchema,
      example: {
        ...BATCH_EXAMPLE,
        counts: { queued: 0, active: 0, completed: 1, failed: 0, cancelled: 2, removed: 0 },
      },
    },
  },
  errors: ['batch_not_found', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const batchId = readBatchId(context);
    const tenant = context.get('tenant');
    const batch = await withQueue(deps.redis, () => findBatch(batchId, tenant, deps));
    await cancelBatch(batch, deps);
    return context.json(await withQueue(deps.redis, () => readBatchView(batchId, tenant, deps)));
  },
});
