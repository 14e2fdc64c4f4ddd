import type { Context } from 'hono';
import type { z } from 'zod';
import {
  type CompareRequest,
  compareRequestSchema,
  IMAGE_NAMES,
  type ImageName,
} from '../../shared/contract/compare-request.js';
import { dataUrlLength } from '../../shared/contract/image-source.js';
import type { ProblemItem } from '../../shared/contract/problem.js';
import { VerificationError } from '../../shared/errors.js';
import { explainIssue, IS_MISSING } from '../../shared/explain-issue.js';
import { isJobId } from '../../shared/queue/comparison-job.js';
import type { Caller, ReceivedRequest } from '../jobs/submit-job.js';
import type { AppContext } from './app-context.js';
import { findUnknownFields } from './find-unknown-fields.js';
import { parseJson } from './parse-json.js';
import { RequestError } from './request-error.js';

/** Longest wait that a Prefer header can ask for, seconds. */
export const MAX_WAIT_SECONDS = 60;

/** Other bytes arrive in an unknown encoding: two keys could look alike, or one key could be read in two ways. */
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

/** Limits on photos that come with a request. */
export interface UploadLimits {
  /** True if this service accepts them. */
  readonly enabled: boolean;
  /** Largest photo in a data: URL, bytes. */
  readonly maxInlineBytes: number;
  /** Largest photo in a part of its own, bytes. */
  readonly maxImageBytes: number;
  /** Largest body without its photos, bytes. */
  readonly maxJsonBytes: number;
}

/** Returns the size of the largest JSON body, with a photo in each field, bytes. */
export function maxBodyBytes({ enabled, maxInlineBytes, maxJsonBytes }: UploadLimits): number {
  return maxJsonBytes + (enabled ? IMAGE_NAMES.length * dataUrlLength(maxInlineBytes) : 0);
}

/**
 * Reads and checks the body of a comparison.
 * @throws VerificationError `unsupported_media_type`, `invalid_json`; RequestError `invalid_request` that names every wrong field.
 */
export async function readCompareRequest(
  context: Context<AppContext>,
  limits: UploadLimits,
): Promise<ReceivedRequest> {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i.test(type.trim()))
    throw new VerificationError('unsupported_media_type');
  const bytes = await context.req.arrayBuffer();
  refuseCompressed(context, bytes);
  return parseBody(parseJson(bytes), limits);
}

/** @throws RequestError `invalid_request` that names every wrong field. */
function parseBody(sent: unknown, limits: UploadLimits): ReceivedRequest {
  const parsed = compareRequestSchema.safeParse(sent, { error: explainIssue });
  const { misspelt, meant, ignored } = findUnknownFields(sent);
  if (parsed.success && misspelt.length === 0) {
    refuseLargeDataUrls(parsed.data, limits);
    return { body: parsed.data, unknownFields: ignored };
  }
  // A field that is there under another name is not missing.
  const issues = (parsed.error?.issues ?? []).filter(
    ({ path, message }) => message !== IS_MISSING || !meant.has(path.join('.')),
  );
  throw new RequestError([...misspelt, ...issues.map(toProblemItem)]);
}

/** @throws RequestError `body_too_large` that names every data: URL with too large a photo. */
function refuseLargeDataUrls(body: CompareRequest, { maxInlineBytes }: UploadLimits): void {
  const items = IMAGE_NAMES.flatMap((name) => {
    const source = body[name];
    if (source.kind === 'url' || source.bytes.length <= maxInlineBytes) return [];
    const detail = `a data: URL can carry at most ${maxInlineBytes} bytes; send this photo as a part of multipart/form-data`;
    return [{ field: name, image: name, code: 'body_too_large', detail } as const];
  });
  if (items.length > 0) throw new RequestError(items);
}

/** @throws VerificationError `unsupported_media_type` for a compressed body, also without the header that says so. */
function refuseCompressed(context: Context<AppContext>, bytes: ArrayBuffer): void {
  const [first, second] = new Uint8Array(bytes);
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

function isImageName(field: string): field is ImageName {
  return (IMAGE_NAMES as readonly string[]).includes(field);
}
