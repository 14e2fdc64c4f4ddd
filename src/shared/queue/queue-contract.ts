import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import {
  type Evidence,
  imageNameSchema,
  minMatchesSchema,
  problemItemSchema,
  reasonSchema,
  thresholdSchema,
  userIdSchema,
  warningSchema,
} from '../contract/contract.js';
import { ERROR_CODES } from '../errors.js';

/** The version of the payloads below; a worker fails jobs of any other with `unsupported_job_version`. */
export const JOB_VERSION = 1;

/** Lock life of a running job, ms. With STALLED_INTERVAL_MS it bounds how late a killed worker's job is taken up again. */
export const LOCK_DURATION_MS = 8_000;
export const STALLED_INTERVAL_MS = 3_000;
/** How often a job may lose its worker before it is failed as `internal`. */
export const MAX_STALLED_COUNT = 5;

/** Tries of a comparison, first one included, when an image could not be fetched for a passing reason. */
export const COMPARE_ATTEMPTS = { sync: 2, async: 3 } as const;
/** Base of the exponential back-off between those tries, ms; half of it is jitter. */
export const COMPARE_BACKOFF = { type: 'exponential', delay: 1_000, jitter: 0.5 } as const;

/** Events kept in a queue's stream. Waiters that miss one find the job's state by polling. */
export const MAX_STREAM_EVENTS = 1_000;

export const WEBHOOK_QUEUE = 'webhooks';

/** Returns the bare name of a pack given by name or by folder: `lite`, `my_pack` for `/models/my_pack/`. */
export function packName(model: string): string {
  return basename(model.replace(/[/\\]+$/, ''));
}

/** Returns the queue whose workers all use this model pack, so that two fleets never answer for one another. */
export function compareQueueName(model: string): string {
  const name = packName(model).replace(/[^A-Za-z0-9_.-]/g, '_');
  return `compare-${name}`;
}

export const comparisonJobSchema = z.object({
  v: z.literal(JOB_VERSION),
  user_id: userIdSchema,
  /** Dropped once the job has ended. */
  images: z
    .object({
      front_image1: z.string(),
      front_image2: z.string(),
      front_image3: z.string(),
      back_image: z.string(),
    })
    .optional(),
  threshold: thresholdSchema,
  min_matches: minMatchesSchema,
  evidence: z.boolean(),
  /** Whether the result lists warnings. Absent in the jobs of earlier versions. */
  warnings: z.boolean().optional(),
  callback_url: z.string().optional(),
  /** A caller holds its connection open for the answer. */
  sync: z.boolean(),
  /** Name of the API key, or `anonymous`: who may see the job. */
  tenant: z.string(),
  /** SHA-256 of what was asked, to tell a repeated request from another one under the same Idempotency-Key. */
  request_digest: z.string(),
  request_id: z.string(),
  /** Both in ms since 1970 by Redis' clock. */
  accepted_at: z.number(),
  deadline_at: z.number(),
  traceparent: z.string().optional(),
});
export type ComparisonJob = z.infer<typeof comparisonJobSchema>;

/** A reason that only a later version knows is left out: the code beside it still holds. */
const knownReasonSchema = reasonSchema.optional().catch(undefined);

/** What a comparison ended in. Anything but `ok: true` could not be decided. */
export const comparisonOutcomeSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    matched: z.boolean(),
    /** Absent in what earlier versions wrote. */
    warnings: z.array(warningSchema).optional(),
  }),
  z.object({
    ok: z.literal(false),
    code: z.enum(ERROR_CODES),
    reason: knownReasonSchema,
    detail: z.string(),
    retryable: z.boolean(),
    image: imageNameSchema.optional(),
    errors: z.array(problemItemSchema.extend({ reason: knownReasonSchema })).optional(),
  }),
]);
export type ComparisonOutcome = z.infer<typeof comparisonOutcomeSchema>;
/** How a job that BullMQ itself gave up is told: killed too often, or failed by a bug. */
export const ABANDONED: ComparisonOutcome = {
  ok: false,
  code: 'internal',
  detail: 'The job was given up after repeated failures inside the service.',
  retryable: true,
};

/** Reads what a worker returned; anything it could not have returned counts as given up. */
export function readOutcome(returned: unknown): ComparisonOutcome {
  const parsed = comparisonOutcomeSchema.safeParse(returned);
  return parsed.success ? parsed.data : ABANDONED;
}

/** How a job ended, with what is shown for it on request. */
export interface Ending {
  readonly outcome: ComparisonOutcome;
  readonly evidence?: Evidence | undefined;
}

/** Returns what `redisKeys.ending` is to hold for a job that was accepted at this time. */
export function writeEnding(ending: Ending, acceptedAt: number): string {
  return JSON.stringify({ accepted_at: acceptedAt, ...ending });
}

/**
 * Reads what `redisKeys.ending` holds; undefined when that is the end of an earlier job of the same id, which an
 * Idempotency-Key makes possible: one that was cancelled after it had lost its worker, say.
 */
export function readEnding(text: string | null, acceptedAt: number): Ending | undefined {
  if (text === null) return undefined;
  const kept = parseJson(text) as (Ending & { readonly accepted_at?: number }) | undefined;
  return kept?.accepted_at === acceptedAt
    ? { outcome: readOutcome(kept.outcome), evidence: kept.evidence }
    : undefined;
}

export type ComparisonDecision = Extract<ComparisonOutcome, { ok: true }>;
/** Returns what the text says; undefined when it is not JSON: one bad record must not stop those beside it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type ComparisonFailure = Extract<ComparisonOutcome, { ok: false }>;

export const webhookJobSchema = z.object({
  v: z.literal(JOB_VERSION),
  job_id: z.string(),
  tenant: z.string(),
  /** The pack whose queue holds the comparison. */
  model: z.string(),
  /** Dropped once delivered. */
  url: z.string().optional(),
  /** The exact bytes to sign and send, as text; dropped once delivered. */
  body: z.string().optional(),
});
export type WebhookJob = z.infer<typeof webhookJobSchema>;

/** The id of the one webhook job of a comparison: adding it twice makes one. */
export function webhookJobId(jobId: string): string {
  return `wh_${jobId}`;
}

/**
 * The id of the job that a tenant's Idempotency-Key names for one model pack: 128 bits of SHA-256 over all three. Two
 * packs on one Redis, asked alike, must not answer for one another.
 */
export function idempotentJobId(model: string, tenant: string, key: string): string {
  return `i_${digest128(compareQueueName(model), tenant, key)}`;
}

/** Whether `text` can be the id of a job, random or of idempotentJobId. No other key of BullMQ's has this form. */
export function isJobId(text: string): boolean {
  return /^[ri]_[0-9A-Za-z-]{1,64}$/.test(text);
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
