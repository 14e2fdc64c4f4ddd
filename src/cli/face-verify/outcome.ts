import { z } from 'zod';
import type { Stage } from '../../shared/error-kind.js';
import { ERROR_KINDS, type ErrorCode } from '../../shared/errors.js';
import { EXIT } from '../exit-codes.js';
import { UserError } from '../user-error.js';
import type { ServiceAnswer } from './call-service.js';

// Open schemas: a newer service may have more members, codes and reasons.
const imageSchema = z.looseObject({
  status: z.string(),
  similarity: z.number().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
});
const evidenceSchema = z.looseObject({
  threshold: z.number(),
  min_matches: z.number(),
  images: z.record(z.string(), imageSchema),
});
const resultSchema = z.looseObject({
  matched: z.boolean(),
  borderline: z.boolean().optional(),
  receipt: z.string().optional(),
  warnings: z
    .array(z.looseObject({ image: z.string().optional(), field: z.string().optional(), code: z.string() }))
    .optional(),
  evidence: evidenceSchema.optional(),
});
const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  reason: z.string().optional(),
  retryable: z.boolean().optional(),
  request_id: z.string().optional(),
  image: z.string().optional(),
  errors: z
    .array(
      z.looseObject({
        field: z.string().optional(),
        image: z.string().optional(),
        code: z.string(),
        detail: z.string(),
      }),
    )
    .optional(),
  evidence: evidenceSchema.optional(),
});

export type Result = z.infer<typeof resultSchema>;
export type Problem = z.infer<typeof problemSchema>;
/** The end of a comparison: a decision, or what stands in its way. */
export type Outcome = { readonly result: Result } | { readonly problem: Problem };

/** Returns the decision of a result, or the problem. @throws UserError for an answer of another kind. */
export function readOutcome({ status, body }: ServiceAnswer): Outcome {
  const result = resultSchema.safeParse(body);
  if (status < 300 && result.success) return { result: result.data };
  return { problem: readProblem({ status, body }) };
}

/** Returns the problem of an answer. @throws UserError if it is not one. */
export function readProblem({ status, body }: ServiceAnswer): Problem {
  const problem = problemSchema.safeParse(body);
  if (problem.success) return problem.data;
  throw new UserError(`The service gave an answer that this command does not know (HTTP ${status}).`, {
    exitCode: EXIT.unavailable,
  });
}

const EXIT_OF_STAGE: Readonly<Record<Stage, number>> = {
  access: EXIT.noPermission,
  request: EXIT.data,
  queue: EXIT.temporary,
  job: EXIT.noInput,
  batch: EXIT.noInput,
  webhook: EXIT.noInput,
  fetch: EXIT.couldNotTell,
  photo: EXIT.couldNotTell,
  comparison: EXIT.internal,
  service: EXIT.internal,
};

/** Returns the exit status of an outcome. */
export function exitCodeOf(outcome: Outcome): number {
  if ('result' in outcome) return outcome.result.matched ? EXIT.match : EXIT.noMatch;
  const { code, retryable = false } = outcome.problem;
  const kind = kindOf(code);
  const byStage = kind ? EXIT_OF_STAGE[kind.stage] : EXIT.internal;
  // A photo that could not be fetched is no answer either, even if it can be fetched tomorrow.
  return retryable && byStage !== EXIT.couldNotTell ? EXIT.temporary : byStage;
}

/** Returns the row of the error table for a code; undefined for a code of a newer service. */
export function kindOf(code: string): (typeof ERROR_KINDS)[ErrorCode] | undefined {
  return Object.hasOwn(ERROR_KINDS, code) ? ERROR_KINDS[code as ErrorCode] : undefined;
}
