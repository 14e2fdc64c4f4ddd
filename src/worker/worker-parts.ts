import type { WorkerConfig } from '../shared/config/config.js';
import type { Keyspace } from '../shared/queue/keyspace.js';
import type { RedisConnection } from '../shared/redis/connect-redis.js';
import type { RightsWatch } from '../shared/redis/watch-rights.js';
import type { Logger } from '../shared/runtime/logger.js';
import type { Shutdown } from '../shared/runtime/shutdown.js';

/** What the parts of a worker share. */
export interface WorkerParts {
  readonly config: WorkerConfig;
  /** Returns the settings as they are now, for those that apply without a restart. */
  readonly readSettings: () => WorkerConfig;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  readonly rights: Pick<RightsWatch, 'complete' | 'isMissing'>;
  /** The names of the live pack. */
  readonly keys: Keyspace;
  readonly shutdown: Shutdown;
}
