import { batchJobId } from '../../shared/batches/batch-id.js';
import type { BatchRecord } from '../../shared/batches/batch-store.js';
import { VerificationError } from '../../shared/errors.js';
import { type CancelDependencies, cancelJob } from '../jobs/cancel-job.js';
import { withQueue } from '../jobs/with-queue.js';

/** Jobs cancelled in one exchange with Redis. */
const JOBS_AT_A_TIME = 50;

/** Cancels every job of a batch that has not started. Repeating this changes nothing. */
export async function cancelBatch(batch: BatchRecord, deps: CancelDependencies): Promise<void> {
  const { redis, batches } = deps;
  const states = await withQueue(redis, () => batches.readStates(batch));
  const jobIds = states.flatMap((state, index) =>
    state === 'queued' ? [batchJobId({ batchId: batch.batchId, place: index + 1 })] : [],
  );
  for (let index = 0; index < jobIds.length; index += JOBS_AT_A_TIME) {
    const slice = jobIds.slice(index, index + JOBS_AT_A_TIME);
    await withQueue(redis, () =>
      Promise.all(slice.map((jobId) => cancelIfQueued(jobId, batch.tenant, deps))),
    );
  }
}

/** A job that has started or ended meanwhile stays as it is. */
async function cancelIfQueued(jobId: string, tenant: string, deps: CancelDependencies): Promise<void> {
  try {
    await cancelJob(jobId, tenant, deps);
  } catch (error) {
    const code = error instanceof VerificationError ? error.code : undefined;
    if (code !== 'job_not_cancellable' && code !== 'job_not_found') throw error;
  }
}
