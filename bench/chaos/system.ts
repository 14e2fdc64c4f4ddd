import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/cli/start/ports.js';
import { UPLOAD_KEY } from '../../test/support/photos/upload-photos.js';
import {
  type Program,
  type ProgramName,
  serviceEnvironment,
  startProgram,
} from '../../test/support/programs/service.js';
import { type RedisServer, startRedis } from '../../test/support/servers/redis-server.js';
import type { Tally } from './tally.js';

/** Seconds that a synchronous caller waits in these runs. */
export const SYNC_WAIT_S = 30;
/** Typical time until a container is restarted, ms. */
const RESTART_AFTER_MS = 300;
const READY_LIMIT_MS = 120_000;

/** A program that is restarted whenever it ends, like a container. */
export interface Supervised {
  /** Kills it without warning. */
  kill(): void;
  /** Freezes it, like a paused machine; returns a function that resumes it. */
  freeze(): () => void;
  /** True if it has reported ready and is not frozen. */
  isUp(): boolean;
  stop(): Promise<void>;
}

/** All programs that can be killed. */
export interface System {
  readonly redis: RedisServer;
  readonly apis: readonly Supervised[];
  readonly workers: readonly Supervised[];
  readonly origins: readonly string[];
  /** Start and end times of Redis outages, ms since 1970. */
  readonly outages: number[];
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly workers: number;
  /** Time limit on a silent image host or receiver, seconds. */
  readonly hostTimeoutS: number;
  readonly tally: Tally;
}

/** Starts a Redis on an append-only file, two APIs and some workers, each under a supervisor, and waits for them. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { tally } = options;
  const redis = await startRedis();
  const ports = [await freePort(), await freePort()];
  const env = serviceEnvironment(redis.url, {
    SYNC_WAIT_TIMEOUT: String(SYNC_WAIT_S),
    WORKER_CONCURRENCY: '4',
    IMAGE_DOWNLOAD_TIMEOUT: String(options.hostTimeoutS),
    WEBHOOK_TIMEOUT: String(options.hostTimeoutS),
    UPLOAD_KEYS: UPLOAD_KEY,
  });
  const run = (name: ProgramName, extra: Readonly<Record<string, string>> = {}) =>
    supervise(() => startProgram(name, { ...env, ...extra }), tally);
  const apis = ports.map((port) => run('api', { LOG_LEVEL: 'warn', PORT: String(port) }));
  const workers = Array.from({ length: options.workers }, () => run('worker'));
  const system: System = {
    redis,
    apis,
    workers,
    origins: ports.map((port) => `http://127.0.0.1:${port}`),
    outages: [],
    stop: async () => {
      await Promise.all([...apis, ...workers].map((each) => each.stop()));
      await redis.stop();
    },
  };
  try {
    await untilReady(system);
  } catch (error) {
    await system.stop();
    throw error;
  }
  return system;
}

async function untilReady({ origins, workers }: System): Promise<void> {
  const isReady = (origin: string): Promise<boolean> =>
    fetch(`${origin}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
  const areReady = async (): Promise<boolean> =>
    workers.every((worker) => worker.isUp()) && (await Promise.all(origins.map(isReady))).every(Boolean);
  const end = Date.now() + READY_LIMIT_MS;
  while (!(await areReady())) {
    if (Date.now() > end) throw new Error('the service did not become ready');
    await pause(100);
  }
}

function supervise(start: () => Program, tally: Tally): Supervised {
  let program = start();
  let stopped = false;
  let frozen: Program | undefined;
  const hasEnded = (): boolean => program.process.exitCode !== null || program.process.signalCode !== null;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      if (!hasEnded()) await once(program.process, 'exit');
      if (program.process.signalCode !== 'SIGKILL' && !stopped) reportDeath(program, tally);
      await pause(RESTART_AFTER_MS);
      if (!stopped) program = start();
    }
  };
  const watching = watch();
  return {
    kill: () => void program.process.kill('SIGKILL'),
    freeze: () => {
      const halted = program;
      frozen = halted;
      halted.process.kill('SIGSTOP');
      return () => {
        halted.process.kill('SIGCONT');
        frozen = undefined;
      };
    },
    isUp: () => !hasEnded() && program !== frozen && program.lines.some((line) => line.msg === 'ready'),
    stop: async () => {
      stopped = true;
      program.process.kill('SIGKILL');
      await watching;
    },
  };
}

/** A program that exits by itself is a violation, whatever the ledger shows. */
function reportDeath({ process: { exitCode, signalCode }, errors }: Program, tally: Tally): void {
  tally.verdicts.died_by_itself += 1;
  console.error('DIED BY ITSELF', exitCode, signalCode, errors.slice(-5));
}
