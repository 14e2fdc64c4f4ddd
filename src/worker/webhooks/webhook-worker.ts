import { setMaxListeners } from 'node:events';
import type { Worker } from 'bullmq';
import {
  LOCK_DURATION_MS,
  MAX_STALLED_COUNT,
  STALLED_INTERVAL_MS,
} from '../../shared/queue/queue-settings.js';
import { ReadableWorker } from '../../shared/queue/readable-queue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import { withTimeLimit } from '../../shared/runtime/with-time-limit.js';
import { WEBHOOK_QUEUE, type WebhookJob } from '../../shared/webhooks/webhook-job.js';
import { retryDelayMs } from '../../shared/webhooks/webhook-schedule.js';
import { type AttemptDependencies, attemptDelivery, DeliveryFailedError } from './attempt-delivery.js';
import { createDeliverySlots } from './delivery-slots.js';

// States of a webhook job, as BullMQ stores it:
//   waiting → active → completed                       delivered; URL and body are dropped
//                    → delayed → waiting → …           failed, retried after a pause; or no slot was free, which does
//                                                      not count as an attempt
//                    → failed → (replay) → waiting → …  410, refused, or the last attempt failed
// If a worker dies while a job is active, another worker sends it again under the same webhook-id.

/** Part of the time for closing that is reserved for returning unfinished deliveries to the queue, ms. */
const HAND_BACK_MS = 1_000;

export interface WebhookWorkerDependencies extends AttemptDependencies {
  /** A `patient` connection; the caller closes it after the worker. */
  readonly connection: RedisConnection;
  readonly prefix: string;
  /** Deliveries at a time: in total, and of one tenant to one host name or address. */
  readonly concurrency: number;
  readonly concurrencyPerHost: number;
  /** Pauses between attempts instead of WEBHOOK_RETRY_DELAYS_MS, ms. */
  readonly retryDelaysMs?: readonly number[];
  /** Life of a job's lock, and interval between searches for lost ones, instead of the contract's values, ms. */
  readonly lockDurationMs?: number;
  readonly stalledIntervalMs?: number;
}

export interface WebhookWorker {
  /** True while no delivery runs here. */
  isIdle(): boolean;
  /**
   * Takes no more jobs and waits for running ones. One second before `deadlineMs` is over, the rest is cut off and
   * returned to the queue without counting as an attempt. Resolves false if even that took too long.
   */
  close(deadlineMs: number): Promise<boolean>;
}

/** Delivers webhooks from the queue until it is closed. */
export function createWebhookWorker(deps: WebhookWorkerDependencies): WebhookWorker {
  const stop = new AbortController();
  // Every delivery adds a listener.
  setMaxListeners(0, stop.signal);
  const slots = createDeliverySlots({
    total: deps.concurrency,
    perHost: deps.concurrencyPerHost,
    now: () => performance.now(),
  });
  let active = 0;
  const worker = new ReadableWorker<WebhookJob, void>(
    WEBHOOK_QUEUE,
    async (job, token) => {
      active += 1;
      try {
        await attemptDelivery(job, { token, slots, stop: stop.signal, deps });
      } finally {
        active -= 1;
      }
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

/** Needs a time limit, because BullMQ's own close never ends while Redis is unavailable. */
async function closeWorker(worker: Worker, stop: AbortController, deadlineMs: number): Promise<boolean> {
  const cutOff = setTimeout(() => stop.abort(), Math.max(0, deadlineMs - HAND_BACK_MS));
  try {
    return await withTimeLimit(
      worker.close().then(() => true),
      deadlineMs,
      () => false,
    );
  } finally {
    clearTimeout(cutOff);
  }
}
