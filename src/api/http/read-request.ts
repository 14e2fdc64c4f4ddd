import type { Context } from 'hono';
import type { z } from 'zod';
import { isBatchId } from '../../shared/batches/batch-id.js';
import {
  type CompareRequest,
  compareRequestSchema,
  IMAGE_NAMES,
  isImageName,
} from '../../shared/contract/compare-request.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { VerificationError } from '../../shared/errors.js';
import { explainIssue, IS_MISSING } from '../../shared/explain-issue.js';
import { isJobId } from '../../shared/queue/comparison-job.js';
import type { Caller, ReceivedRequest } from '../jobs/submit-job.js';
import type { AppContext } from './app-context.js';
import { findUnknownFields } from './find-unknown-fields.js';
import { bodyOf, withFields } from './multipart-fields.js';
import { parseJson } from './parse-json.js';
import { readWholeBody } from './read-body.js';
import { type MultipartForm, readMultipart } from './read-multipart.js';
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
    return parseBody(await bodyOf(texts), photos, limits);
  }
  if (!/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i.test(type))
    throw new VerificationError('unsupported_media_type');
  const bodyLimits = { maxBytes: maxJsonBodyBytes(limits), memory: limits.memory };
  return readWholeBody(context, bodyLimits, async (bytes) => {
    refuseCompressed(context, bytes);
    return parseBody(await parseJson(bytes), new Map(), limits);
  });
}

/** Takes the place of the URL of a photo that is a file. */
const FILE = 'https://file.invalid/';

/** Checks a parsed body. @throws RequestError that names every wrong field. `files`: photos that are not in `sent`. */
export function parseBody(
  sent: unknown,
  files: MultipartForm['photos'],
  { maxInlineBytes }: UploadLimits,
): ReceivedRequest {
  const whole =
    files.size === 0
      ? sent
      : withFields(
          sent,
          [...files.keys()].map((name) => [name, FILE]),
        );
  const parsed = compareRequestSchema.safeParse(whole, { error: explainIssue });
  const { misspelt, meant, ignored } = findUnknownFields(whole);
  if (parsed.success && misspelt.length === 0) {
    refuseLargeDataUrls(parsed.data, maxInlineBytes);
    return { body: { ...parsed.data, ...Object.fromEntries(files) }, unknownFields: ignored };
  }
  // A field that is there under another name is not missing.
  const issues = (parsed.error?.issues ?? []).filter(
    ({ path, message }) => message !== IS_MISSING || !meant.has(path.join('.')),
  );
  throw new RequestError([...misspelt, ...issues.map(toProblemItem)]);
}

/** @throws RequestError `body_too_large` that names every data: URL with too large a photo. */
function refuseLargeDataUrls(body: CompareRequest, maxInlineBytes: number): void {
  const items = IMAGE_NAMES.flatMap((name) => {
    const source = body[name];
    if (source.kind === 'url' || source.bytes.length <= maxInlineBytes) return [];
    const detail = `a data: URL can carry at most ${maxInlineBytes} bytes; send this photo as a part of multipart/form-data`;
    return [{ field: name, image: name, code: 'body_too_large', detail } as const];
  });
  if (items.length > 0) throw new RequestError(items);
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

function toProblemItem({ path, message }: z.core.$ZodIssue): ProblemItem {
  const field = path.join('.');
  if (!field) return { code: 'invalid_request', detail: `The body ${message}.` };
  return { field, ...(isImageName(field) ? { image: field } : {}), code: 'invalid_request', detail: message };
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
