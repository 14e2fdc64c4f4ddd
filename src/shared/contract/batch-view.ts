import { z } from 'zod';
import { MAX_BATCH_JOBS } from '../batches/batch-id.js';
import { mustBeText } from '../explain-issue.js';
import { compareRequestSchema } from './compare-request.js';
import { callbackStateSchema, JOB_STATUSES } from './job-view.js';

/** The longest `ref`, in characters. */
const MAX_REF_LENGTH = 128;
const refError = mustBeText(MAX_REF_LENGTH, 'text');

/** The caller's own name for a line of a batch. */
export const refSchema = z
  .string(refError)
  .min(1, refError)
  .max(MAX_REF_LENGTH, refError)
  .refine((ref) => !/\p{Surrogate}/u.test(ref), { error: 'must be well-formed Unicode' })
  .optional()
  .meta({ description: 'Your own name for this line. The job and its webhook repeat it.' });

/** States of a job in its batch. `removed`: it is no longer kept, because its person was erased or a quota was full. */
export const BATCH_JOB_STATES = [...JOB_STATUSES, 'removed'] as const;
export type BatchJobState = (typeof BATCH_JOB_STATES)[number];

const countSchema = z.int().min(0);

export const batchCountsSchema = z
  .object({
    queued: countSchema,
    active: countSchema,
    completed: countSchema,
    failed: countSchema,
    cancelled: countSchema,
    removed: countSchema.meta({
      description: 'No longer kept: the person was erased, or the jobs are older than the kept results.',
    }),
  } satisfies Record<BatchJobState, typeof countSchema>)
  .meta({ id: 'BatchCounts', description: 'Jobs by state. They add up to `total`.' });
export type BatchCounts = z.infer<typeof batchCountsSchema>;

export const batchViewSchema = z
  .object({
    batch_id: z.string(),
    status: z.enum(['running', 'completed']).meta({
      description: '`completed` once every job has ended, whether it was decided, failed or was cancelled.',
    }),
    total: z.int().min(1),
    counts: batchCountsSchema,
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().optional(),
    results_url: z.string(),
    callback: callbackStateSchema.optional(),
  })
  .meta({ id: 'Batch' });
export type BatchView = z.infer<typeof batchViewSchema>;

/** The body of a batch as a JSON array. Each line of NDJSON is one element of it. */
export const batchRequestSchema = z
  .array(
    z
      .intersection(compareRequestSchema, z.object({ ref: refSchema }))
      .meta({ id: 'BatchLine', description: 'The body of POST /jobs, and a name of your own.' }),
  )
  .min(1)
  .max(MAX_BATCH_JOBS)
  .meta({ id: 'BatchRequest' });

export const batchAcceptedSchema = z
  .object({ batch_id: z.string(), total: z.int().min(1), status_url: z.string() })
  .meta({ id: 'BatchAccepted' });
export type BatchAccepted = z.infer<typeof batchAcceptedSchema>;

/** The input of a batch view. Times in ms since 1970. */
export interface BatchFacts {
  readonly batchId: string;
  readonly states: readonly BatchJobState[];
  readonly createdAt: number;
  /** Known once every job has ended. */
  readonly finishedAt: number | undefined;
}

/** Returns the view of a batch for callers and webhooks, without the state of its webhook. */
export function createBatchView({ batchId, states, createdAt, finishedAt }: BatchFacts): BatchView {
  return {
    batch_id: batchId,
    status: finishedAt === undefined ? 'running' : 'completed',
    total: states.length,
    counts: countStates(states),
    created_at: new Date(createdAt).toISOString(),
    ...(finishedAt === undefined
      ? {}
      : { finished_at: new Date(Math.max(createdAt, finishedAt)).toISOString() }),
    results_url: `/batches/${batchId}/results`,
  };
}

function countStates(states: readonly BatchJobState[]): BatchCounts {
  const counts = { queued: 0, active: 0, completed: 0, failed: 0, cancelled: 0, removed: 0 };
  for (const state of states) counts[state] += 1;
  return counts;
}

/** True if no job of these states can still end. */
export function haveAllEnded(states: readonly BatchJobState[]): boolean {
  return !states.includes('queued') && !states.includes('active');
}
