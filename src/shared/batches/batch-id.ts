import { randomUUID } from 'node:crypto';

/** Jobs of one batch at most. */
export const MAX_BATCH_JOBS = 1_000;

const BATCH_ID = /^b_[0-9a-f]{32}$/;
const BATCH_JOB_ID = /^(b_[0-9a-f]{32})-([1-9]\d{0,3})$/;

/** Returns a random batch id. */
export function randomBatchId(): string {
  return `b_${randomUUID().replaceAll('-', '')}`;
}

/** True if `text` can be the id of a batch. */
export function isBatchId(text: string): boolean {
  return BATCH_ID.test(text);
}

/** A job as part of its batch. */
export interface BatchPlace {
  readonly batchId: string;
  /** Place of the job in the batch, 1..1000. */
  readonly place: number;
}

/** Returns the id of the job at a place, 1..1000, of a batch. Every program can compute it, so a batch keeps no list of ids. */
export function batchJobId({ batchId, place }: BatchPlace): string {
  return `${batchId}-${place}`;
}

/** Returns the batch of a job and its place there; undefined for a job that belongs to no batch. */
export function batchPlaceOf(jobId: string): BatchPlace | undefined {
  const [, batchId, place] = BATCH_JOB_ID.exec(jobId) ?? [];
  return batchId === undefined ? undefined : { batchId, place: Number(place) };
}
