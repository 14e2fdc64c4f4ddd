import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type ComparisonFailure, problemOfFailure } from '../../shared/contract/comparison-outcome.js';
import { createProblem, type ProblemFacts } from '../../shared/contract/problem.js';
import { ERROR_KINDS, publicFactsOf, VerificationError } from '../../shared/errors.js';
import type { AppContext } from './app-context.js';
import { RequestError } from './request-error.js';

const PROBLEM_TYPE = { 'content-type': 'application/problem+json' };

/** Answers with the problem of any error. An unknown error becomes `internal` and reveals nothing. */
export function errorResponse(
  context: Context<AppContext>,
  error: unknown,
  facts: ProblemFacts = {},
): Response {
  const known = asVerificationError(error);
  context.set('code', known.code);
  if (known.reason) context.set('reason', known.reason);
  if (known.retryAfterSeconds !== undefined) context.header('retry-after', String(known.retryAfterSeconds));
  if (known.code === 'unauthenticated')
    context.header('www-authenticate', context.get('challenge') ?? 'Bearer');
  // The rest of the body stays unread, so the connection cannot carry another request.
  if (known.code === 'body_too_large') context.header('connection', 'close');
  const first = known instanceof RequestError ? known.items[0] : undefined;
  // An image in one line of a batch says little about the whole.
  const firstImage = first?.line === undefined ? first?.image : undefined;
  const problem = createProblem(known.code, {
    ...publicFactsOf(known),
    retryable: known.retryable,
    requestId: context.get('requestId'),
    ...(known instanceof RequestError ? { errors: known.items } : {}),
    ...(firstImage ? { image: firstImage } : {}),
    ...facts,
  });
  return context.body(JSON.stringify(problem), ERROR_KINDS[known.code].status, PROBLEM_TYPE);
}

/** Answers with the problem of a comparison that could not be decided. */
export function failureResponse(
  context: Context<AppContext>,
  failure: ComparisonFailure,
  facts: Pick<ProblemFacts, 'jobId' | 'evidence' | 'receipt'>,
): Response {
  context.set('code', failure.code);
  if (failure.reason) context.set('reason', failure.reason);
  if (failure.retry_after !== undefined) context.header('retry-after', String(failure.retry_after));
  const problem = problemOfFailure(failure, { requestId: context.get('requestId'), ...facts });
  return context.body(JSON.stringify(problem), ERROR_KINDS[failure.code].status, PROBLEM_TYPE);
}

/** Returns any error as a VerificationError; an unknown one becomes `internal`. */
export function asVerificationError(error: unknown): VerificationError {
  if (error instanceof VerificationError) return error;
  if (error instanceof HTTPException && error.status === 413) return new VerificationError('body_too_large');
  if (error instanceof HTTPException && error.status < 500) return new VerificationError('invalid_request');
  return new VerificationError('internal', { cause: error });
}
