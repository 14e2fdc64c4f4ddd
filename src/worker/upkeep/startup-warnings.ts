import type { WorkerConfig } from '../../shared/config/config.js';
import { packName } from '../../shared/models/model-catalogue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { PackIdentity } from '../vision/pack/model-pack.js';

/** Warns if Redis may lose jobs: because it evicts keys, or keeps nothing across a restart. */
export async function warnOfUnsafeRedis(redis: RedisConnection, logger: Logger): Promise<void> {
  const info = await redis.info().catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    logger.warn({ policy }, 'Redis may evict accepted jobs: set maxmemory-policy to noeviction');
  }
  if (/^aof_enabled:0/m.test(info)) {
    logger.warn('Redis keeps no append-only file: if it restarts, accepted jobs are lost');
  }
}

/** Warns if the recognisability check is off or has no data for this pack. */
export function warnOfWeakCheck(
  config: WorkerConfig,
  { hasRecognisability }: Pick<PackIdentity, 'hasRecognisability'>,
  logger: Logger,
): void {
  const pack = packName(config.INSIGHTFACE_MODEL);
  if (config.FACE_RECOGNISABILITY === 'off') {
    logger.warn({ pack }, 'the recognisability check is off: strangers match when both photos are bad');
  } else if (!hasRecognisability) {
    logger.warn(
      { pack },
      'the model pack has no recognisability data: faces pass the general checks alone; see docs/accuracy.md',
    );
  }
}
