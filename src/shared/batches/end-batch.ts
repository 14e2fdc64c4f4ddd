import { type BatchJobState, createBatchView, haveAllEnded } from '../contract/batch-view.js';
import type { RedisClock } from '../redis/redis-clock.js';
import type { WebhookQueue } from '../webhooks/webhook-queue.js';
import { batchPlaceOf } from './batch-id.js';
import type { BatchRecord, BatchStore } from './batch-store.js';

export interface EndBatchDependencies {
  readonly batches: BatchStore;
  readonly webhooks: Pick<WebhookQueue, 'addBatch'>;
  readonly clock: Pick<RedisClock, 'now'>;
}

/** Notes that a job has ended, after its end is stored. Finishes its batch, if it belongs to one and was the last. */
export async function noteBatchJobEnded(jobId: string, deps: EndBatchDependencies): Promise<void> {
  const job = batchPlaceOf(jobId);
  if (job && (await deps.batches.noteEnded(job.batchId, [job.place]))) await finishBatch(job.batchId, deps);
}

/**
 * Queues the webhook of a batch whose jobs have all ended, and concludes it. Does nothing while a job can still end.
 * Safe to repeat: the first time at which a batch finished is final, and so is its webhook.
 */
export async function finishBatch(
  batchId: string,
  { batches, webhooks, clock }: EndBatchDependencies,
): Promise<void> {
  const record = await batches.read(batchId);
  if (!record) return batches.drop(batchId);
  const states = await batches.readStates(record);
  if (haveAllEnded(states)) await concludeBatch({ record, states }, { batches, webhooks, clock });
}

/** As `finishBatch`, of a batch whose jobs have all ended. Returns the time at which it finished. */
export async function concludeBatch(
  { record, states }: { readonly record: BatchRecord; readonly states: readonly BatchJobState[] },
  { batches, webhooks, clock }: EndBatchDependencies,
): Promise<number> {
  const { batchId } = record;
  const finishedAt = await batches.finish(batchId, clock.now());
  const { callbackUrl: url, tenant, createdAt } = record;
  if (url) {
    const view = createBatchView({ batchId, states, createdAt, finishedAt });
    await webhooks.addBatch({ view, url, tenant });
  }
  await batches.conclude(batchId);
  return finishedAt;
}
