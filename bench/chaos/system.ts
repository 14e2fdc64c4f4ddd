import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, type RedisServer, startRedis } from '../../test/support/redis-server.js';
import { type Program, serviceEnvironment, startProgram } from '../../test/support/service.js';

/** Seconds a synchronous caller is held in these runs. */
export const SYNC_WAIT_S = 30;
/** A container is started again after about this long, ms. */
const RESTART_AFTER_MS = 300;

/** A program that is started again whenever it ends, as a container would be. */
export interface Supervised {
  /** Kills it without warning. */
  kill(): void;
  /** Whether it has said that it works. */
  isUp(): boolean;
  stop(): Promise<void>;
}

/** Everything that can die. */
export interface System {
  readonly redis: RedisServer;
  readonly apis: readonly Supervised[];
  readonly workers: readonly Supervised[];
  readonly origins: readonly string[];
  stop(): Promise<void>;
}

/** Starts a Redis on an append-only file, two APIs and some workers, each under a supervisor. */
export async function startSystem(workerCount: number): Promise<System> {
  const redis = await startRedis();
  const ports = [await freePort(), await freePort()];
  const env = serviceEnvironment(redis.url, {
    SYNC_WAIT_TIMEOUT: String(SYNC_WAIT_S),
    WORKER_CONCURRENCY: '4',
  });
  const apis = ports.map((port) =>
    supervise(() => startProgram('src/api/main.ts', { ...env, LOG_LEVEL: 'warn', PORT: String(port) })),
  );
  const workers = Array.from({ length: workerCount }, () =>
    supervise(() => startProgram('src/worker/main.ts', env)),
  );
  return {
    redis,
    apis,
    workers,
    origins: ports.map((port) => `http://127.0.0.1:${port}`),
    stop: async () => {
      await Promise.all([...apis, ...workers].map((each) => each.stop()));
      await redis.stop();
    },
  };
}

function supervise(start: () => Program): Supervised {
  let program = start();
  let stopped = false;
  const hasEnded = (): boolean => program.process.exitCode !== null || program.process.signalCode !== null;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      if (!hasEnded()) await once(program.process, 'exit');
      if (program.process.signalCode !== 'SIGKILL' && !stopped) reportDeath(program);
      await pause(RESTART_AFTER_MS);
      if (!stopped) program = start();
    }
  };
  const watching = watch();
  return {
    kill: () => void program.process.kill('SIGKILL'),
    isUp: () => !hasEnded() && program.lines.some((line) => line.msg === 'ready'),
    stop: async () => {
      stopped = true;
      program.process.kill('SIGKILL');
      await watching;
    },
  };
}

/** A program that ends by itself is a finding, whatever the ledger says. */
function reportDeath(program: Program): void {
  console.error(
    'DIED BY ITSELF',
    program.process.exitCode,
    program.process.signalCode,
    program.errors.slice(-5),
  );
}
