import { batchPlaceOf } from '../../shared/batches/batch-id.js';
import type { BatchStore } from '../../shared/batches/batch-store.js';
import type { JobQueue } from '../jobs/job-queue.js';

export interface FillForJobDependencies {
  readonly queue: Pick<JobQueue, 'fill'>;
  readonly batches: Pick<BatchStore, 'read' | 'readLine'>;
}

/**
 * Puts a job of an accepted batch into the queue if the API that accepted it died before. Returns false if it is not there,
 * because another program is just doing it, or was until a few seconds ago.
 */
export async function fillForJob(
  jobId: string,
  { queue, batches }: FillForJobDependencies,
): Promise<boolean> {
  const place = batchPlaceOf(jobId);
  if (!place || !(await batches.readLine(jobId))) return true;
  const batch = await batches.read(place.batchId);
  return batch === undefined || queue.fill(batch);
}
