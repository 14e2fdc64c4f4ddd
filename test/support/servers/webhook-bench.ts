import { once } from 'node:events';
import type { Queue } from 'bullmq';
import { createAddressPolicy } from '../../../src/shared/net/address-policy.js';
import { JOB_VERSION } from '../../../src/shared/queue/comparison-job.js';
import { createKeyspace } from '../../../src/shared/queue/keyspace.js';
import { connectRedis, type RedisConnection } from '../../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../../src/shared/redis/redis-url.js';
import { createLogger } from '../../../src/shared/runtime/logger.js';
import { type WebhookJob, webhookJobId } from '../../../src/shared/webhooks/webhook-job.js';
import { createWebhookQueue, type WebhookQueue } from '../../../src/shared/webhooks/webhook-queue.js';
import { webhookJobOptions } from '../../../src/shared/webhooks/webhook-schedule.js';
import { createGuardedAgent } from '../../../src/worker/net/guarded-agent.js';
import type { DeliveryEvent } from '../../../src/worker/webhooks/attempt-delivery.js';
import {
  createWebhookWorker,
  type WebhookWorker,
  type WebhookWorkerDependencies,
} from '../../../src/worker/webhooks/webhook-worker.js';
import { type RedisServer, startRedis } from './redis-server.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

/** A Redis with the webhook queue, and workers that deliver to loopback with short pauses. */
export interface WebhookBench {
  readonly server: RedisServer;
  /** Fails fast, as the API's. */
  readonly redis: RedisConnection;
  readonly webhooks: WebhookQueue;
  readonly queue: Queue<WebhookJob>;
  readonly prefix: string;
  /** Attempts made by this bench's workers. */
  readonly events: readonly DeliveryEvent[];
  /** Adds the webhook of comparison `jobId`. */
  add(
    jobId: string,
    url: string,
    options?: { readonly attempts?: number; readonly body?: string; readonly tenant?: string },
  ): Promise<void>;
  startWorker(changes?: Partial<WebhookWorkerDependencies>): WebhookWorker;
  /** Empties Redis and stops the workers. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startWebhookBench(): Promise<WebhookBench> {
  const server = await startRedis();
  const prefix = '{test}';
  const redis = connectRedis(parseRedisUrl(server.url), 'fail-fast');
  const patient = connectRedis(parseRedisUrl(server.url), 'patient');
  const ignoreOutages = (): void => undefined;
  redis.on('error', ignoreOutages);
  patient.on('error', ignoreOutages);
  await Promise.all([redis, patient].map((connection) => once(connection, 'ready')));
  const webhooks = createWebhookQueue({
    redis,
    keys: createKeyspace({ prefix, model: 'lite' }),
    retentionSeconds: 3_600,
    onError: ignoreOutages,
  });
  const { queue } = webhooks;
  const policy = createAddressPolicy({
    allowedPrivateHosts: ['127.0.0.1', '127.0.0.2'],
    allowedImageHosts: [],
    allowedPorts: [],
  });
  const logger = createLogger('test', 'silent');
  const events: DeliveryEvent[] = [];
  let workers: WebhookWorker[] = [];

  const stopWorkers = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.close(1_000)));
    workers = [];
  };
  return {
    server,
    redis,
    webhooks,
    queue,
    prefix,
    events,
    add: async (
      jobId,
      url,
      { attempts, tenant = 'anonymous', body = JSON.stringify({ data: { job_id: jobId } }) } = {},
    ) => {
      const payload = {
        v: JOB_VERSION,
        job_id: jobId,
        tenant,
        model: 'lite',
        url,
        body,
      } as const;
      const place = await webhooks.order.enter(
        { jobId: webhookJobId(jobId), tenant, sync: false, acceptedAt: Date.now() },
        { maxOwn: Number.POSITIVE_INFINITY, maxAhead: Number.POSITIVE_INFINITY },
      );
      await queue.add('deliver', payload, {
        ...webhookJobOptions(3_600),
        ...(attempts ? { attempts } : {}),
        jobId: webhookJobId(jobId),
        priority: place.admitted ? place.priority : 0,
      });
    },
    startWorker: (changes = {}) => {
      const worker = createWebhookWorker({
        connection: patient,
        prefix,
        webhooks,
        // Long, because on a busy machine a receiver may take seconds, and a second delivery would be a failure.
        delivery: { policy, timeoutMs: 60_000, now: Date.now },
        openAgent: (onAddresses) => createGuardedAgent(policy, { connectTimeoutMs: 30_000, onAddresses }),
        secretsOf: () => [WEBHOOK_SECRET],
        concurrency: 20,
        concurrencyPerHost: 10,
        logger,
        onDelivery: (event) => void events.push(event),
        retryDelaysMs: [20],
        lockDurationMs: 1_000,
        stalledIntervalMs: 500,
        ...changes,
      });
      workers.push(worker);
      return worker;
    },
    reset: async () => {
      await stopWorkers();
      events.length = 0;
      await redis.flushall();
    },
    stop: async () => {
      await stopWorkers();
      await queue.close();
      redis.disconnect();
      patient.disconnect();
      await server.stop();
    },
  };
}
