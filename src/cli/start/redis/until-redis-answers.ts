import { setTimeout as pause } from 'node:timers/promises';
import { connectRedis } from '../../../shared/redis/connect-redis.js';
import { describeRedis, type RedisTarget } from '../../../shared/redis/redis-url.js';
import { UserError } from '../../user-error.js';

/** Time limit for an existing Redis to answer, ms. */
const PATIENCE_MS = 4_000;
const INTERVAL_MS = 100;

/** The reason why a connection failed, as text. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host name cannot be resolved',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'it closed the connection; for TLS use rediss://',
};

/**
 * Resolves when the Redis at `target` answers.
 * @throws UserError with its host, port and the reason if it does not answer within a few seconds or refuses the login.
 */
export async function untilRedisAnswers(target: RedisTarget): Promise<void> {
  const place = describeRedis(target).replace(/\/\d+$/, '');
  const redis = connectRedis(target, 'fail-fast');
  let last: unknown;
  redis.on('error', (error) => {
    last = error;
  });
  const end = Date.now() + PATIENCE_MS;
  try {
    while (!(await answers(() => redis.ping()))) {
      const refusal =
        last instanceof Error ? /^(NOAUTH|WRONGPASS|NOPERM)\b.*/.exec(last.message)?.[0] : undefined;
      if (refusal) throw new UserError(`The Redis at ${place} (REDIS_URL) refuses the login: ${refusal}`);
      if (Date.now() > end) throw new UserError(`No Redis answers at ${place} (REDIS_URL)${describe(last)}.`);
      await pause(INTERVAL_MS);
    }
  } finally {
    redis.disconnect();
  }
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    // Any other error, such as "LOADING", is an answer too.
    return error instanceof Error && error.name === 'ReplyError' && !/^(NOAUTH|NOPERM)/.test(error.message);
  }
}

function describe(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return '';
  return `: ${REASONS[code] ?? code}`;
}
