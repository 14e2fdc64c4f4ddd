import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import type { Dispatcher } from 'undici';
import { hostOf } from '../../shared/net/host-of.js';
import type { Logger } from '../../shared/runtime/logger.js';
import { type WebhookJob, webhookJobSchema } from '../../shared/webhooks/webhook-job.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import {
  type Delivery,
  type DeliveryDependencies,
  type DeliveryOutcome,
  deliverWebhook,
} from './deliver-webhook.js';
import type { DeliverySlot, DeliverySlots, SlotAnswer } from './delivery-slots.js';

/** One attempt. `exhausted`: the last one failed. `unreadable`: the record is broken, so nothing was sent. */
export interface DeliveryEvent {
  readonly result: DeliveryOutcome['kind'] | 'exhausted' | 'unreadable';
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
}

export interface AttemptDependencies {
  readonly webhooks: Pick<WebhookQueue, 'noteStart'>;
  readonly delivery: Omit<DeliveryDependencies, 'signal' | 'agent'>;
  /** Opens the dispatcher of one delivery, which is destroyed after it. `onAddresses`: see createGuardedAgent. */
  readonly openAgent: (onAddresses: (addresses: readonly string[]) => void) => Dispatcher;
  /** Returns the secrets that sign the webhooks of a tenant. */
  readonly secretsOf: (tenant: string) => readonly string[];
  readonly logger: Logger;
  readonly onDelivery?: (event: DeliveryEvent) => void;
}

export interface AttemptContext {
  /** Proves to BullMQ that this worker holds the job's lock. */
  readonly token: string | undefined;
  readonly slots: DeliverySlots;
  /** Cuts off the delivery when the worker stops. */
  readonly stop: AbortSignal;
  readonly deps: AttemptDependencies;
}

/** A failed attempt. Carries the pause that the receiver asked for to the back-off, ms. */
export class DeliveryFailedError extends Error {
  override readonly name = 'DeliveryFailedError';
  readonly afterMs: number | undefined;

  constructor(reason: string, afterMs: number | undefined) {
    super(reason);
    this.afterMs = afterMs;
  }
}

/**
 * Makes one attempt at a webhook.
 * @throws DeliveryFailedError to retry it later, DelayedError if it was postponed, UnrecoverableError to give it up.
 */
export async function attemptDelivery(job: Job<WebhookJob>, context: AttemptContext): Promise<void> {
  try {
    await attempt(job, context);
  } catch (error) {
    const isOurs = [DeliveryFailedError, UnrecoverableError, DelayedError].some(
      (kind) => error instanceof kind,
    );
    if (isOurs) throw error;
    // BullMQ stores the message of any error, and everybody who reads the job would see it.
    context.deps.logger.error({ err: error, webhook_id: job.id }, 'webhook attempt broke');
    throw new DeliveryFailedError('something went wrong inside the service', undefined);
  }
}

async function attempt(job: Job<WebhookJob>, context: AttemptContext): Promise<void> {
  const { deps, slots, stop } = context;
  const payload = webhookJobSchema.safeParse(job.data);
  if (!payload.success) {
    deps.onDelivery?.({ result: 'unreadable', attempt: job.attemptsMade + 1, durationMs: 0 });
    deps.logger.error({ webhook_id: job.id }, 'webhook job unreadable or of an unknown version');
    throw new UnrecoverableError('the record is broken or of a version that is not known');
  }
  const { url, body, tenant } = payload.data;
  // They are dropped after the delivery; a worker that died before it completed the job had delivered it.
  if (url === undefined || body === undefined) return;

  noteStart(job, deps);
  const answer = slots.take(tenant, hostOf(url));
  if (answer.kind === 'busy') return postpone(job, context, answer.retryInMs);
  const startedAt = performance.now();
  const message = { url, id: job.id ?? '', body, secrets: deps.secretsOf(tenant) };
  const outcome = await deliver(message, answer.slot, context);
  if (outcome.kind === 'busy') return postpone(job, context, outcome.retryInMs);
  // A delivery that was cut off says nothing about its receiver.
  if (outcome.kind === 'retry' && stop.aborted) return postpone(job, context, 0);
  report(job, { outcome, durationMs: performance.now() - startedAt }, deps);
  await settle(job, outcome);
}

type Busy = Extract<SlotAnswer, { kind: 'busy' }>;

/** Sends the message and releases `slot`; `busy` if no place is left at the receiver's address. */
async function deliver(
  message: Delivery,
  slot: DeliverySlot,
  { deps, stop }: AttemptContext,
): Promise<DeliveryOutcome | Busy> {
  let retryInMs: number | undefined;
  const agent = deps.openAgent((addresses) => {
    retryInMs = slot.claimAddresses(addresses);
    if (retryInMs !== undefined) throw new Error('the address has no place left');
  });
  try {
    const outcome = await deliverWebhook(message, { ...deps.delivery, agent, signal: stop });
    return retryInMs === undefined ? outcome : { kind: 'busy', retryInMs };
  } finally {
    slot.release();
    void agent.destroy();
  }
}

/** Records the first start in the fair order. A failure only makes the next tenant wait a little longer. */
function noteStart(job: Job<WebhookJob>, { webhooks, logger }: AttemptDependencies): void {
  if (job.priority === 0 || job.attemptsStarted > 1) return;
  webhooks
    .noteStart(job.data, job.priority)
    .catch((error) => logger.debug({ err: error }, 'order of webhooks among tenants'));
}

/** Returns the job to the queue. BullMQ does not count an attempt that ends with a DelayedError. */
async function postpone(job: Job<WebhookJob>, { token }: AttemptContext, delayMs: number): Promise<never> {
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
  { logger, onDelivery }: AttemptDependencies,
): void {
  const { outcome } = made;
  const attemptNumber = job.attemptsMade + 1;
  const isLast = attemptNumber >= (job.opts.attempts ?? 1);
  const result = outcome.kind === 'retry' && isLast ? 'exhausted' : outcome.kind;
  const durationMs = Math.round(made.durationMs);
  onDelivery?.({ result, attempt: attemptNumber, durationMs });
  const line = {
    webhook_id: job.id,
    job_id: job.data.job_id,
    host: hostOf(job.data.url),
    result,
    attempt: attemptNumber,
    duration_ms: durationMs,
    ...('status' in outcome ? { status: outcome.status } : {}),
    ...('reason' in outcome ? { reason: outcome.reason } : {}),
  };
  if (outcome.kind === 'delivered') logger.info(line, 'webhook attempt');
  else logger.warn(line, 'webhook attempt');
}
