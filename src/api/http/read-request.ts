import type { Context } from 'hono';
import { isBatchId } from '../../shared/batches/batch-id.js';
import { VerificationError } from '../../shared/errors.js';
import { isJobId } from '../../shared/queue/comparison-job.js';
import type { Caller, ReceivedRequest } from '../jobs/submit-job.js';
import type { AppContext } from './app-context.js';
import { readWholeBody } from './read-body.js';
import { readMultipart } from './read-multipart.js';
import { RequestError } from './request-error.js';
import { maxJsonBodyBytes, type UploadLimits } from './upload-limits.js';

/** Longest wait that a Prefer header can ask for, seconds. */
export const MAX_WAIT_SECONDS = 60;

/** Other bytes arrive in an unknown encoding: two keys could look alike, or one key could be read in two ways. */
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

/**
 * Reads and checks the body of a comparison: JSON, or multipart/form-data with photos as files.
 * @throws VerificationError `unsupported_media_type`, `invalid_json`, `body_too_large`, `overloaded`; RequestError
 * `invalid_request` and others that name every wrong field.
 */
export async function readCompareRequest(
  context: Context<AppContext>,
  limits: UploadLimits,
): Promise<ReceivedRequest> {
  const type = (context.req.header('content-type') ?? '').trim();
  if (/^multipart\/form-data\s*;/i.test(type)) {
    refuseCompressed(context, []);
    const { texts, photos } = await readMultipart(context, limits);
    const form = { kind: 'form', texts, files: [...photos.keys()] } as const;
    const { body, unknownFields } = await limits.parser.parse(form, limits.maxInlineBytes);
    return { body: { ...body, ...Object.fromEntries(photos) }, unknownFields };
  }
  if (!/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i.test(type))
    throw new VerificationError('unsupported_media_type');
  const bodyLimits = { maxBytes: maxJsonBodyBytes(limits), memory: limits.memory };
  return readWholeBody(context, bodyLimits, async (pieces) => {
    refuseCompressed(context, pieces[0] ?? []);
    return limits.parser.parse({ kind: 'json', pieces, mayHaveRef: false }, limits.maxInlineBytes);
  });
}

/**
 * The second parameter: the first bytes of the body.
 * @throws VerificationError `unsupported_media_type` for a compressed body, also without the header that says so.
 */
export function refuseCompressed(context: Context<AppContext>, [first, second]: Iterable<number>): void {
  const isGzip = first === 0x1f && second === 0x8b;
  const encoding = context.req.header('content-encoding')?.trim() ?? '';
  if (!isGzip && /^(?:identity)?$/i.test(encoding)) return;
  context.header('accept-encoding', 'identity');
  const detail = `The body is compressed${isGzip ? ' with gzip' : ''}. Send it without Content-Encoding.`;
  throw new VerificationError('unsupported_media_type', { detail });
}

/**
 * Reads from the headers who sends the request and how.
 * @throws RequestError `invalid_request` if the Idempotency-Key is not 1 to 255 visible ASCII characters.
 */
export function readCaller(context: Context<AppContext>, sync: boolean): Caller {
  const key = context.req.header('idempotency-key');
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
    const detail = 'must be 1 to 255 visible ASCII characters, without spaces';
    throw new RequestError([{ field: 'Idempotency-Key', code: 'invalid_request', detail }]);
  }
  return {
    tenant: context.get('tenant'),
    rules: context.get('rules'),
    requestId: context.get('requestId'),
    sync,
    idempotencyKey: key,
    traceparent: context.get('traceparent'),
  };
}

/**
 * Reads the job id in the path. Only a well-formed id reaches Redis, where other keys lie beside the jobs.
 * @throws VerificationError `job_not_found`.
 */
export function readJobId(context: Context<AppContext>): string {
  const jobId = context.req.param('id') ?? '';
  if (!isJobId(jobId)) throw new VerificationError('job_not_found');
  context.set('jobId', jobId);
  return jobId;
}

/**
 * Reads the batch id in the path. Only a well-formed id reaches Redis.
 * @throws VerificationError `batch_not_found`.
 */
export function readBatchId(context: Context<AppContext>): string {
  const batchId = context.req.param('id') ?? '';
  if (!isBatchId(batchId)) throw new VerificationError('batch_not_found');
  context.set('batchId', batchId);
  return batchId;
}

/** The preferences of RFC 7240 that we know: `respond-async` and `wait` in seconds. */
export interface Preferences {
  readonly respondAsync: boolean;
  readonly waitSeconds?: number;
}

/** Reads the Prefer header and ignores unknown preferences, as RFC 7240 requires. */
export function readPreferences(header: string | undefined): Preferences {
  const preferences = (header ?? '').split(/[,;]/).map((preference) => preference.trim().toLowerCase());
  const wait = preferences
    .map((preference) => /^wait\s*=\s*"?(\d{1,6})"?$/.exec(preference)?.[1])
    .find((seconds) => seconds !== undefined);
  return {
    respondAsync: preferences.includes('respond-async'),
    ...(wait === undefined ? {} : { waitSeconds: Number(wait) }),
  };
}
