import { errorOf, FaceVerificationError } from './face-verification-error.js';
import { type CallLimits, pause, sendForJson, type Transport } from './send-request.js';
import type { CompareResult, JobView } from './types.js';

/** Seconds; the service waits 60 at most, proxies often less. */
const LONG_POLL_SECONDS = 25;
/** Shortest time between two polls, in case something on the way answers them at once. */
const POLL_MS = 1_000;

/** Returns the path of a job. */
export function pathOfJob(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

/** Polls a job until it has ended. @throws FaceVerificationError `timed_out` with the job's id, and others. */
export async function waitForJob(transport: Transport, jobId: string, limits: CallLimits): Promise<JobView> {
  const isEnded = ({ status }: JobView): boolean => status !== 'queued' && status !== 'active';
  return poll(transport, { path: pathOfJob(jobId), isEnded, facts: { jobId } }, limits);
}

export interface Polled<View> {
  readonly path: string;
  readonly isEnded: (view: View) => boolean;
  /** Which job or batch it is, for the error. */
  readonly facts: { readonly jobId?: string; readonly batchId?: string };
}

/** Polls a path until its view has ended. */
export async function poll<View>(
  transport: Transport,
  { path, isEnded, facts }: Polled<View>,
  limits: CallLimits,
): Promise<View> {
  const late = new FaceVerificationError('timed_out', 'It has not ended in time', facts);
  while (Date.now() < limits.deadline) {
    const startedAt = Date.now();
    const leftSeconds = Math.ceil((limits.deadline - startedAt) / 1_000);
    const headers = { prefer: `wait=${Math.min(leftSeconds, LONG_POLL_SECONDS)}` };
    const request = { method: 'GET', path, headers } as const;
    const view = await sendForJson<View>(transport, request, limits).catch((error: unknown) => {
      throw error instanceof FaceVerificationError && error.code === 'timed_out' ? late : error;
    });
    if (isEnded(view)) return view;
    await pause(Math.min(startedAt + POLL_MS, limits.deadline) - Date.now(), limits.signal);
  }
  throw late;
}

/** Returns the decision of an ended job. @throws FaceVerificationError with the job's problem. */
export function resultOf({ result, error, job_id: jobId }: JobView): CompareResult {
  if (result) return result;
  if (error) throw errorOf(error, { jobId });
  throw new FaceVerificationError('job_cancelled', 'job_cancelled: The job was cancelled', { jobId });
}
