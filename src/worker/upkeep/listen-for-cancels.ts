import { connectRedis } from '../../shared/redis/connect-redis.js';
import type { WorkerParts } from '../worker-parts.js';

/** Calls `abort` with the id of each job that an API cancels or erases while it runs. */
export async function listenForCancels(
  { config, keys, logger, shutdown }: Pick<WorkerParts, 'config' | 'keys' | 'logger' | 'shutdown'>,
  abort: (jobId: string) => void,
): Promise<void> {
  const subscriber = connectRedis(config.REDIS_URL, 'patient');
  subscriber.on('error', (error) => logger.debug({ err: error }, 'cancel subscription'));
  subscriber.on('message', (_channel, jobId) => abort(jobId));
  await subscriber.subscribe(keys.cancelChannel);
  shutdown.add('cancel subscription', () => subscriber.disconnect());
}
