import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadApiConfig } from '../shared/config/config.js';
import { environmentFor } from '../shared/config/program-environment.js';
import type { RedisTarget } from '../shared/redis/redis-url.js';
import { checkSettings } from './start/check-settings.js';
import { freePort } from './start/ports.js';
import { describeLocalRedis } from './start/redis/local-redis.js';
import { untilRedisAnswers } from './start/redis/until-redis-answers.js';
import { onStopRequest } from './start/stop-requests.js';
import { createSupervisor, type Supervisor } from './start/supervisor.js';
import { untilPortAnswers, untilUrlAnswers } from './start/until-ready.js';
import { withUploadKey } from './start/upload-key.js';
import { UserError } from './user-error.js';

export interface AllInOneOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Data folder of Redis. */
  readonly folder: string;
  /** Name or path of redis-server or valkey-server; not used if REDIS_URL is set. */
  readonly redis: string;
}

/** Longer than an API takes to answer its callers (SYNC_WAIT_TIMEOUT) and a worker to finish (SHUTDOWN_TIMEOUT), ms. */
const GRACE_MS = 75_000;
/** Variables that Redis gets: it needs no key and no secret. */
const FOR_REDIS = ['PATH', 'LD_PRELOAD', 'TZ'];

const DIST = fileURLToPath(new URL('../', import.meta.url));

/**
 * Runs API, one worker and, unless REDIS_URL is set, a Redis, for a container that is a whole service. Whatever ends is
 * started again. SIGTERM ends the API first, then the worker, then Redis, and this process with 0; 1 if the start fails.
 */
export async function runAllInOne(options: AllInOneOptions): Promise<void> {
  const supervisor = createSupervisor({
    say: (line) => console.error(line),
    onChange: () => undefined,
    graceMs: GRACE_MS,
  });
  const stop = async (exitCode: number): Promise<never> => {
    await supervisor.stop();
    process.exit(exitCode);
  };
  onStopRequest({ stop: () => void stop(0), kill: supervisor.kill }, { parent: undefined });
  try {
    await startAll(options, supervisor);
    supervisor.settle();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    await stop(1);
  }
}

async function startAll(options: AllInOneOptions, supervisor: Supervisor): Promise<void> {
  // The programs log the warnings themselves.
  checkSettings(options.environment, undefined);
  const { REDIS_URL: target, PORT: port } = loadApiConfig(options.environment).config;
  const environment = { ...options.environment, ...(await startRedis(options, target, supervisor)) };
  for (const name of ['worker', 'api'] as const) {
    const args = ['--enable-source-maps', join(DIST, name, 'main.js')];
    const its = environmentFor(name, environment);
    supervisor.keep({ name, command: process.execPath, args, environment: its });
  }
  await untilUrlAnswers(`http://127.0.0.1:${port}/health/ready`, supervisor);
}

/** Starts a Redis, or waits for that of `target` if the operator set one. Returns the variables that tell the programs. */
async function startRedis(
  { environment, folder, redis }: AllInOneOptions,
  target: RedisTarget,
  supervisor: Supervisor,
): Promise<NodeJS.ProcessEnv> {
  if (environment.REDIS_URL || environment.REDIS_URL_FILE) {
    await untilRedisAnswers(target);
    return {};
  }
  const { program, url, port } = describeLocalRedis({
    binary: redis,
    folder,
    port: await freePort(),
    environment: Object.fromEntries(FOR_REDIS.map((name) => [name, environment[name]])),
  });
  supervisor.keep(program);
  await untilPortAnswers(port, supervisor);
  return { ...withUploadKey(environment), REDIS_URL: url };
}
