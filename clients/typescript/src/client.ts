import { pathOfBatch, readResults, submitBatch, waitForBatch } from './batches.js';
import { createBody } from './create-body.js';
import { FaceVerificationError } from './face-verification-error.js';
import { type CallLimits, sendForJson, sendRequest, type Transport } from './send-request.js';
import type {
  Batch,
  BatchAccepted,
  BatchLine,
  CompareRequest,
  CompareResult,
  JobAccepted,
  JobView,
  ReceiptKeys,
} from './types.js';
import { pathOfJob, resultOf, waitForJob } from './wait-for-job.js';

export interface ClientOptions {
  /** One of the service's API_KEYS. */
  readonly apiKey?: string | undefined;
  /** Time limit of a call with all its repetitions, ms. Default 120,000. */
  readonly timeoutMs?: number | undefined;
  /** Repetitions after a passing failure. Default 2. */
  readonly retries?: number | undefined;
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  /** Instead of the client's. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call. A comparison that has not started is then cancelled. */
  readonly signal?: AbortSignal | undefined;
}

export interface AskOptions extends CallOptions {
  /** Default: a new one for each call, so that the repetitions of a call ask once. */
  readonly idempotencyKey?: string | undefined;
}

export interface BatchOptions extends AskOptions {
  /** Where the end of the batch is posted. */
  readonly callbackUrl?: string | undefined;
}

/** Every function throws FaceVerificationError, or the reason of the caller's signal. */
export interface Client {
  /** Compares and waits for the answer. A comparison that cannot be decided is an error, never `matched: false`. */
  compare(request: CompareRequest, options?: AskOptions): Promise<CompareResult>;
  /** Submits a job and returns at once. */
  submit(request: CompareRequest, options?: AskOptions): Promise<JobAccepted>;
  /** Returns a job as it is now. */
  job(jobId: string, options?: CallOptions): Promise<JobView>;
  /** Returns a job when it has ended: completed, failed or cancelled. */
  wait(jobId: string, options?: CallOptions): Promise<JobView>;
  /** Cancels a job that has not started. The error of any other is `job_not_cancellable`. */
  cancel(jobId: string, options?: CallOptions): Promise<void>;
  /**
   * Submits up to 1,000 comparisons, waits until all have ended and returns the jobs in the same order. A comparison that
   * could not be decided is a job with an `error`. Photos that are not URLs travel as data URLs, of at most 2 MiB by
   * default. Set `timeoutMs`; an error that comes later than the submission has the `batchId`.
   */
  batch(lines: Iterable<BatchLine>, options?: BatchOptions): Promise<readonly JobView[]>;
  /** Submits a batch and returns at once. All lines are queued, or none. */
  submitBatch(lines: Iterable<BatchLine>, options?: BatchOptions): Promise<BatchAccepted>;
  /** Returns a batch when all its jobs have ended. */
  waitForBatch(batchId: string, options?: CallOptions): Promise<Batch>;
  /** Returns the jobs of a batch as they are now. */
  batchResults(batchId: string, options?: CallOptions): Promise<readonly JobView[]>;
  /** Cancels the jobs of a batch that have not started. */
  cancelBatch(batchId: string, options?: CallOptions): Promise<Batch>;
  /** Returns the public keys of the service's receipts. Keep them beside receipts that must outlast the service. */
  receiptKeys(options?: CallOptions): Promise<ReceiptKeys>;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_RETRIES = 2;

/** Returns a client of the service at `baseUrl`, for example `https://faces.example.com`. Nothing needs closing. */
export function createClient(baseUrl: string | URL, options: ClientOptions = {}): Client {
  const transport = createTransport(baseUrl, options);
  const limitsOf = ({ timeoutMs, signal }: CallOptions = {}): CallLimits => ({
    deadline: Date.now() + (timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    signal,
  });
  return {
    compare: async (request, call = {}) => {
      const limits = limitsOf(call);
      try {
        const question = { path: '/compare-faces', request, key: call.idempotencyKey };
        return await ask<CompareResult>(transport, question, limits);
      } catch (error) {
        // The job continues, and polling it sends no photo again.
        const jobId = error instanceof FaceVerificationError && error.code === 'wait_timeout' && error.jobId;
        if (!jobId) throw error;
        return resultOf(await waitForJob(transport, jobId, limits));
      }
    },
    submit: (request, call = {}) =>
      ask(transport, { path: '/jobs', request, key: call.idempotencyKey }, limitsOf(call)),
    job: (jobId, call) => sendForJson(transport, { method: 'GET', path: pathOfJob(jobId) }, limitsOf(call)),
    wait: (jobId, call) => waitForJob(transport, jobId, limitsOf(call)),
    cancel: async (jobId, call) => {
      await sendRequest(transport, { method: 'DELETE', path: pathOfJob(jobId) }, limitsOf(call));
    },
    ...createBatchCalls(transport, limitsOf),
    receiptKeys: (call) =>
      sendForJson(transport, { method: 'GET', path: '/.well-known/jwks.json' }, limitsOf(call)),
  };
}

type BatchCalls = Pick<Client, 'batch' | 'submitBatch' | 'waitForBatch' | 'batchResults' | 'cancelBatch'>;

function createBatchCalls(transport: Transport, limitsOf: (call?: CallOptions) => CallLimits): BatchCalls {
  const submit = (
    lines: Iterable<BatchLine>,
    { idempotencyKey, callbackUrl }: BatchOptions,
    limits: CallLimits,
  ) => submitBatch(transport, { lines, idempotencyKey, callbackUrl }, limits);
  return {
    batch: async (lines, call = {}) => {
      const limits = limitsOf(call);
      const { batch_id: batchId } = await submit(lines, call, limits);
      await waitForBatch(transport, batchId, limits);
      return readResults(transport, batchId, limits);
    },
    submitBatch: (lines, call = {}) => submit(lines, call, limitsOf(call)),
    waitForBatch: (batchId, call) => waitForBatch(transport, batchId, limitsOf(call)),
    batchResults: (batchId, call) => readResults(transport, batchId, limitsOf(call)),
    cancelBatch: (batchId, call) =>
      sendForJson(transport, { method: 'DELETE', path: pathOfBatch(batchId) }, limitsOf(call)),
  };
}

function createTransport(baseUrl: string | URL, options: ClientOptions): Transport {
  return {
    baseUrl: String(baseUrl).replace(/\/+$/, ''),
    headers: options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {},
    retries: options.retries ?? DEFAULT_RETRIES,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
  };
}

interface Question {
  readonly path: string;
  readonly request: CompareRequest;
  readonly key: string | undefined;
}

async function ask<Answer>(
  transport: Transport,
  { path, request, key = crypto.randomUUID() }: Question,
  limits: CallLimits,
): Promise<Answer> {
  const { body, headers } = await createBody(request);
  const sent = { method: 'POST', path, body, headers: { ...headers, 'idempotency-key': key } } as const;
  return sendForJson(transport, sent, limits);
}
