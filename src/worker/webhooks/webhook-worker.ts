import { setMaxListeners } from 'node:events';
import { DelayedError, type Job, UnrecoverableError, type Worker } from 'bullmq';
import type { Dispatcher } from 'undici';
import {
  LOCK_DURATION_MS,
  MAX_STALLED_COUNT,
  STALLED_INTERVAL_MS,
} from '../../shared/queue/queue-settings.js';
import { ReadableWorker } from '../../shared/queue/readable-queue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import type { Logger } from '../../shared/runtime/logger.js';
import { WEBHOOK_QUEUE, type WebhookJob, webhookJobSchema } from '../../shared/webhooks/webhook-job.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { retryDelayMs } from '../../shared/webhooks/webhook-schedule.js';
import {
  type Delivery,
  type DeliveryDependencies,
  type DeliveryOutcome,
  deliverWebhook,
} from './deliver-webhook.js';
import {
  createDeliverySlots,
  type DeliverySlot,
  type DeliverySlots,
  type SlotAnswer,
} from './delivery-slots.js';

// States of a webhook job, as BullMQ keeps it:
//   waiting → active → completed                       delivered; URL and body are dropped
//                    → delayed → waiting → …           failed, with a pause; or it found no slot: no attempt counted
//                    → failed → (replay) → waiting → …  410, refused, or the last attempt failed: a dead letter
// A worker that dies while a job is active leaves it to another one, which sends it again under the same webhook-id.

/** Part of the time for closing that is kept for handing cut-off deliveries back to the queue, ms. */
const HAND_BACK_MS = 1_000;

/** One attempt that was made. `exhausted`: it failed and was the last one. `unreadable`: nothing could be sent. */
export interface DeliveryEvent {
  readonly result: DeliveryOutcome['kind'] | 'exhausted' | 'unreadable';
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
}

export interface WebhookWorkerDependencies {
  /** A `patient` connection; the caller closes it after the worker. */
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly webhooks: Pick<WebhookQueue, 'noteStart'>;
  readonly delivery: Omit<DeliveryDependencies, 'signal' | 'agent'>;
  /** Opens what one delivery is sent through; `onAddresses` as createGuardedAgent has it. Shut down after the delivery. */
  readonly openAgent: (onAddresses: (addresses: readonly string[]) => void) => Dispatcher;
  /** Returns the secrets that sign the webhooks of a tenant. */
  readonly secretsOf: (tenant: string) => readonly string[];
  /** Deliveries at a time: in all, and of one tenant to one host name or address. */
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
  readonly slots: DeliverySlots;
  readonly stop: AbortSignal;
}

/** Starts delivering webhooks from the queue until it is closed. */
export function createWebhookWorker(deps: WebhookWorkerDependencies): WebhookWorker {
  const stop = new AbortController();
  // Every delivery listens.
  setMaxListeners(0, stop.signal);
  const slots = createDeliverySlots({
    total: deps.concurrency,
    perHost: deps.concurrencyPerHost,
    now: () => performance.now(),
  });
  const context: Context = { ...deps, slots, stop: stop.signal };
  let active = 0;
  const worker = new ReadableWorker<WebhookJob, void>(
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
    context.onDelivery?.({ result: 'unreadable', attempt: job.attemptsMade + 1, durationMs: 0 });
    context.logger.error({ webhook_id: job.id }, 'webhook job unreadable or of an unknown version');
    throw new UnrecoverableError('the record is broken or of a version that is not known');
  }
  const { url, body, tenant } = payload.data;
  // A worker that died between dropping these and completing the job had delivered it.
  if (url === undefined || body === undefined) return;

  keepOrder(job, context);
  const answer = context.slots.take(tenant, hostOf(url));
  if (answer.kind === 'busy') return postpone(job, token, answer.retryInMs);
  const startedAt = performance.now();
  const message = { url, id: job.id ?? '', body, secrets: context.secretsOf(tenant) };
  const outcome = await deliver(message, answer.slot, context);
  if (outcome.kind === 'busy') return postpone(job, token, outcome.retryInMs);
  // A delivery that was cut off says nothing about its receiver.
  if (outcome.kind === 'retry' && context.stop.aborted) return postpone(job, token, 0);
  report(job, { outcome, durationMs: performance.now() - startedAt }, context);
  await settle(job, outcome);
}

type Busy = Extract<SlotAnswer, { kind: 'busy' }>;

/** Makes one attempt in `slot`, which it gives back; `busy` when the receiver's address has no place left. */
async function deliver(
  message: Delivery,
  slot: DeliverySlot,
  context: Context,
): Promise<DeliveryOutcome | Busy> {
  let retryInMs: number | undefined;
  const agent = context.openAgent((addresses) => {
    retryInMs = slot.claimAddresses(addresses);
    if (retryInMs !== undefined) throw new Error('the address has no place left');
  });
  try {
    const outcome = await deliverWebhook(message, { ...context.delivery, agent, signal: context.stop });
    return retryInMs === undefined ? outcome : { kind: 'busy', retryInMs };
  } finally {
    slot.release();
    void agent.destroy();
  }
}

/** Without it the next tenant waits a little longer; no delivery may fail for that. Later starts of a job say no more. */
function keepOrder(job: Job<WebhookJob>, { webhooks, logger }: Context): void {
  if (job.priority === 0 || job.attemptsStarted > 1) return;
  webhooks
    .noteStart(job.data, job.priority)
    .catch((error) => logger.debug({ err: error }, 'order of webhooks among tenants'));
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
