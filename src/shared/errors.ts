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

/** Why a code applies, with the sentence a client reads: first what is wrong with a face, then with a download. */
export const REASON_TEXTS = {
  blurred: 'The face is too blurred to be compared.',
  too_dark: 'The face is too dark to be compared.',
  overexposed: 'The face is too bright to be compared.',
  too_small: 'The face is too small to be compared.',
  covered: 'Too much of the face is covered for it to be compared.',
  not_a_face: 'The photo shows nothing that is clearly a face.',
  turned: 'The face is turned too far to be compared.',
  dns: 'The name of the image host could not be resolved.',
  refused: 'The image host refused the connection.',
  timeout: 'The image host did not answer in time.',
  too_slow: 'The image host sent the image too slowly.',
  tls: 'No secure connection to the image host could be made.',
  protocol: 'The answer of the image host breaks the rules of HTTP.',
  redirects: 'The image URL redirects too often.',
} as const;

export type NamedReason = keyof typeof REASON_TEXTS;
/** The closed list of reasons; `http_404` and the like carry the status with which an image host answered. */
export type Reason = NamedReason | `http_${number}`;

export const NAMED_REASONS = Object.keys(REASON_TEXTS) as [NamedReason, ...NamedReason[]];

/** Returns the sentence a client reads for a reason. */
export function textOfReason(reason: Reason): string {
  if (isNamed(reason)) return REASON_TEXTS[reason];
  return `The image host answered with status ${reason.slice('http_'.length)}.`;
}

function isNamed(reason: Reason): reason is NamedReason {
  return reason in REASON_TEXTS;
}

export interface VerificationErrorOptions {
  /** Why the code applies; its sentence takes the place of the code's. */
  readonly reason?: Reason | undefined;
  /** A sentence for the client instead of the tables'. Must hold no URL, host, path or inner text. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Whether a retry can help, when this case differs from the table. */
  readonly retryable?: boolean;
  /** Seconds a client should wait before it tries again. */
  readonly retryAfterSeconds?: number;
  /** Safe context for logs: ids, codes, sizes, durations; `host` is left out of them. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

/** The one error class of the service: a code from the closed table, a text that is safe to show, and context for logs. */
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

/** What an answer says of an error. */
export interface PublicFacts {
  readonly code: ErrorCode;
  readonly reason?: Reason;
  readonly detail: string;
}

/** Returns what an answer may say of an error: all of it is safe to show. */
export function publicFactsOf({ code, reason, message }: VerificationError): PublicFacts {
  return { code, ...(reason === undefined ? {} : { reason }), detail: message };
}

/** Returns `error` itself when it is a VerificationError, else an `internal` that carries it as its cause. */
export function toVerificationError(error: unknown): VerificationError {
  return error instanceof VerificationError ? error : new VerificationError('internal', { cause: error });
}
