import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { BatchStore } from '../../../shared/batches/batch-store.js';
import type { RedisConnection } from '../../../shared/redis/connect-redis.js';
import { findBatch } from '../../batches/read-batch-view.js';
import { streamResults } from '../../batches/stream-results.js';
import type { AppContext } from '../../http/app-context.js';
import { readBatchId } from '../../http/read-request.js';
import { RequestError } from '../../http/request-error.js';
import type { ReadJobDependencies } from '../../jobs/read-job-view.js';
import { withQueue } from '../../jobs/with-queue.js';
import { BATCH_ID_PARAMETER, REQUEST_ID } from '../../openapi/components.js';
import { JOB_EXAMPLE } from '../../openapi/examples.js';
import { defineOperation } from '../define-operation.js';

export interface GetBatchResultsDependencies extends ReadJobDependencies {
  readonly redis: RedisConnection;
  readonly batches: BatchStore;
}

export const getBatchResultsOperation = defineOperation<GetBatchResultsDependencies>({
  method: 'get',
  path: '/batches/{id}/results',
  id: 'getBatchResults',
  tag: 'Batches',
  summary: 'Read the jobs of a batch',
  description:
    'One job on each line, as `GET /jobs/{id}` shows it, in the order of the batch. Jobs that are no longer kept are left ' +
    'out.',
  parameters: [
    BATCH_ID_PARAMETER,
    {
      id: 'Ended',
      name: 'ended',
      in: 'query',
      description: '`true` leaves out jobs that have not ended.',
      schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
    },
    REQUEST_ID,
  ],
  answers: {
    200: {
      description: 'The jobs as NDJSON. If they cannot be read to the end, the connection is cut.',
      mediaType: 'application/x-ndjson',
      example: `${JSON.stringify(JOB_EXAMPLE)}\n`,
    },
  },
  errors: ['invalid_request', 'batch_not_found', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const batchId = readBatchId(context);
    const endedOnly = readEnded(context.req.query('ended'));
    const batch = await withQueue(deps.redis, () => findBatch(batchId, context.get('tenant'), deps));
    const onFailure = (error: unknown): void => {
      deps.logger.warn({ err: error, batch_id: batchId }, 'results of a batch were cut off');
      connectionOf(context)?.destroy();
    };
    const results = streamResults(batch, { endedOnly, onFailure }, deps);
    return context.body(results, 200, { 'content-type': 'application/x-ndjson' });
  },
});

/** @throws RequestError that names the parameter. */
function readEnded(text: string | undefined): boolean {
  if (text === undefined || text === 'true' || text === 'false') return text === 'true';
  throw new RequestError([{ field: 'ended', code: 'invalid_request', detail: 'must be true or false' }]);
}

/** The response on its connection; undefined if the app answers without a socket. */
function connectionOf(context: Context<AppContext>): HttpBindings['outgoing'] | undefined {
  return (context.env as Partial<HttpBindings> | undefined)?.outgoing;
}
