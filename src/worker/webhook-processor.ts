import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Logger } from '../shared/logger.js';
import {
  LOCK_DURATION_MS,
  MAX_STALLED_COUNT,
  STALLED_INTERVAL_MS,
  WEBHOOK_QUEUE,
  type WebhookJob,
  webhookJobSchema,
} from '../shared/queue-contract.js';
import type { RedisConnection } from '../shared/redis.js';
import { logUnlessAway } from '../shared/report-outages.js';
import { retryDelayMs } from '../shared/webhook-schedule.js';
import {
  type DeliveryDependencies,
  type DeliveryOutcome,
  deliverWebhook,
} from './outbound/deliver-webhook.js';
import { createHostSlots, type HostSlots } from './outbound/host-slots.js';

// States of a webhook job, as BullMQ keeps it:
//   waiting → active → completed                       delivered; URL and body are dropped
//                    → delayed → waiting → …           failed, with a pause; or its host was busy: no attempt counted
//                    → failed → (replay) → waiting → …  410, refused, or the last attempt failed: a dead letter
// A worker that dies while a job is active leaves it to another one, which sends it again under the same webhook-id.

/** Part of the time for closing that is kept for handing cut-off deliveries back to the queue, ms. */
const HAND_BACK_MS = 1_000;

/** One attempt that was made. `exhausted`: it failed and was the last one. */
export interface DeliveryEvent {
  readonly result: DeliveryOutcome['kind'] | 'exhausted';
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
}

export interface WebhookWorkerDependencies {
  /** A `patient` connection; the caller closes it after the worker. */
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly delivery: Omit<DeliveryDependencies, 'signal'>;
  /** Returns the secrets that sign the webhooks of a tenant. */
  readonly secretsOf: (tenant: string) => readonly string[];
  /** Deliveries at a time: in all, and to one host and port. */
  readonly concurrency: number;
  readonly concurrencyPerHost: number;
  readonly logger: Logger;
  readonly onDelivery?: (event: DeliveryEvent) => void;
  /** Pauses between attempts, ms, instead of the table's. */
  readonly retryDelaysMs?: readonly number[];
  /** Life of a job's lock and time between searches for lost ones, ms, instead of the contract's. */
  readonly lockDurationMs?: number;
  readonly stalledIntervalMs?: number;
}

export interface WebhookWorker {
  /** No delivery runs here. */
  isIdle(): boolean;
  /**
   * Takes no more jobs and waits for those that run. What has not ended a second before `deadlineMs` is over is cut off
   * and handed back without counting as an attempt. Resolves false when even that took too long.
   */
  close(deadlineMs: number): Promise<boolean>;
}

/** A failed attempt; what the receiver asks for reaches the back-off with it. */
class DeliveryFailedError extends Error {
  override readonly name = 'DeliveryFailedError';
  readonly afterMs: number | undefined;

  constructor(reason: string, afterMs: number | undefined) {
    super(reason);
    this.afterMs = afterMs;
  }
}

interface Context extends WebhookWorkerDependencies {
  readonly slots: HostSlots;
  readonly stop: AbortSignal;
}

/** Starts delivering webhooks from the queue until it is closed. */
export function createWebhookWorker(deps: WebhookWorkerDependencies): WebhookWorker {
  const stop = new AbortController();
  const slots = createHostSlots(deps.concurrencyPerHost, () => performance.now());
  const context: Context = { ...deps, slots, stop: stop.signal };
  let active = 0;
  const worker = new Worker<WebhookJob>(
    WEBHOOK_QUEUE,
    (job, token) => {
      active += 1;
      return processJob(job, token, context).finally(() => {
        active -= 1;
      });
    },
    {
      connection: deps.connection,
      prefix: deps.prefix,
      concurrency: deps.concurrency,
      lockDuration: deps.lockDurationMs ?? LOCK_DURATION_MS,
      stalledInterval: deps.stalledIntervalMs ?? STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLED_COUNT,
      settings: {
        backoffStrategy: (failedAttempts, _type, error) => {
          const afterMs = error instanceof DeliveryFailedError ? error.afterMs : undefined;
          return retryDelayMs(failedAttempts, { afterMs, delaysMs: deps.retryDelaysMs });
        },
      },
    },
  );
  worker.on('error', logUnlessAway(deps.connection, deps.logger, 'webhook worker'));
  return { isIdle: () => active === 0, close: (deadlineMs) => closeWorker(worker, stop, deadlineMs) };
}

