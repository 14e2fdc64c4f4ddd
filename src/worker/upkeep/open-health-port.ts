import { isRedisReady } from '../../shared/redis/connect-redis.js';
import { type StatusServerOptions, startStatusServer } from '../../shared/runtime/status-server.js';
import type { WorkerParts } from '../worker-parts.js';

export interface HealthPort {
  readonly port: number;
  /** Says that the program takes work, or no longer does. Without Redis it is not ready either. */
  setReady(ready: boolean): void;
}

/** Opens the port of the health checks, with `answers` beside them. Not ready until it is said to be. */
export async function openHealthPort(
  { config, redis, rights, logger, shutdown }: Omit<WorkerParts, 'readSettings' | 'keys'>,
  answers: StatusServerOptions['answers'],
): Promise<HealthPort> {
  let isWorking = false;
  const isReady = (): boolean => isWorking && isRedisReady(redis) && !rights.isMissing();
  const server = await startStatusServer({
    host: config.WORKER_HOST,
    port: config.WORKER_PORT,
    answers: {
      '/health': () => [200, { status: 'ok' }],
      '/health/ready': () => (isReady() ? [200, { status: 'ready' }] : [503, { status: 'not_ready' }]),
      ...answers,
    },
  });
  shutdown.add('health', server.close);
  logger.info({ host: config.WORKER_HOST, port: server.port }, 'metrics');
  return {
    port: server.port,
    setReady: (ready) => {
      isWorking = ready;
    },
  };
}
