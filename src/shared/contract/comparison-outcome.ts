import { z } from 'zod';
import { ERROR_CODES } from '../errors.js';
import { imageNameSchema } from './compare-request.js';
import { warningSchema } from './compare-result.js';
import { reasonSchema } from './error-code.js';
import { createProblem, type Problem, type ProblemFacts, problemItemSchema } from './problem.js';

/** Leaves out a reason that only a later version knows; its code remains valid. */
const knownReasonSchema = reasonSchema.optional().catch(undefined);

/** The outcome of a comparison. Without `ok: true` it could not be decided. */
export const comparisonOutcomeSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    matched: z.boolean(),
    borderline: z.literal(true).optional(),
    /** Absent in records of earlier versions. */
    warnings: z.array(warningSchema).optional(),
  }),
  z.object({
    ok: z.literal(false),
    code: z.enum(ERROR_CODES),
    reason: knownReasonSchema,
    detail: z.string(),
    retryable: z.boolean(),
    /** Seconds after which an image host wants to be asked again. */
    retry_after: z.int().min(0).optional(),
    image: imageNameSchema.optional(),
    errors: z.array(problemItemSchema.extend({ reason: knownReasonSchema })).optional(),
  }),
]);
export type ComparisonOutcome = z.infer<typeof comparisonOutcomeSchema>;
export type ComparisonDecision = Extract<ComparisonOutcome, { ok: true }>;
export type ComparisonFailure = Extract<ComparisonOutcome, { ok: false }>;

/** The outcome of a job that BullMQ gave up, because it lost its workers too often or because of a bug. */
export const ABANDONED: ComparisonOutcome = {
  ok: false,
  code: 'internal',
  detail: 'The job was given up after repeated failures inside the service.',
  retryable: true,
};

/** Reads the return value of a worker. An invalid one counts as given up. */
export function readOutcome(returned: unknown): ComparisonOutcome {
  const parsed = comparisonOutcomeSchema.safeParse(returned);
  return parsed.success ? parsed.data : ABANDONED;
}

/** Returns the problem of a comparison that could not be decided. */
export function problemOfFailure(
  failure: ComparisonFailure,
  facts: Pick<ProblemFacts, 'requestId' | 'jobId' | 'evidence' | 'receipt'>,
): Problem {
  return createProblem(failure.code, {
    reason: failure.reason,
    detail: failure.detail,
    retryable: failure.retryable,
    ...(failure.image ? { image: failure.image } : {}),
    errors: failure.errors,
    ...facts,
  });
}
