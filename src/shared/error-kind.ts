/** Who has to act on an error: the caller, the host of an image, or the operator of this service. */
export const FAULTS = ['client', 'upstream', 'service'] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * Where a request stops: at the API key (`access`), at the request itself, at the queue, at reading a job, a batch or a webhook,
 * while a photo is downloaded (`fetch`) or analysed (`photo`), elsewhere in a comparison, or anywhere (`service`).
 */
export const STAGES = [
  'access',
  'request',
  'queue',
  'job',
  'batch',
  'webhook',
  'fetch',
  'photo',
  'comparison',
  'service',
] as const;
export type Stage = (typeof STAGES)[number];

type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

export interface ErrorTexts {
  /** The sentence that a client reads unless the error has a more exact one. Contains no URL, host or internal text. */
  readonly text: string;
  /** What to do about it. `Code` is in backticks; sentences for the operator start with "Operators:". */
  readonly advice: string;
}

export interface ErrorKind extends ErrorTexts {
  /** HTTP status of the response. */
  readonly status: ErrorStatus;
  readonly stage: Stage;
  readonly fault: Fault;
  /** True if the same request can succeed when it is sent again unchanged. */
  readonly retryable: boolean;
}
