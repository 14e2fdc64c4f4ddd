import type { Evidence } from '../../shared/contract/evidence.js';
import { isUnreadable } from '../../shared/redis/broken-records.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { JobQueue } from './job-queue.js';

/** Names a record in the log. */
export interface ReadRecord {
  readonly record: 'job' | 'evidence' | 'webhook' | 'cancelled job';
  readonly jobId: string;
}

/** Logs that a record cannot be read. */
export function logUnreadable({ record, jobId }: ReadRecord, logger: Logger): void {
  logger.error({ record, job_id: jobId }, 'skipped a record that cannot be read');
}

/**
 * Returns the result of `read`. If the record is broken JSON or a key of another type, logs that and returns undefined.
 * @throws any other error of `read`.
 */
export async function skipUnreadable<T>(
  place: ReadRecord,
  read: () => Promise<T | undefined>,
  logger: Logger,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    logUnreadable(place, logger);
    return undefined;
  }
}

/** Returns the evidence of a job; undefined if there is no evidence, or if it cannot be read, which is logged. */
export function readEvidence(
  jobId: string,
  { queue, logger }: { readonly queue: JobQueue; readonly logger: Logger },
): Promise<Evidence | undefined> {
  return skipUnreadable({ record: 'evidence', jobId }, () => queue.readEvidence(jobId), logger);
}
