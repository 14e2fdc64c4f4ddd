import type { ResultDetails } from '../../shared/contract/compare-result.js';
import type { ComparisonJob } from '../../shared/queue/comparison-job.js';
import { isUnreadable } from '../../shared/redis/broken-records.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { JobQueue } from './job-queue.js';

/** Names a record in the log. */
export interface ReadRecord {
  readonly record: 'job' | 'evidence' | 'receipt' | 'webhook' | 'cancelled job';
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

/**
 * Returns the details of an ended job that its request asked for. A record that does not exist or cannot be read, which is
 * logged, is left out.
 */
export async function readDetails(
  jobId: string,
  asked: Pick<ComparisonJob, 'evidence' | 'receipt'>,
  { queue, logger }: { readonly queue: JobQueue; readonly logger: Logger },
): Promise<ResultDetails> {
  const [evidence, receipt] = await Promise.all([
    asked.evidence
      ? skipUnreadable({ record: 'evidence', jobId }, () => queue.readEvidence(jobId), logger)
      : undefined,
    asked.receipt
      ? skipUnreadable({ record: 'receipt', jobId }, () => queue.readReceipt(jobId), logger)
      : undefined,
  ]);
  return { evidence, receipt };
}
