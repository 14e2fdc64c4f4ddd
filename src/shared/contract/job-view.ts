import { z } from 'zod';
import { batchPlaceOf } from '../batches/batch-id.js';
import type { ComparisonJob } from '../queue/comparison-job.js';
import { userIdSchema } from './compare-request.js';
import {
  type CompareResult,
  compareResultSchema,
  type ResultDetails,
  type Warning,
  warningSchema,
} from './compare-result.js';
import { type ComparisonDecision, type ComparisonOutcome, problemOfFailure } from './comparison-outcome.js';
import type { Evidence } from './evidence.js';
import { problemSchema } from './problem.js';

export const JOB_STATUSES = ['queued', 'active', 'completed', 'failed', 'cancelled'] as const;
export const jobStatusSchema = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof jobStatusSchema>;

export const callbackStateSchema = z.object({
  status: z.enum(['pending', 'delivering', 'delivered', 'failed']),
  attempts: z.int().min(0),
  last_error: z.string().optional(),
});
export type CallbackState = z.infer<typeof callbackStateSchema>;

/** Returns the state of a webhook that has no record yet; undefined without a URL to post to. */
export function awaitedCallback(url: string | undefined): CallbackState | undefined {
  return url ? { status: 'pending', attempts: 0 } : undefined;
}

export const jobViewSchema = z
  .object({
    job_id: z.string(),
    batch_id: z.string().optional().meta({ description: 'The batch that the job belongs to, if any.' }),
    ref: z.string().optional().meta({ description: 'The `ref` of its line in the batch.' }),
    user_id: userIdSchema,
    status: jobStatusSchema,
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().optional(),
    finished_at: z.iso.datetime().optional(),
    attempts: z.int().min(0),
    result: compareResultSchema.optional(),
    warnings: z
      .array(warningSchema)
      .optional()
      .meta({
        description:
          'Fields of the request that were ignored, and warnings about the photos of a decided comparison. Absent without ' +
          'any warning.',
      }),
    error: problemSchema.optional(),
    callback: callbackStateSchema.optional(),
  })
  .meta({ id: 'JobView' });
export type JobView = z.infer<typeof jobViewSchema>;

export const jobAcceptedSchema = z
  .object({
    job_id: z.string(),
    status: jobStatusSchema,
    status_url: z.string(),
    warnings: z.array(warningSchema).optional().meta({
      description: 'Fields of the request that are ignored. Absent without any.',
    }),
  })
  .meta({ id: 'JobAccepted' });
export type JobAccepted = z.infer<typeof jobAcceptedSchema>;

/** The parts of a request that its result repeats. */
type ReportedJob = Pick<ComparisonJob, 'user_id' | 'ref' | 'warnings' | 'unknown_fields'>;

/** The input of a job view. Times in ms since 1970. */
export interface JobFacts {
  readonly jobId: string;
  readonly job: ReportedJob & Pick<ComparisonJob, 'request_id'>;
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly attempts: number;
  /** Known once the job has ended. */
  readonly outcome?: ComparisonOutcome | undefined;
  readonly evidence?: Evidence | undefined;
  readonly receipt?: string | undefined;
  readonly callback?: CallbackState | undefined;
  /** `queued` or `active`, for a job that has not ended. */
  readonly running?: 'queued' | 'active';
}

/** Returns the view of a job for callers and webhooks. */
export function createJobView(facts: JobFacts): JobView {
  const { outcome, jobId } = facts;
  const userId = facts.job.user_id;
  const warnings = [...((outcome?.ok && outcome.warnings) || []), ...warnOfFields(facts.job)];
  const [createdAt, startedAt, finishedAt] = inOrder(facts);
  const batchId = batchPlaceOf(jobId)?.batchId;
  return {
    job_id: jobId,
    ...(batchId === undefined ? {} : { batch_id: batchId }),
    ...(facts.job.ref === undefined ? {} : { ref: facts.job.ref }),
    user_id: userId,
    status: jobStatusOf(outcome, facts.running ?? 'queued'),
    created_at: isoTime(createdAt),
    ...(startedAt === undefined ? {} : { started_at: isoTime(startedAt) }),
    ...(finishedAt === undefined ? {} : { finished_at: isoTime(finishedAt) }),
    attempts: facts.attempts,
    ...(outcome?.ok ? { result: createResult(facts.job, outcome, facts) } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(outcome && !outcome.ok
      ? {
          error: problemOfFailure(outcome, {
            jobId,
            requestId: facts.job.request_id,
            evidence: facts.evidence && withFieldWarning(facts.evidence, facts.job),
            receipt: facts.receipt,
          }),
        }
      : {}),
    ...(facts.callback ? { callback: facts.callback } : {}),
  };
}

/** Returns the result of a decided comparison for the caller. It has warnings only if the request asks for them. */
export function createResult(
  job: ReportedJob,
  { matched, borderline, warnings }: ComparisonDecision,
  { evidence, receipt }: ResultDetails,
): CompareResult {
  return {
    user_id: job.user_id,
    matched,
    ...(borderline ? { borderline } : {}),
    ...(job.warnings && warnings ? { warnings: [...warnings, ...warnOfFields(job)] } : {}),
    ...(evidence ? { evidence: withFieldWarning(evidence, job) } : {}),
    ...(receipt ? { receipt } : {}),
  };
}

/** Returns one warning for each field of the request that was ignored. */
export function warnOfFields({
  unknown_fields: fields = [],
}: Pick<ComparisonJob, 'unknown_fields'>): Warning[] {
  return fields.map((field) => ({ field, code: 'unknown_field' }));
}

/** Returns the evidence of a job, with a warning if fields of its request were ignored. */
export function withFieldWarning(evidence: Evidence, job: Pick<ComparisonJob, 'unknown_fields'>): Evidence {
  const isComplete = warnOfFields(job).length === 0;
  return isComplete ? evidence : { ...evidence, warnings: [...evidence.warnings, 'unknown_fields'] };
}

/** The times come from the clocks of an API, a worker and Redis. No step may have a negative length. */
function inOrder({ createdAt, startedAt, finishedAt }: JobFacts) {
  const started = startedAt === undefined ? undefined : Math.max(createdAt, startedAt);
  const finished = finishedAt === undefined ? undefined : Math.max(started ?? createdAt, finishedAt);
  return [createdAt, started, finished] as const;
}

/** Returns the state that callers read. `running`: the state before the job has an outcome. */
export function jobStatusOf(outcome: ComparisonOutcome | undefined, running: 'queued' | 'active'): JobStatus {
  if (!outcome) return running;
  if (outcome.ok) return 'completed';
  return outcome.code === 'job_cancelled' ? 'cancelled' : 'failed';
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
