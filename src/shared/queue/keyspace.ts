import { hash } from 'node:crypto';
import { packName } from '../models/model-catalogue.js';

export interface KeyspaceOptions {
  /** Prefix of every key, a name in braces, so that a cluster keeps all keys in one slot. */
  readonly prefix: string;
  /** The model pack, by name or by folder. */
  readonly model: string;
}

/** The names in Redis of one model pack: its queue, its channel, and the keys beside those of BullMQ. */
export interface Keyspace extends KeyspaceOptions {
  /** The queue of comparisons. All its workers use this pack, so two fleets never answer for each other. */
  readonly queueName: string;
  /** Hash of one job in that queue. */
  job(jobId: string): string;
  /** List: ids of running jobs. */
  readonly activeJobs: string;
  /** Stream: events of the queue. */
  readonly queueEvents: string;
  /** Channel on which an API asks the workers to stop a running job. */
  readonly cancelChannel: string;
  /** Sorted set: ids of jobs that are being cancelled → time at which that began, ms. */
  readonly cancelling: string;
  /** Set: tenants with kept results. */
  readonly keptTenants: string;
  /** End time of the last job that the reconciler has checked, ms. */
  readonly reconciledUntil: string;
  /** Held by the one worker that reconciles. */
  readonly reconcileLock: string;
  /** Sorted set: worker id → time at which its heartbeat expires, ms. */
  readonly workers: string;
  /** Sorted set: ids of batches that are not concluded → time of acceptance, ms. */
  readonly openBatches: string;
  /** Hash: facts about a batch, nothing of its lines; with the retention as TTL once it is concluded. */
  batch(batchId: string): string;
  /** Hash: place in the batch → payload of a job that is not in the queue yet. */
  batchLines(batchId: string): string;
  /** Hash: the same, of a batch that is not accepted yet. Expires within minutes. */
  batchStaging(name: string): string;
  /** Set: places of jobs that have not ended. */
  batchLeft(batchId: string): string;
  /** Held by the program that moves the lines of a batch into the queue. */
  batchFilling(batchId: string): string;
  /** Evidence of a finished job, JSON, with the retention as TTL. */
  evidence(jobId: string): string;
  /** Receipt of a finished job, a compact JWS, with the retention as TTL. */
  receipt(jobId: string): string;
  /** View of a cancelled job, JSON, with the retention as TTL. */
  cancelled(jobId: string): string;
  /** Number of jobs under an Idempotency-Key that no longer bind it, by the id of the first. See `KeyTurns`. */
  turn(jobId: string): string;
  /** Hash: field of a request, and number of the piece → its uploaded photo, encrypted. Expires a minute after the job's deadline. */
  photos(place: { readonly jobId: string; readonly uploadId: string }): string;
  /** Sorted set: reservations of stored photos, of all packs → expiry, ms. See `UploadLedger`. */
  readonly uploads: string;
  /** Sum of those reservations, bytes. */
  readonly uploadedBytes: string;
  /** First outcome of a job with a callback, evidence or a receipt, JSON: a second run must not report a different one. */
  outcome(jobId: string): string;
  /** Set: JSON of [model, tenant] for all whose persons' jobs were ever indexed, of all model packs. */
  readonly indexed: string;
  /** Sorted set: ids of one person's jobs → time of acceptance, ms. Its TTL outlasts all of them. */
  userJobs(tenant: string, userId: string | number): string;
  /** Sorted set: ids of a tenant's ended jobs that are kept → end time, ms, with the retention as TTL. */
  kept(tenant: string): string;
  /**
   * Returns the id of the job that a tenant's Idempotency-Key names for this pack: 128 bits of SHA-256 over all three,
   * so that two packs on one Redis never answer for each other.
   */
  idempotentJobId(tenant: string, key: string): string;
  /** Returns the id of the batch that a tenant's Idempotency-Key names for this pack. */
  idempotentBatchId(tenant: string, key: string): string;
}

/** Returns the names in Redis that the APIs and workers of one model pack share. */
export function createKeyspace({ prefix, model }: KeyspaceOptions): Keyspace {
  const queueName = compareQueueName(model);
  return {
    prefix,
    model,
    queueName,
    job: (jobId) => `${prefix}:${queueName}:${jobId}`,
    activeJobs: `${prefix}:${queueName}:active`,
    queueEvents: `${prefix}:${queueName}:events`,
    cancelChannel: `${prefix}:cancel:${queueName}`,
    cancelling: `${prefix}:cancelling:${queueName}`,
    keptTenants: `${prefix}:kept-tenants:${queueName}`,
    reconciledUntil: `${prefix}:reconciled:${queueName}`,
    reconcileLock: `${prefix}:reconcile:${queueName}`,
    workers: `${prefix}:workers:${queueName}`,
    openBatches: `${prefix}:batches:${queueName}`,
    batch: (batchId) => `${prefix}:batch:${queueName}:${batchId}`,
    batchLines: (batchId) => `${prefix}:batch-lines:${queueName}:${batchId}`,
    batchStaging: (name) => `${prefix}:batch-staging:${name}`,
    batchLeft: (batchId) => `${prefix}:batch-left:${queueName}:${batchId}`,
    batchFilling: (batchId) => `${prefix}:batch-filling:${queueName}:${batchId}`,
    evidence: (jobId) => `${prefix}:evidence:${jobId}`,
    receipt: (jobId) => `${prefix}:receipt:${jobId}`,
    cancelled: (jobId) => `${prefix}:cancelled:${jobId}`,
    turn: (jobId) => `${prefix}:turn:${jobId}`,
    photos: ({ jobId, uploadId }) => `${prefix}:photo:${jobId}:${uploadId}`,
    uploads: `${prefix}:uploads`,
    uploadedBytes: `${prefix}:uploads:bytes`,
    outcome: (jobId) => `${prefix}:ending:${jobId}`,
    indexed: `${prefix}:indexed`,
    userJobs: (tenant, userId) => `${prefix}:user:${digest128(queueName, tenant, String(userId))}`,
    kept: (tenant) => `${prefix}:kept:${queueName}:${tenant}`,
    idempotentJobId: (tenant, key) => `i_${digest128(queueName, tenant, key)}`,
    idempotentBatchId: (tenant, key) => `b_${digest128('batch', queueName, tenant, key)}`,
  };
}

/** Returns the name of the queue of comparisons of a model pack, given by name or by folder. */
export function compareQueueName(model: string): string {
  const name = packName(model).replace(/[^A-Za-z0-9_.-]/g, '_');
  return `compare-${name}`;
}

function digest128(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\0')).slice(0, 32);
}
