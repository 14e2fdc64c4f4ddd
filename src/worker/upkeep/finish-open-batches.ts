import { concludeBatch } from '../../shared/batches/end-batch.js';
import { fillQueue } from '../../shared/batches/fill-queue.js';
import { haveAllEnded } from '../../shared/contract/batch-view.js';
import type { ComparisonQueue, FinishDependencies } from '../comparison/finish-job.js';

export interface OpenBatchesDependencies extends FinishDependencies {
  readonly count: (what: 'batch') => void;
}

/** Younger batches are skipped, because their API may still be filling the queue, ms. */
const SETTLING_MS = 5_000;

/**
 * Moves lines of accepted batches into the queue that an API left behind, and finishes batches of which a program died
 * between the end of the last job and the webhook. Each batch runs through `attempt`.
 */
export async function finishOpenBatches(
  queue: ComparisonQueue,
  deps: OpenBatchesDependencies,
  attempt: (batchId: string, work: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const { batches, clock } = deps;
  for (const batchId of await batches.listOpen(clock.now() - SETTLING_MS))
    await attempt(batchId, () => finishOpenBatch(batchId, queue, deps));
}

async function finishOpenBatch(
  batchId: string,
  queue: ComparisonQueue,
  deps: OpenBatchesDependencies,
): Promise<void> {
  const { batches, logger } = deps;
  const record = await batches.read(batchId);
  if (!record) return batches.drop(batchId);
  if ((await batches.hasLines(batchId)) && (await fillQueue(record, { ...deps, queue }))) {
    deps.count('batch');
    logger.warn({ batch_id: batchId }, 'queued the jobs of a batch that a crash had left incomplete');
  }
  const states = await batches.readStates(record);
  const ended = states.flatMap((state, index) => (haveAllEnded([state]) ? [index + 1] : []));
  await batches.noteEnded(batchId, ended);
  if (ended.length < record.total) return;
  await concludeBatch({ record, states }, deps);
  deps.count('batch');
}
