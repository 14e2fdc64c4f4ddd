import type { BatchRecord } from '../../shared/batches/batch-store.js';
import { concludeBatch, type EndBatchDependencies } from '../../shared/batches/end-batch.js';
import { type BatchView, createBatchView, haveAllEnded } from '../../shared/contract/batch-view.js';
import { awaitedCallback } from '../../shared/contract/job-view.js';
import { VerificationError } from '../../shared/errors.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { JobQueue } from '../jobs/job-queue.js';

export interface ReadBatchViewDependencies extends EndBatchDependencies {
  readonly webhooks: Pick<WebhookQueue, 'addBatch' | 'readState'>;
  readonly queue: Pick<JobQueue, 'fill'>;
}

/** Returns a batch. @throws VerificationError `batch_not_found`, also for another tenant's batch. */
export async function findBatch(
  batchId: string,
  tenant: string,
  { batches }: Pick<ReadBatchViewDependencies, 'batches'>,
): Promise<BatchRecord> {
  const batch = await batches.read(batchId);
  if (batch?.tenant !== tenant) throw new VerificationError('batch_not_found');
  return batch;
}

/** Returns the view of a batch. What a crash prevented, this does: it queues the rest of its jobs, or ends it. */
export async function readBatchView(
  batchId: string,
  tenant: string,
  deps: ReadBatchViewDependencies,
): Promise<BatchView> {
  const { batches, webhooks, queue } = deps;
  const batch = await findBatch(batchId, tenant, deps);
  const states = await batches.readStates(batch);
  const isLate = batch.finishedAt === undefined && haveAllEnded(states);
  const finishedAt = isLate ? await concludeBatch({ record: batch, states }, deps) : batch.finishedAt;
  // Not awaited: it may take longer than an exchange with the queue should, and the reconciler repeats it.
  if (states.includes('queued') && (await batches.hasLines(batchId)))
    void queue.fill(batch).catch(() => undefined);
  const { createdAt } = batch;
  // Once it is concluded, its webhook is queued.
  const callbackUrl = isLate ? undefined : batch.callbackUrl;
  const callback = (await webhooks.readState(batchId)) ?? awaitedCallback(callbackUrl);
  return {
    ...createBatchView({ batchId, states, createdAt, finishedAt }),
    ...(callback ? { callback } : {}),
  };
}
