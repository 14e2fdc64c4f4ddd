import { createLine } from './create-body.js';
import { type CallLimits, sendForJson, sendRequest, type Transport } from './send-request.js';
import type { Batch, BatchAccepted, BatchLine, JobView } from './types.js';
import { poll } from './wait-for-job.js';

export interface NewBatch {
  readonly lines: Iterable<BatchLine>;
  readonly idempotencyKey: string | undefined;
  /** Where the end of the batch is posted. */
  readonly callbackUrl: string | undefined;
}

/** Returns the path of a batch. */
export function pathOfBatch(batchId: string): string {
  return `/batches/${encodeURIComponent(batchId)}`;
}

/** Queues all lines or none. Photos that are not URLs travel as data URLs. */
export async function submitBatch(
  transport: Transport,
  { lines, idempotencyKey = crypto.randomUUID(), callbackUrl }: NewBatch,
  limits: CallLimits,
): Promise<BatchAccepted> {
  const texts: string[] = [];
  for (const line of lines) texts.push(`${await createLine(line)}\n`);
  const headers = {
    'content-type': 'application/x-ndjson',
    'idempotency-key': idempotencyKey,
    ...(callbackUrl === undefined ? {} : { 'callback-url': callbackUrl }),
  };
  return sendForJson(transport, { method: 'POST', path: '/batches', headers, body: texts.join('') }, limits);
}

/** Polls a batch until all its jobs have ended. @throws FaceVerificationError `timed_out` with its id, and others. */
export function waitForBatch(transport: Transport, batchId: string, limits: CallLimits): Promise<Batch> {
  const isEnded = ({ status }: Batch): boolean => status === 'completed';
  return poll(transport, { path: pathOfBatch(batchId), isEnded, facts: { batchId } }, limits);
}

/** Returns the jobs of a batch in its order, without those that are no longer kept. */
export async function readResults(
  transport: Transport,
  batchId: string,
  limits: CallLimits,
): Promise<readonly JobView[]> {
  const path = `${pathOfBatch(batchId)}/results`;
  const text = await sendRequest(transport, { method: 'GET', path }, limits);
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as JobView] : []));
}
