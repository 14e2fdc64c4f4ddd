import type { Evidence } from '../shared/contract.js';
import type { Logger } from '../shared/logger.js';
import type { ComparisonOutcome } from '../shared/queue-contract.js';
import type { CompareJob } from './finish-job.js';
import type { Verification } from './verify-person.js';

/** One line's worth of facts about a comparison that ended, or went back to the queue. */
export interface ComparisonFacts {
  readonly outcome: ComparisonOutcome;
  readonly verification?: Verification | undefined;
  readonly sync: boolean;
  readonly queuedMs: number;
  readonly durationMs: number;
}

/** Where a comparison is told to operators. */
export interface ReportDependencies {
  readonly logger: Logger;
  readonly logUserId: boolean;
  readonly observe: (facts: ComparisonFacts) => void;
}

/** How a comparison ended, and when it began by `performance.now`. */
export interface Report {
  readonly outcome: ComparisonOutcome;
  readonly verification: Verification | undefined;
  readonly startedAt: number;
}

/** Writes the one line of a comparison and counts it. */
export function reportComparison(
  job: CompareJob,
  { outcome, verification, startedAt }: Report,
  deps: ReportDependencies,
): void {
  const { data } = job;
  const facts: ComparisonFacts = {
    outcome,
    verification,
    sync: data.sync,
    queuedMs: Math.max(0, (job.processedOn ?? job.timestamp) - job.timestamp),
    durationMs: Math.round(performance.now() - startedAt),
  };
  deps.observe(facts);
  const evidence: Evidence | undefined = verification?.evidence;
  deps.logger.info(
    {
      job_id: job.id,
      request_id: data.request_id,
      tenant: data.tenant,
      trace_id: data.traceparent?.split('-')[1],
      ...(deps.logUserId ? { user_id: data.user_id } : {}),
      sync: data.sync,
      attempt: job.attemptsStarted,
      queued_ms: facts.queuedMs,
      duration_ms: facts.durationMs,
      ...(outcome.ok
        ? { matched: outcome.matched }
        : { code: outcome.code, reason: outcome.reason, image: outcome.image }),
      duplicates: verification?.duplicates.length ?? 0,
      timings_ms: evidence?.timings_ms,
    },
    'comparison',
  );
}
