/** A program of this service as a user of Redis. */
export type RedisUser = 'api' | 'worker';

/**
 * Commands of both programs, by category of Redis' access control, with K for a key. BullMQ's scripts run with the
 * rights of their caller, so their commands are listed too.
 */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  scripting: ['eval 0 1 K', 'evalsha 0 1 K'],
  read: [
    'exists K',
    'get K',
    'hexists K f',
    'hget K f',
    'hgetall K',
    'hkeys K',
    'hlen K',
    'hmget K f',
    'lindex K 0',
    'llen K',
    'lpos K v',
    'lrange K 0 0',
    'pttl K',
    'scard K',
    'sismember K v',
    'smembers K',
    'type K',
    'xlen K',
    'xrange K - +',
    'zcard K',
    'zcount K 0 0',
    'zdiff 1 K',
    'zlexcount K - +',
    'zrange K 0 0',
    'zrangebylex K - +',
    'zrangebyscore K 0 0',
    'zrevrange K 0 0',
    'zrevrangebyscore K 0 0',
    'zrevrank K v',
    'zscore K v',
  ],
  write: [
    'del K',
    'expire K 1',
    'getex K',
    'hdel K f',
    'hincrby K f 1',
    'hmset K f v',
    'hset K f v',
    'hsetnx K f v',
    'incr K',
    'incrby K 1',
    'lpop K',
    'lpush K v',
    'lrem K 0 v',
    'lset K 0 v',
    'ltrim K 0 0',
    'persist K',
    'pexpire K 1',
    'pexpireat K 1',
    'rename K K',
    'rpop K',
    'rpoplpush K K',
    'rpush K v',
    'sadd K v',
    'set K v',
    'srem K v',
    'unlink K',
    'xadd K * f v',
    'xdel K 0-1',
    'xtrim K MAXLEN 1',
    'zadd K 0 v',
    'zpopmin K',
    'zrem K v',
    'zremrangebyrank K 0 0',
    'zremrangebyscore K 0 0',
  ],
  others: ['info', 'time'],
};

/** Further commands of one program, with C for a channel. Subscribing is tried separately. */
const OWN: Readonly<Record<RedisUser, Readonly<Record<string, readonly string[]>>>> = {
  api: { blocking: ['xread STREAMS K 0'], pubsub: ['publish C v'] },
  worker: { blocking: ['bzpopmin K 1'] },
};

/** A command that a program needs, in a form that Redis accepts. */
export interface NeededCommand {
  readonly name: string;
  /** Category of Redis' access control; `others` for commands without a common one. */
  readonly category: string;
  readonly args: readonly string[];
}

/** Returns the commands that a program needs, on a key and a channel below `prefix`. */
export function commandsOf(user: RedisUser, prefix: string): readonly NeededCommand[] {
  const place = `${prefix}:rights`;
  return [SHARED, OWN[user]].flatMap((table) =>
    Object.entries(table).flatMap(([category, lines]) =>
      lines.map((line) => {
        const [name = '', ...args] = line.split(' ');
        return { name, category, args: args.map((arg) => (arg === 'K' || arg === 'C' ? place : arg)) };
      }),
    ),
  );
}
