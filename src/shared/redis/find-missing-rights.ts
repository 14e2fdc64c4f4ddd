import { Cluster, type Redis } from 'ioredis';
import { COMMAND_TIMEOUT_MS, type RedisConnection } from './connect-redis.js';
import { commandsOf, type NeededCommand, type RedisUser } from './required-rights.js';

/** True for the server's refusal of a command, a key or a channel. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.message.includes('NOPERM');
}

/**
 * Returns the rules that are missing in Redis' access control list for what a program needs, such as `+info`, `+@blocking`,
 * `~{face}:*` and `&{face}:*`. Redis checks the rights of a command when it enters a transaction, so the commands are
 * queued in one and dropped: nothing runs, and nothing changes.
 * @throws the error of Redis or of the connection if the check could not be made.
 */
export async function findMissingRights(
  redis: RedisConnection,
  { user, prefix }: { readonly user: RedisUser; readonly prefix: string },
): Promise<readonly string[]> {
  const probe = openProbe(redis);
  // Each command reports its own failure.
  probe.on('error', () => undefined);
  try {
    await probe.connect();
    // Nothing else can be tried without it, because it would run.
    for (const name of ['multi', 'exec', 'multi']) if (await refusalOf(probe, name)) return ['+@transaction'];
    const commands = commandsOf(user, prefix);
    const refused = await Promise.all(
      commands.map(async (command) =>
        describeRefusal(command, await refusalOf(probe, command.name, command.args)),
      ),
    );
    if (await refusalOf(probe, 'discard')) return ['+@transaction'];
    if (user === 'worker') {
      const subscription: NeededCommand = {
        name: 'subscribe',
        category: 'pubsub',
        args: [`${prefix}:rights`],
      };
      refused.push(describeRefusal(subscription, await refusalOf(probe, 'subscribe', subscription.args)));
    }
    return toRules(refused, commands, prefix);
  } finally {
    probe.disconnect();
  }
}

/** Opens a separate connection: other commands must not enter the transaction. Any node of a cluster has the rights. */
function openProbe(redis: RedisConnection): Redis {
  const node = redis instanceof Cluster ? redis.nodes('master')[0] : redis;
  if (!node) throw new Error('no node of the cluster is known yet');
  return node.duplicate({
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: COMMAND_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
}

async function refusalOf(
  redis: Redis,
  name: string,
  args: readonly string[] = [],
): Promise<string | undefined> {
  try {
    await redis.call(name, ...args);
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return error.message;
    // An older server may not know a command; that is not a matter of rights.
    if (error instanceof Error && error.name === 'ReplyError') return undefined;
    throw error;
  }
}

/** A refused command with its category, or the lack of any access to our keys or channels. */
type Refused = NeededCommand | 'keys' | 'channels' | undefined;

function describeRefusal(command: NeededCommand, message: string | undefined): Refused {
  if (message === undefined) return undefined;
  if (/access .*channel/.test(message)) return 'channels';
  return /access .*key/.test(message) ? 'keys' : command;
}

/** A category stands for its commands if all of them are refused. */
function toRules(
  refused: readonly Refused[],
  commands: readonly NeededCommand[],
  prefix: string,
): readonly string[] {
  const denied = refused.filter((entry) => typeof entry === 'object');
  const count = (list: readonly NeededCommand[], category: string): number =>
    list.filter((command) => command.category === category).length;
  const rules = denied.map(({ name, category }) =>
    category !== 'others' && count(denied, category) >= count(commands, category)
      ? `+@${category}`
      : `+${name}`,
  );
  if (refused.includes('keys')) rules.push(`~${prefix}:*`);
  if (refused.includes('channels')) rules.push(`&${prefix}:*`);
  return [...new Set(rules)];
}
