import type { Logger } from '../runtime/logger.js';
import { failToStart } from '../runtime/shutdown.js';
import type { RedisConnection } from './connect-redis.js';
import { findMissingRights } from './find-missing-rights.js';
import { describeRedis, type RedisTarget } from './redis-url.js';
import type { RedisUser } from './required-rights.js';

/** Event that a connection emits when something that uses it was refused a command, a key or a channel. */
export const REFUSED = 'refused';

/** Interval at which missing rights are checked again, ms. */
const RECHECK_MS = 2_000;

export interface RightsWatchOptions {
  readonly target: RedisTarget;
  readonly user: RedisUser;
  /** Prefix of all keys and channels. */
  readonly prefix: string;
  readonly logger: Logger;
}

export interface RightsWatch {
  /** Resolves once Redis has confirmed all rights. Waits while Redis is unavailable. */
  readonly complete: Promise<void>;
  /** True while rights are known to be missing. */
  isMissing(): boolean;
  stop(): void;
}

/**
 * Checks this program's rights in Redis at each connection and after each refusal. If rights are missing at the start,
 * the program exits. Later, it logs them once and continues when they are back, as after an outage.
 */
export function watchRights(redis: RedisConnection, options: RightsWatchOptions): RightsWatch {
  const { target, user, prefix, logger } = options;
  let confirm: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => {
    confirm = resolve;
  });
  let isConfirmed = false;
  let isMissing = false;
  let isStopped = false;
  let isChecking = false;
  let timer: NodeJS.Timeout | undefined;

  const report = (missing: readonly string[]): void => {
    const rights = missing.join(' ');
    if (missing.length > 0 && !isConfirmed)
      failToStart(
        `REDIS_URL: the user at ${describeRedis(target)} lacks rights that the ${user} needs: ${rights}. ` +
          'Grant them with ACL SETUSER; docs/deployment.md shows the whole rule.',
      );
    if (missing.length > 0 && !isMissing)
      logger.error({ missing: rights }, 'Redis refuses commands of this program');
    if (missing.length === 0 && isMissing) logger.info('Redis grants all rights again');
    isMissing = missing.length > 0;
    if (isMissing) return;
    isConfirmed = true;
    confirm();
  };
  const check = async (): Promise<void> => {
    if (isStopped || isChecking) return;
    clearTimeout(timer);
    isChecking = true;
    try {
      report(await findMissingRights(redis, { user, prefix }));
    } catch (error) {
      logger.debug({ err: error }, 'rights in Redis not checked');
    }
    isChecking = false;
    if ((isMissing || !isConfirmed) && !isStopped) timer = setTimeout(check, RECHECK_MS);
  };
  redis.on('ready', check);
  redis.on(REFUSED, check);
  return {
    complete,
    isMissing: () => isMissing,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
