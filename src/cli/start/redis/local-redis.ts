import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../supervisor.js';

export interface LocalRedis {
  readonly program: Program;
  /** Contains the password: only for environments, not for logs. */
  readonly url: string;
  readonly port: number;
}

export interface LocalRedisOptions {
  /** Name or path of redis-server or valkey-server. */
  readonly binary: string;
  /** For data and log. Only one server at a time can use it. */
  readonly folder: string;
  readonly port: number;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Returns a Redis for one developer: on loopback, durable, without eviction, with data that only this user can read. The
 * password keeps other users of the machine out. It is passed on standard input, so that no process list shows it.
 */
export function describeLocalRedis({ binary, folder, port, environment }: LocalRedisOptions): LocalRedis {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  const password = randomBytes(24).toString('hex');
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    `logfile ${JSON.stringify(join(folder, 'redis.log'))}`,
    'save ""',
    'appendonly yes',
    'maxmemory-policy noeviction',
  ];
  return {
    program: {
      name: binary,
      command: binary,
      args: ['-'],
      environment,
      input: `${settings.join('\n')}\n`,
      hasOwnLog: true,
    },
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
  };
}
