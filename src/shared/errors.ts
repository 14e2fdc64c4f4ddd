/** Who has to act on an error: the caller, the host an image lives on, or us. */
export type Fault = 'client' | 'upstream' | 'service';

interface ErrorKind {
  readonly fault: Fault;
  /** Whether the same request may succeed when it is sent again unchanged. */
  readonly retryable: boolean;
  /** The sentence a client reads when no more exact one is given. Holds no URL, host or inner text. */
  readonly text: string;
}

const client = (text: string): ErrorKind => ({ fault: 'client', retryable: false, text });
const clientLater = (text: string): ErrorKind => ({ fault: 'client', retryable: true, text });
const upstream = (text: string): ErrorKind => ({ fault: 'upstream', retryable: true, text });
const service = (text: string): ErrorKind => ({ fault: 'service', retryable: true, text });
const servicePermanent = (text: string): ErrorKind => ({ fault: 'service', retryable: false, text });

/** The closed table of everything that can go wrong. The HTTP status of each code stands in api/error-response.ts. */
export const ERROR_KINDS = {
  invalid_json: client('The body is not valid JSON.'),
  unsupported_media_type: client('The body must be sent as application/json.'),
  body_too_large: client('The body is larger than this service accepts.'),
  invalid_request: client('A field is missing or has a wrong value.'),
  calibration_unavailable: client('The model pack in use has no calibration for this false match rate.'),
  unauthenticated: client('A valid API key is required.'),
  forbidden: client('This key may not do that.'),
  rate_limited: clientLater('Too many requests for this key.'),
  idempotency_conflict: client('This Idempotency-Key was used with another body.'),
  not_found: client('There is nothing at this path.'),
  method_not_allowed: client('This path does not answer this method.'),
  job_not_found: client('No such job, or it is no longer kept.'),
  job_not_cancellable: client('The job already runs or has ended.'),
  job_cancelled: client('The job was cancelled before it gave an answer.'),
  webhook_not_found: client('No such webhook delivery, or it is no longer kept.'),
  webhook_not_failed: client('Only a delivery that has failed can be tried again.'),
  overloaded: service('The backlog is over its limit.'),
  queue_unavailable: service('The queue cannot be reached.'),
  wait_timeout: service('The comparison did not end in time; it goes on and its job can be polled.'),
  deadline_exceeded: service('The job was not started before its deadline.'),
  unsupported_job_version: servicePermanent('The worker does not know this version of a job.'),
  image_url_forbidden: client('The image URL is not allowed.'),
  image_not_available: client('The image host refused to serve the image.'),
  image_fetch_failed: upstream('The image could not be fetched.'),
  image_too_large: client('The image is over the limit.'),
  image_unsupported: client('The file is not an image of a supported type.'),
  image_undecodable: client('The image is broken.'),
  face_not_found: client('No face was found.'),
  multiple_faces: client('More than one face was found.'),
  face_too_small: client('The face is too small.'),
  low_quality: client('The face is not clear enough to be compared.'),
  duplicate_image: client('Two of the images are the same photo.'),
  model_failure: service('The model gave no usable answer.'),
  internal: service('Something went wrong inside the service.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export const ERROR_CODES = Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]];

export interface VerificationErrorOptions {
  /** A sentence for the client instead of the table's. Must hold no URL, host, path or inner text. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Whether a retry can help, when this case differs from the table. */
  readonly retryable?: boolean;
  /** Seconds a client should wait before it tries again. */
  readonly retryAfterSeconds?: number;
  /** Safe context for logs: ids, codes, sizes, durations. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

/** The one error class of the service: a code from the closed table, a text that is safe to show, and context for logs. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, options: VerificationErrorOptions = {}) {
    super(options.detail ?? ERROR_KINDS[code].text, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? ERROR_KINDS[code].retryable;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.context = options.context ?? {};
  }
}

/** Returns `error` itself when it is a VerificationError, else an `internal` that carries it as its cause. */
export function toVerificationError(error: unknown): VerificationError {
  return error instanceof VerificationError ? error : new VerificationError('internal', { cause: error });
}
