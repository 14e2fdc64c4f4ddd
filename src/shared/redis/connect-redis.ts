import { Cluster, Redis, type RedisOptions, SentinelConnector } from 'ioredis';
import type { RedisTarget } from './redis-url.js';

export type RedisConnection = Redis | Cluster;

/**
 * How a connection meets an outage. `fail-fast`: every command is answered or refused within a second, for processes
 * that have callers waiting. `patient`: commands wait for Redis to come back, for workers and for blocking reads.
 */
export type RedisManner = 'fail-fast' | 'patient';

/** A command on a fail-fast connection is given up after this, ms. */
export const COMMAND_TIMEOUT_MS = 1_000;
/**
 * A connection that owes an answer this long is closed and opened again, ms: the machine behind it may have been replaced
 * without a word, and TCP alone notices after a quarter of an hour. Longer than BullMQ's blocking reads of 10 s.
 */
const SILENCE_TIMEOUT_MS: Readonly<Record<RedisManner, number>> = { 'fail-fast': 3_000, patient: 13_000 };
/** Longest pause between two attempts to reconnect, ms; it bounds how late an outage's end is noticed. */
const MAX_RECONNECT_DELAY_MS = 1_000;
/** Interval at which a cluster is asked for its layout, ms: a hanging primary does not report its successor. */
const SLOTS_REFRESH_INTERVAL_MS = 2_000;

/**
 * Opens a connection that reconnects by itself within about a second of Redis' return. The caller closes it and
 * listens to its `error` event.
 */
export function connectRedis(target: RedisTarget, manner: RedisManner): RedisConnection {
  const options = {
    ...target.access,
    socketTimeout: SILENCE_TIMEOUT_MS[manner],
    connectTimeout: manner === 'fail-fast' ? COMMAND_TIMEOUT_MS : 5_000,
    maxRetriesPerRequest: manner === 'patient' ? null : 1,
    reconnectOnError: afterDemotion,
    ...(manner === 'fail-fast' ? { commandTimeout: COMMAND_TIMEOUT_MS } : {}),
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
 * Asks the sentinels for the primary until one answers. ioredis' own gives up for good when the news of a failover,
 * still awaited for the lost connection, arrives while it asks.
 */
class PrimaryFinder extends SentinelConnector {
  override connect(emit: Parameters<SentinelConnector['connect']>[0]) {
    this.disconnect();
    return super.connect(emit);
  }
}

/** True when commands can be sent right now. */
export function isRedisReady(connection: RedisConnection): boolean {
  return connection.status === 'ready';
}

/**
 * A primary that became a replica keeps its connections and refuses to write: the name must be resolved again.
 * @returns 2: connect again and send the command there.
 */
function afterDemotion(error: Error): 2 | false {
  return error.message.startsWith('READONLY') ? 2 : false;
}

function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS);
}
