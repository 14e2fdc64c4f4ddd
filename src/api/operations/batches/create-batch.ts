import type { Context } from 'hono';
import {
  type BatchAccepted,
  batchAcceptedSchema,
  batchRequestSchema,
} from '../../../shared/contract/batch-view.js';
import { MAX_URL_LENGTH } from '../../../shared/contract/compare-request.js';
import { publicFactsOf, toVerificationError } from '../../../shared/errors.js';
import { checkUrl } from '../../../shared/net/address-policy.js';
import type { CallerRules } from '../../access/access.js';
import { type AcceptDependencies, acceptBatch } from '../../batches/accept-batch.js';
import { readBatch } from '../../batches/read-batch.js';
import type { AppContext } from '../../http/app-context.js';
import { readCaller } from '../../http/read-request.js';
import { RequestError } from '../../http/request-error.js';
import type { UploadLimits } from '../../http/upload-limits.js';
import { CANNOT_SIGN } from '../../jobs/check-request.js';
import { forgetUploads } from '../../jobs/submit-job.js';
import { BATCH_KEY, CALLBACK_URL, REQUEST_ID, TRACE_PARENT } from '../../openapi/components.js';
import { BATCH_ID, REQUEST_EXAMPLE } from '../../openapi/examples.js';
import { REPLAYED } from '../create-job.js';
import { defineOperation, linkTo } from '../define-operation.js';

export interface CreateBatchDependencies extends AcceptDependencies {
  readonly uploadLimits: UploadLimits;
  /** Longest body, bytes. */
  readonly maxBatchBytes: number;
}

const EXAMPLE = [
  { ref: 'row-1', ...REQUEST_EXAMPLE },
  { ref: 'row-2', ...REQUEST_EXAMPLE, user_id: 'user-43' },
];

export const createBatchOperation = defineOperation<CreateBatchDependencies>({
  method: 'post',
  path: '/batches',
  id: 'createBatch',
  tag: 'Batches',
  summary: 'Queue up to 1,000 comparisons',
  description:
    'Each line is the body of `POST /jobs`, optionally with a `ref`. All lines are checked first: one wrong line refuses ' +
    'the batch. Its jobs are ordinary jobs.',
  parameters: [BATCH_KEY, CALLBACK_URL, REQUEST_ID, TRACE_PARENT],
  body: {
    schema: batchRequestSchema,
    example: EXAMPLE,
    ndjson: EXAMPLE.map((line) => `${JSON.stringify(line)}\n`).join(''),
  },
  limitsBody: true,
  answers: {
    202: {
      description: 'Every job is in the queue, or the batch of this Idempotency-Key exists already.',
      schema: batchAcceptedSchema,
      headers: ['Location', 'Retry-After', 'Idempotent-Replayed'],
      example: { batch_id: BATCH_ID, total: 2, status_url: `/batches/${BATCH_ID}` },
      links: {
        readBatch: linkTo('getBatch', '/batch_id', 'The jobs by state.'),
        readResults: linkTo('getBatchResults', '/batch_id', 'The jobs and their results.'),
        cancelBatch: linkTo('cancelBatch', '/batch_id', 'Cancels the jobs that have not started.'),
      },
    },
  },
  errors: [
    'invalid_json',
    'unsupported_media_type',
    'body_too_large',
    'invalid_batch',
    'invalid_request',
    'image_url_forbidden',
    'idempotency_conflict',
    'overloaded',
    'queue_unavailable',
    'internal',
  ],
  createHandler: (deps) => (context) => createBatch(context, deps),
});

async function createBatch(context: Context<AppContext>, deps: CreateBatchDependencies): Promise<Response> {
  const caller = readCaller(context, false);
  const namedUrl = readCallbackUrl(context, caller.rules);
  const drafts = await readBatch(context, caller, deps);
  const callbackUrl = namedUrl ?? caller.rules.webhookUrl;
  const checked = { drafts, callbackUrl, namesCallback: namedUrl !== undefined };
  const { batchId, total, isReplayed } = await acceptBatch(checked, caller, deps).finally(() => {
    for (const { uploads } of drafts) forgetUploads(uploads);
  });
  context.set('batchId', batchId);
  if (isReplayed) context.header(...REPLAYED);
  const statusUrl = `/batches/${batchId}`;
  context.header('location', statusUrl);
  context.header('retry-after', '1');
  const accepted: BatchAccepted = { batch_id: batchId, total, status_url: statusUrl };
  return context.json(accepted, 202);
}

/** @throws RequestError that names the header. */
function readCallbackUrl(context: Context<AppContext>, { policy, canSign }: CallerRules): string | undefined {
  const url = context.req.header('callback-url');
  if (url === undefined) return undefined;
  const field = 'Callback-Url';
  const refuse = (detail: string): never => {
    throw new RequestError([{ field, code: 'invalid_request', detail }]);
  };
  if (url === '' || url.length > MAX_URL_LENGTH) refuse(`must have 1 to ${MAX_URL_LENGTH} characters`);
  if (!canSign) refuse(CANNOT_SIGN);
  try {
    checkUrl(url, policy, 'callback');
  } catch (error) {
    throw new RequestError([{ field, ...publicFactsOf(toVerificationError(error)) }]);
  }
  return url;
}
