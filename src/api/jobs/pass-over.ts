import type { Evidence } from '../../shared/contract/evidence.js';
import { isUnreadable } from '../../shared/redis/broken-records.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { JobQueue } from './job-queue.js';

/** Names what is read, for the log. */
export interface ReadRecord {
  readonly record: 'job' | 'evidence' | 'webhook' | 'cancelled job';
  readonly jobId: string;
}

/** Writes the line that names a record which cannot be read. */
export function logUnreadable({ record, jobId }: ReadRecord, logger: Logger): void {
  logger.error({ record, job_id: jobId }, 'passed over a record that cannot be read');
}

/**
 * Returns what `read` gives; undefined, with a log line that names the record, when that is broken JSON or a key of
 * another type. Other errors go on.
 */
export async function passOverUnreadable<T>(
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

/** Returns the evidence of a job; undefined when none is kept or it cannot be read, which is logged. */
export function readEvidence(
  jobId: string,
  { queue, logger }: { readonly queue: JobQueue; readonly logger: Logger },
): Promise<Evidence | undefined> {
  return passOverUnreadable({ record: 'evidence', jobId }, () => queue.readEvidence(jobId), logger);
}
