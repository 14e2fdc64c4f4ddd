import type { ChainableCommander } from 'ioredis';

/**
 * Runs the commands of a pipeline or a transaction.
 * @throws the first error of any of them. ioredis itself rejects only if Redis is unavailable, and hides the others in the
 * replies.
 */
export async function execAll(commands: ChainableCommander): Promise<void> {
  for (const [error] of (await commands.exec()) ?? []) if (error) throw error;
}
