import { QueueEvents, type QueueEventsListener } from 'bullmq';
import type { ApiConfig } from '../../shared/config/config.js';
import { type ComparisonOutcome, readOutcome } from '../../shared/contract/comparison-outcome.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { connectRedis } from '../../shared/redis/connect-redis.js';
import type { Backlog } from '../capacity/backlog.js';
import { CANCELLED_BEFORE_IT_RAN } from './cancel-job.js';
import type { JobWaiter } from './job-waiter.js';

export interface EventTargets {
  readonly config: ApiConfig;
  readonly keys: Keyspace;
  readonly waiter: JobWaiter;
  readonly batchWaiter: JobWaiter<'finished'>;
  readonly backlog: Backlog;
  readonly readOutcomes: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, ComparisonOutcome>>;
  readonly onError: (error: unknown) => void;
}

/** With the event that a program adds when a batch has finished. */
interface Events extends QueueEventsListener {
  batch: (batch: { readonly jobId: string }) => void;
}

/** Passes the events of the queue to the waiters. Its own connection to Redis reconnects after any outage. */
export function listenToQueue(targets: EventTargets): { close: () => void } {
  const { config, keys, waiter, backlog, readOutcomes, onError } = targets;
  const connection = connectRedis(config.REDIS_URL, 'patient');
  connection.on('error', onError);
  const events = new QueueEvents(keys.queueName, { connection, prefix: keys.prefix });
  events.on('error', onError);
  events.on('completed', ({ jobId, returnvalue }) => {
    backlog.recordEnd();
    waiter.settle(jobId, readOutcome(returnvalue));
  });
  events.on('failed', ({ jobId }) => {
    backlog.recordEnd();
    // If Redis becomes unavailable now, the waiter finds the outcome when it polls.
    readOutcomes([jobId]).then((outcomes) => settleAll(waiter, outcomes), onError);
  });
  events.on('removed', ({ jobId }) => waiter.settle(jobId, CANCELLED_BEFORE_IT_RAN));
  events.on<Events, 'batch'>('batch', ({ jobId }) => targets.batchWaiter.settle(jobId, 'finished'));
  return {
    close: () => {
      // Not awaited: while Redis is unavailable, BullMQ would wait for it. Closing the connection ends the stream.
      events.close().catch(onError);
      connection.disconnect();
    },
  };
}

function settleAll(waiter: JobWaiter, outcomes: ReadonlyMap<string, ComparisonOutcome>): void {
  for (const [jobId, outcome] of outcomes) waiter.settle(jobId, outcome);
}
