import type { ErrorKind, ErrorTexts, Fault, Stage } from './error-kind.js';
import { type Reason, textOfReason } from './reasons.js';

type DefineError = (stage: Stage, status: ErrorKind['status'], texts: ErrorTexts) => ErrorKind;

const defineErrors =
  (fault: Fault, { retryable }: { readonly retryable: boolean }): DefineError =>
  (stage, status, texts) => ({ status, stage, fault, retryable, ...texts });

const client = defineErrors('client', { retryable: false });
const clientLater = defineErrors('client', { retryable: true });
const upstream = defineErrors('upstream', { retryable: true });
const service = defineErrors('service', { retryable: true });
const servicePermanent = defineErrors('service', { retryable: false });

/**
 * Every error of the service, one row per code. Statuses, `docs/errors.md` (`npm run docs`), the page `/docs/errors` and
 * the lists of the OpenAPI document are derived from it.
 */
export const ERROR_KINDS = {
  unauthenticated: client('access', 401, {
    text: 'This request needs a valid API key.',
    advice:
      'Send `Authorization: Bearer KEY` or `X-API-Key: KEY`. The key is missing, or the service does not ' +
      'know it.',
  }),
  forbidden: client('access', 403, {
    text: 'This API key cannot be used for this operation.',
    advice:
      'Use a key from `API_KEYS` for comparisons and jobs, and a key from `ADMIN_API_KEYS` for operator ' +
      'routes.',
  }),
  rate_limited: clientLater('access', 429, {
    text: 'This API key has sent too many requests.',
    advice: 'Wait for `Retry-After` seconds.',
  }),
  invalid_json: client('request', 400, {
    text: 'The body is not valid JSON.',
    advice:
      'Send valid JSON in UTF-8 and name each field once. Truncated and deeply nested bodies are rejected ' +
      'too.',
  }),
  unsupported_media_type: client('request', 415, {
    text: 'The body must be sent as application/json or multipart/form-data.',
    advice: 'Set `Content-Type: application/json`, or send a form whose parts have the names of the fields.',
  }),
  body_too_large: client('request', 413, {
    text: 'The body is larger than this service accepts.',
    advice:
      'Stay within `MAX_IMAGE_BYTES` (a photo), `MAX_INLINE_BYTES` (a data: URL), `MAX_BODY_BYTES` (the rest) and ' +
      '`MAX_BATCH_BYTES`. `errors` names the field.',
  }),
  invalid_request: client('request', 422, {
    text: 'A field is missing or has an invalid value.',
    advice: 'Read `errors`: it has one entry per field. Send numbers as JSON numbers, not as strings.',
  }),
  unknown_field: client('request', 422, {
    text: 'The request has a field that does not exist and resembles one that does.',
    advice: 'Use the name in `detail`. Fields that resemble no other are ignored, with a warning.',
  }),
  calibration_unavailable: client('request', 422, {
    text: 'The model pack has no calibration for this false match rate.',
    advice: 'Send `threshold` instead of `fmr`, or choose a calibrated rate from `GET /models`.',
  }),
  receipts_disabled: client('request', 422, {
    text: 'This service has no key to sign receipts with.',
    advice:
      'Leave out `receipt`. Operators: set `RECEIPT_KEYS` for the API and the workers; in docker compose, ' +
      '`RECEIPT_PUBLIC_KEYS` for the API.',
  }),
  image_url_forbidden: client('request', 422, {
    text: 'The image URL is not allowed.',
    advice:
      'Use a public http or https URL on port 80 or 443, without credentials. Operators: check ' +
      '`ALLOWED_PRIVATE_HOSTS`, `ALLOWED_PORTS` and `ALLOWED_IMAGE_HOSTS`.',
  }),
  uploads_disabled: client('request', 422, {
    text: 'This service accepts photos only as URLs.',
    advice: 'Send the URLs of photos. Operators: set `UPLOAD_KEYS` in the API and its workers.',
  }),
  invalid_batch: client('request', 422, {
    text: 'The batch has wrong requests, or too many or none, so nothing was queued.',
    advice:
      'Read `errors`: it names the line, the field and the reason of up to 100 faults. Correct them and send the ' +
      'whole batch again.',
  }),
  idempotency_conflict: client('request', 422, {
    text: 'This Idempotency-Key was already used with a different body.',
    advice: 'Use a new `Idempotency-Key` for each new request.',
  }),
  not_found: client('request', 404, {
    text: 'This path does not exist.',
    advice: 'Check the path. `/openapi.json` lists all paths.',
  }),
  method_not_allowed: client('request', 405, {
    text: 'This path does not support this method.',
    advice: 'Use one of the methods in the `Allow` header.',
  }),
  overloaded: service('queue', 503, {
    text: 'Too many jobs are waiting.',
    advice:
      'Wait for `Retry-After` seconds. `detail` says which limit was reached. Operators: add workers if ' +
      'this persists.',
  }),
  queue_unavailable: service('queue', 503, {
    text: 'The job queue is unavailable.',
    advice: 'Wait for `Retry-After` seconds. Operators: check that Redis responds.',
  }),
  no_worker: service('queue', 503, {
    text: 'No worker is available to compare photos.',
    advice:
      'Wait for `Retry-After` seconds, or use `POST /jobs`: the job runs once a worker is back. Operators: ' +
      'start a worker with the same `INSIGHTFACE_MODEL`.',
  }),
  wait_timeout: service('queue', 504, {
    text: 'The comparison did not finish in time. It is still running, and you can poll its job.',
    advice:
      'Poll `GET /jobs/{job_id}` with the `job_id` of this response, or repeat the request with the same ' +
      '`Idempotency-Key`.',
  }),
  job_not_found: client('job', 404, {
    text: 'The job does not exist or is no longer kept.',
    advice:
      'Check the job id and the API key. Only the key that submitted a job can see it, and only for ' +
      '`JOB_RETENTION_SECONDS` after it ended.',
  }),
  job_not_cancellable: client('job', 409, {
    text: 'The job is already running or has ended.',
    advice: 'Read the job instead. Only a queued job can be cancelled.',
  }),
  batch_not_found: client('batch', 404, {
    text: 'The batch does not exist or is no longer kept.',
    advice:
      'Check the batch id and the API key. Only the key that submitted a batch can see it, and only for ' +
      '`JOB_RETENTION_SECONDS` after its last job ended.',
  }),
  webhook_not_found: client('webhook', 404, {
    text: 'The webhook delivery does not exist or is no longer kept.',
    advice: 'Check the id. Deliveries are kept as long as their jobs.',
  }),
  webhook_not_failed: client('webhook', 409, {
    text: 'Only a failed webhook delivery can be retried.',
    advice: 'Do nothing: the delivery has succeeded, or the service is still retrying it.',
  }),
  image_not_available: client('fetch', 422, {
    text: 'The image host refused to serve the image.',
    advice:
      'Check that the URL has not expired and serves the image without a login. Operators: `IMAGE_HOST_HEADERS` adds headers.',
  }),
  image_fetch_failed: upstream('fetch', 502, {
    text: 'The image could not be downloaded.',
    advice:
      'Send the request again later; the service has already retried. Check the image host if this ' +
      'persists.',
  }),
  upload_expired: clientLater('fetch', 422, {
    text: 'The uploaded photo is no longer stored.',
    advice:
      'Send the request with its photos again. Operators: the photo was lost by Redis, or encrypted with a key that ' +
      '`UPLOAD_KEYS` of the worker lacks.',
  }),
  image_too_large: client('photo', 422, {
    text: 'The image exceeds a size limit.',
    advice: 'Send a smaller image, or save it as a baseline JPEG. `detail` names the limit.',
  }),
  image_unsupported: client('photo', 422, {
    text: 'The file is not an image of a supported type.',
    advice: 'Send a JPEG, PNG or WebP image that is not animated. HEIC is not supported.',
  }),
  image_undecodable: client('photo', 422, {
    text: 'The image cannot be decoded.',
    advice: 'Upload the photo again. The file is damaged or takes too long to decode.',
  }),
  face_not_found: client('photo', 422, {
    text: 'No face was found.',
    advice: 'Ask for a photo that shows the face from the front, in good light.',
  }),
  multiple_faces: client('photo', 422, {
    text: 'More than one face was found.',
    advice: 'Ask for a photo of one person. This error occurs only with `FACE_SELECTION=single`.',
  }),
  face_too_small: client('photo', 422, {
    text: 'The face is too small.',
    advice: 'Ask for a closer photo, or for the original in full resolution.',
  }),
  low_quality: client('photo', 422, {
    text: 'The face is not clear enough to compare.',
    advice: 'Ask for a sharp, well-lit photo taken from the front.',
  }),
  duplicate_image: client('photo', 422, {
    text: 'Two of the images are the same photo.',
    advice: 'Ask for different photos. This error occurs only with `DUPLICATE_IMAGE_POLICY=reject`.',
  }),
  job_cancelled: client('comparison', 409, {
    text: 'The job was cancelled before it produced a result.',
    advice: 'Submit a new job if you still need the result.',
  }),
  deadline_exceeded: service('comparison', 504, {
    text: 'The job did not start before its deadline.',
    advice: 'Send the request again. Operators: add workers if this persists.',
  }),
  unsupported_job_version: servicePermanent('comparison', 500, {
    text: 'The worker does not support this version of a job.',
    advice: 'Operators: an API and a worker of different versions share a queue. Finish the upgrade.',
  }),
  model_failure: service('comparison', 500, {
    text: 'The model did not return a usable result.',
    advice:
      'Send the request again. Operators: the worker log names the step that failed. Check the model ' +
      'files.',
  }),
  internal: service('service', 500, {
    text: 'An unexpected error occurred in the service.',
    advice: 'Send the request again. Report the `request_id` if this persists.',
  }),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export const ERROR_CODES = Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]];