/** BullMQ's own close never ends while Redis is away, hence the race. */
async function closeWorker(worker: Worker, stop: AbortController, deadlineMs: number): Promise<boolean> {
  const cutOff = setTimeout(() => stop.abort(), Math.max(0, deadlineMs - HAND_BACK_MS));
  let expiry: NodeJS.Timeout | undefined;
  const expired = new Promise<false>((resolve) => {
    expiry = setTimeout(resolve, deadlineMs, false);
  });
  try {
    return await Promise.race([worker.close().then(() => true), expired]);
  } finally {
    clearTimeout(cutOff);
    clearTimeout(expiry);
  }
}

async function processJob(job: Job<WebhookJob>, token: string | undefined, context: Context): Promise<void> {
  try {
    await attemptDelivery(job, token, context);
  } catch (error) {
    const ours = [DeliveryFailedError, UnrecoverableError, DelayedError].some(
      (kind) => error instanceof kind,
    );
    if (ours) throw error;
    // BullMQ would keep the message of any other error for everybody who reads the job.
    context.logger.error({ err: error, webhook_id: job.id }, 'webhook attempt broke');
    throw new DeliveryFailedError('something went wrong inside the service', undefined);
  }
}

async function attemptDelivery(
  job: Job<WebhookJob>,
  token: string | undefined,
  context: Context,
): Promise<void> {
  const payload = webhookJobSchema.safeParse(job.data);
  if (!payload.success) {
    context.logger.error({ webhook_id: job.id }, 'webhook job of an unknown version');
    throw new UnrecoverableError('this version of a webhook job is not known');
  }
  const { url, body, tenant } = payload.data;
  // A worker that died between dropping these and completing the job had delivered it.
  if (url === undefined || body === undefined) return;

  const slot = context.slots.take(hostOf(url));
  if (slot.kind === 'busy') return postpone(job, token, slot.retryInMs);
  const startedAt = performance.now();
  let outcome: DeliveryOutcome;
  try {
    const message = { url, id: job.id ?? '', body, secrets: context.secretsOf(tenant) };
    outcome = await deliverWebhook(message, { ...context.delivery, signal: context.stop });
  } finally {
    slot.release();
  }
  // A delivery that was cut off says nothing about its receiver.
  if (outcome.kind === 'retry' && context.stop.aborted) return postpone(job, token, 0);
  report(job, { outcome, durationMs: performance.now() - startedAt }, context);
  await settle(job, outcome);
}

/** Puts the job back without counting an attempt; BullMQ learns that from the error. */
async function postpone(job: Job<WebhookJob>, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

async function settle(job: Job<WebhookJob>, outcome: DeliveryOutcome): Promise<void> {
  switch (outcome.kind) {
    case 'delivered': {
      const { url: _url, body: _body, ...rest } = job.data;
      await job.updateData(rest);
      return;
    }
    case 'retry':
      throw new DeliveryFailedError(outcome.reason, outcome.afterMs);
    case 'gone':
    case 'refused':
      throw new UnrecoverableError(outcome.reason);
  }
}

function report(
  job: Job<WebhookJob>,
  made: { readonly outcome: DeliveryOutcome; readonly durationMs: number },
  { logger, onDelivery }: Context,
): void {
  const { outcome } = made;
  const attempt = job.attemptsMade + 1;
  const last = attempt >= (job.opts.attempts ?? 1);
  const result = outcome.kind === 'retry' && last ? 'exhausted' : outcome.kind;
  const durationMs = Math.round(made.durationMs);
  onDelivery?.({ result, attempt, durationMs });
  const line = {
    webhook_id: job.id,
    job_id: job.data.job_id,
    host: hostOf(job.data.url),
    result,
    attempt,
    duration_ms: durationMs,
    ...('status' in outcome ? { status: outcome.status } : {}),
    ...('reason' in outcome ? { reason: outcome.reason } : {}),
  };
  if (outcome.kind === 'delivered') logger.info(line, 'webhook attempt');
  else logger.warn(line, 'webhook attempt');
}

function hostOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : '';
}
