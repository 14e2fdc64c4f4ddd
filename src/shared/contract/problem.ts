import { z } from 'zod';
import { FAULTS } from '../error-kind.js';
import { ERROR_KINDS, type ErrorCode } from '../errors.js';
import { type Reason, textOfReason } from '../reasons.js';
import { type ImageName, imageNameSchema } from './compare-request.js';
import { errorCodeSchema, reasonSchema } from './error-code.js';
import { type Evidence, evidenceSchema } from './evidence.js';
import { receiptTextSchema } from './receipt.js';

/** One of several causes: a field of the body, an image, or a line of a batch. */
export const problemItemSchema = z.object({
  line: z.int().min(1).optional().meta({
    description: 'Line of the NDJSON, or element of the array, from 1.',
  }),
  field: z.string().optional(),
  image: imageNameSchema.optional(),
  code: errorCodeSchema,
  reason: reasonSchema.optional(),
  detail: z.string(),
});
export type ProblemItem = z.infer<typeof problemItemSchema>;

/** RFC 9457 problem details with our members. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: errorCodeSchema,
    reason: reasonSchema.optional(),
    retryable: z.boolean(),
    who_acts: z.enum(FAULTS).meta({
      description:
        'Who has to act: the client, the host of an image (upstream), or the operator of this service.',
    }),
    request_id: z.string().optional(),
    image: imageNameSchema.optional(),
    errors: z.array(problemItemSchema).optional(),
    job_id: z.string().optional(),
    evidence: evidenceSchema.optional().meta({
      description:
        'What is known about the photos of a comparison that could not be decided, if the request asked for evidence.',
    }),
    receipt: receiptTextSchema.optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

/** The members of a problem beside its code. */
export interface ProblemFacts {
  readonly reason?: Reason | undefined;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly image?: ImageName | undefined;
  readonly errors?: readonly ProblemItem[] | undefined;
  readonly requestId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly evidence?: Evidence | undefined;
  readonly receipt?: string | undefined;
}

/** Returns the RFC 9457 problem of a code. `type` is a relative reference to the row of the page `/docs/errors`. */
export function createProblem(code: ErrorCode, facts: ProblemFacts = {}): Problem {
  const { reason } = facts;
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status: ERROR_KINDS[code].status,
    detail: facts.detail ?? (reason === undefined ? ERROR_KINDS[code].text : textOfReason(reason)),
    code,
    ...(reason === undefined ? {} : { reason }),
    retryable: facts.retryable ?? ERROR_KINDS[code].retryable,
    who_acts: ERROR_KINDS[code].fault,
    ...(facts.image ? { image: facts.image } : {}),
    ...(facts.errors && facts.errors.length > 0 ? { errors: [...facts.errors] } : {}),
    ...(facts.jobId ? { job_id: facts.jobId } : {}),
    ...(facts.requestId ? { request_id: facts.requestId } : {}),
    ...(facts.evidence ? { evidence: facts.evidence } : {}),
    ...(facts.receipt ? { receipt: facts.receipt } : {}),
  };
}
