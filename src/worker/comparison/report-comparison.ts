import type { ComparisonOutcome } from '../../shared/contract/comparison-outcome.js';
import type { VerificationError } from '../../shared/errors.js';
import { errorFields, isUnexpected, type Logger, levelOf } from '../../shared/runtime/logger.js';
import { traceIdOf } from '../../shared/runtime/tracing.js';
import type { Verification } from '../verification/verify-person.js';
import type { CompareJob } from './finish-job.js';

/** The facts about one comparison that ended, for its log line and the metrics. */
export interface ComparisonFacts {
  readonly outcome: ComparisonOutcome;
  readonly verification?: Verification | undefined;
  readonly sync: boolean;
  readonly queuedMs: number;
  readonly durationMs: number;
}

/** Where comparisons are reported to operators. */
export interface ReportDependencies {
  readonly logger: Logger;
  readonly logUserId: boolean;
  readonly observe: (facts: ComparisonFacts) => void;
}

export interface EndedComparison {
  readonly outcome: ComparisonOutcome;
  readonly verification: Verification | undefined;
  /** By `performance.now`. */
  readonly startedAt: number;
}

type ReportedJob = Pick<CompareJob, 'id' | 'data' | 'timestamp' | 'processedOn' | 'attemptsStarted'>;

/** Writes the log line of a comparison and updates the metrics. */
export function reportComparison(
  job: ReportedJob,
  { outcome, verification, startedAt }: EndedComparison,
  deps: ReportDependencies,
): void {
  const { data, id: jobId } = job;
  const facts: ComparisonFacts = {
    outcome,
    verification,
    // Missing from a record that cannot be read.
    sync: Boolean(data.sync),
    queuedMs: Math.max(0, (job.processedOn ?? job.timestamp) - job.timestamp),
    durationMs: Math.round(performance.now() - startedAt),
  };
  deps.observe(facts);
  const unusable = listUnusable(verification);
  for (const { image, error } of unusable)
    if (isUnexpected(error)) deps.logger.error({ job_id: jobId, image, err: error }, 'photo not analysed');
  deps.logger[levelOf(outcome.ok ? undefined : outcome.code)](
    {
      job_id: jobId,
      request_id: data.request_id,
      tenant: data.tenant,
      trace_id: traceIdOf(data.traceparent),
      ...(deps.logUserId ? { user_id: data.user_id } : {}),
      sync: data.sync,
      attempt: job.attemptsStarted,
      ...describeEarlierAttempts(job),
      queued_ms: facts.queuedMs,
      duration_ms: facts.durationMs,
      ...describeOutcome(outcome),
      ...(unusable.length > 0 ? { unusable: unusable.map(describePhoto) } : {}),
      ...(verification?.skipped.size ? { skipped: Object.fromEntries(verification.skipped) } : {}),
      duplicates: verification?.duplicates.length ?? 0,
      timings_ms: verification?.timingsMs,
    },
    'comparison',
  );
}

function describeOutcome(outcome: ComparisonOutcome) {
  if (!outcome.ok) return { code: outcome.code, reason: outcome.reason, image: outcome.image };
  return { matched: outcome.matched, borderline: outcome.borderline, warnings: outcome.warnings };
}

/** Why the job was started before. Attempts whose worker stopped or died have left no failure. */
function describeEarlierAttempts({ data, attemptsStarted }: ReportedJob) {
  const failed = data.failed_attempts ?? [];
  const lost = attemptsStarted - 1 - new Set(failed.map(({ attempt }) => attempt)).size;
  return {
    ...(failed.length > 0 ? { failed_attempts: failed } : {}),
    ...(lost > 0 ? { lost_attempts: lost } : {}),
  };
}

interface UnusablePhoto {
  readonly image: string;
  readonly error: VerificationError;
}

function listUnusable(verification: Verification | undefined): readonly UnusablePhoto[] {
  return Object.entries(verification?.photos ?? {}).flatMap(([image, photo]) =>
    photo.usable ? [] : [{ image, error: photo.error }],
  );
}

/** Leaves out the details of unexpected errors, which have a log line of their own. */
function describePhoto({ image, error }: UnusablePhoto) {
  return isUnexpected(error) ? { image, code: error.code } : { image, ...errorFields(error) };
}