/** Returns the codes of these stages in the order of the table. */
export function errorCodesOf(...stages: readonly Stage[]): readonly ErrorCode[] {
  return ERROR_CODES.filter((code) => stages.includes(ERROR_KINDS[code].stage));
}

export interface VerificationErrorOptions {
  /** Why the code applies. Its sentence replaces the sentence of the code. */
  readonly reason?: Reason | undefined;
  /** A more exact sentence for the client. Must not contain a URL, host, path or internal text. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** True if a retry can help; by default the table decides. */
  readonly retryable?: boolean;
  /** Seconds a client should wait before it tries again. */
  readonly retryAfterSeconds?: number;
  /** Safe context for logs: ids, codes, sizes, durations. The logger drops `host`. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

/** The only error class of the service: a code from the table, a text that is safe to show, and context for logs. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  readonly code: ErrorCode;
  readonly reason: Reason | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, options: VerificationErrorOptions = {}) {
    const { reason } = options;
    const text = reason === undefined ? ERROR_KINDS[code].text : textOfReason(reason);
    super(options.detail ?? text, { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.retryable = options.retryable ?? ERROR_KINDS[code].retryable;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.context = options.context ?? {};
  }
}

/** The part of an error that a response shows. */
export interface PublicFacts {
  readonly code: ErrorCode;
  readonly reason?: Reason;
  readonly detail: string;
}

/** Returns the part of an error that a response shows. All of it is safe to show. */
export function publicFactsOf({ code, reason, message }: VerificationError): PublicFacts {
  return { code, ...(reason === undefined ? {} : { reason }), detail: message };
}

/** Returns `error` itself if it is a VerificationError, otherwise an `internal` error with it as the cause. */
export function toVerificationError(error: unknown): VerificationError {
  return error instanceof VerificationError ? error : new VerificationError('internal', { cause: error });
}
