import { createHash } from 'node:crypto';
import { packName } from '../models/model-catalogue.js';

/** Returns the queue whose workers all use this model pack, so that two fleets never answer for one another. */
export function compareQueueName(model: string): string {
  const name = packName(model).replace(/[^A-Za-z0-9_.-]/g, '_');
  return `compare-${name}`;
}

/**
 * The id of the job that a tenant's Idempotency-Key names for one model pack: 128 bits of SHA-256 over all three. Two
 * packs on one Redis, asked alike, must not answer for one another.
 */
export function idempotentJobId(model: string, tenant: string, key: string): string {
  return `i_${digest128(compareQueueName(model), tenant, key)}`;
}

function digest128(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
}

/** Redis keys beside BullMQ's own. All share the queue prefix, so that a cluster keeps them in one slot. */
export const redisKeys = {
  /** Evidence of a finished job, JSON, with the retention as TTL. */
  evidence: (prefix: string, jobId: string) => `${prefix}:evidence:${jobId}`,
  /** View of a cancelled job, JSON, with the retention as TTL. */
  cancelled: (prefix: string, jobId: string) => `${prefix}:cancelled:${jobId}`,
  /** How many jobs under an Idempotency-Key were cancelled, by the id of its first one; TTL twice the retention. */
  turn: (prefix: string, jobId: string) => `${prefix}:turn:${jobId}`,
  /** Sorted set: ids of jobs that are being cancelled → time that began, ms. */
  cancelling: (prefix: string, model: string) => `${prefix}:cancelling:${compareQueueName(model)}`,
  /** How a job with a callback or with evidence first ended, JSON: a second run must not tell anything else. */
  ending: (prefix: string, jobId: string) => `${prefix}:ending:${jobId}`,
  /** Sorted set: ids of one person's jobs in the queue of a pack → time of acceptance, ms; its TTL outlasts all of them. */
  userJobs: (prefix: string, model: string, tenant: string, userId: string | number) =>
    `${prefix}:user:${digest128(compareQueueName(model), tenant, String(userId))}`,
  /** Sorted set: ids of a tenant's ended jobs that are kept → time of their end, ms; with the retention as TTL. */
  kept: (prefix: string, model: string, tenant: string) =>
    `${prefix}:kept:${compareQueueName(model)}:${tenant}`,
  /** Set: tenants of whom results are kept. */
  keptTenants: (prefix: string, model: string) => `${prefix}:kept-tenants:${compareQueueName(model)}`,
  /** Time of the last job that the reconciler has looked at, ms. */
  reconciledUntil: (prefix: string, model: string) => `${prefix}:reconciled:${compareQueueName(model)}`,
  /** Held by the one worker that reconciles. */
  reconcileLock: (prefix: string, model: string) => `${prefix}:reconcile:${compareQueueName(model)}`,
  /** Sorted set: worker id → time its heartbeat ends, ms. */
  workers: (prefix: string, model: string) => `${prefix}:workers:${compareQueueName(model)}`,
} as const;

/** Redis channel on which an API tells the workers that nobody waits for a running job any more. */
export const cancelChannel = (prefix: string, model: string): string =>
  `${prefix}:cancel:${compareQueueName(model)}`;
