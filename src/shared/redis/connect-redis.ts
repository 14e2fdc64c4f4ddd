import { Cluster, Redis, type RedisOptions, SentinelConnector } from 'ioredis';
import type { RedisTarget } from './redis-url.js';

export type RedisConnection = Redis | Cluster;

/**
 * The behaviour of a connection during an outage. `fail-fast`: every command succeeds or fails within a second, for processes
 * with waiting callers. `bulk`: the same within ten seconds, for photos. `patient`: commands wait until Redis is back, for
 * workers and blocking reads.
 */
export type RedisManner = 'fail-fast' | 'bulk' | 'patient';

/** Time limit of a command on a fail-fast connection, ms. */
export const COMMAND_TIMEOUT_MS = 1_000;
/**
 * Time without an expected answer after which a connection is opened again, ms: the machine behind it may have been replaced
 * silently, and TCP alone takes a quarter of an hour to notice. Longer than BullMQ's blocking reads of 10 s.
 */
const SILENCE_TIMEOUT_MS: Readonly<Record<RedisManner, number>> = {
  'fail-fast': 3_000,
  bulk: 13_000,
  patient: 13_000,
};
/** Time limit of a command that carries a photo, ms. */
const BULK_TIMEOUT_MS = 10_000;
/** Longest pause between two attempts to reconnect, ms. It limits how late the end of an outage is noticed. */
const MAX_RECONNECT_DELAY_MS = 1_000;
/** Interval at which the layout of a cluster is read, ms: a hanging primary does not report its successor. */
const SLOTS_REFRESH_INTERVAL_MS = 2_000;

/**
 * Opens a connection that reconnects within about a second after Redis is back. The caller closes it and listens to its
 * `error` event.
 */
export function connectRedis(target: RedisTarget, manner: RedisManner): RedisConnection {
  const options = {
    ...target.access,
    socketTimeout: SILENCE_TIMEOUT_MS[manner],
    connectTimeout: manner === 'patient' ? 5_000 : COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: manner === 'patient' ? null : 1,
    reconnectOnError: afterDemotion,
    ...(manner === 'patient'
      ? {}
      : { commandTimeout: manner === 'bulk' ? BULK_TIMEOUT_MS : COMMAND_TIMEOUT_MS }),
  };
  const enableOfflineQueue = manner === 'patient';
  const nodes = target.nodes.map((node) => ({ ...node }));
  switch (target.kind) {
    case 'cluster':
      return new Cluster(nodes, {
        redisOptions: options,
        clusterRetryStrategy: reconnectDelay,
        enableOfflineQueue,
        slotsRefreshTimeout: 2_000,
        slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
      });
    case 'sentinel':
      return new Redis({
        ...options,
        Connector: PrimaryFinder as RedisOptions['Connector'],
        enableOfflineQueue,
        retryStrategy: reconnectDelay,
        sentinels: nodes,
        name: target.group ?? '',
        sentinelRetryStrategy: reconnectDelay,
        failoverDetector: true,
        enableTLSForSentinelMode: target.access.tls !== undefined,
        sentinelTLS: target.access.tls,
        sentinelUsername: target.sentinelAccess.username,
        sentinelPassword: target.sentinelAccess.password,
      });
    case 'single':
      return new Redis({ ...options, ...nodes[0], enableOfflineQueue, retryStrategy: reconnectDelay });
  }
}

/**
 * Asks the sentinels for the primary until one answers. The connector of ioredis stops forever if a failover, which it still
 * awaits for the lost connection, is reported while it asks.
 */
class PrimaryFinder extends SentinelConnector {
  override connect(emit: Parameters<SentinelConnector['connect']>[0]) {
    this.disconnect();
    return super.connect(emit);
  }
}

/** True if commands can be sent now. */
export function isRedisReady(connection: RedisConnection): boolean {
  return connection.status === 'ready';
}

/**
 * A primary that has become a replica keeps its connections and refuses writes, so the name must be resolved again.
 * @returns 2: reconnect and repeat the command there.
 */
function afterDemotion(error: Error): 2 | false {
  return error.message.startsWith('READONLY') ? 2 : false;
}

function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS);
}
