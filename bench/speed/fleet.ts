import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/cli/start/ports.js';
import { startRedis } from '../../test/support/servers/redis-server.js';
import { childrenOf, cpuSeconds, memoryMb } from './process-figures.js';
import type { WorkerNamespace } from './worker-namespace.js';

/** Processes of a run by role. `vision`: the workers' children, `images`: the photo host, `load`: this process. */
export const ROLES = ['api', 'redis', 'worker', 'vision', 'images', 'load'] as const;
export type Role = (typeof ROLES)[number];

export interface FleetOptions {
  /** Folder of the photos to serve. */
  readonly photos: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Node arguments for API and workers, such as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
  /** One entry per worker: its processors in the format of taskset; undefined: all. */
  readonly workers: readonly (string | undefined)[];
  /** Number of APIs, default 1. Only the first gets requests; the others read the events of the queue as in service. */
  readonly apis?: number;
  /** More options of redis-server, which otherwise syncs at every write. */
  readonly redisOptions?: readonly string[];
  /** Network namespace of the workers. Absent: that of everything else. */
  readonly namespace?: WorkerNamespace | undefined;
}

/** The whole compiled service, each program in its own process. */
export interface Fleet {
  readonly origin: string;
  /** URL of the API's metrics. */
  readonly metricsOrigin: string;
  readonly redisUrl: string;
  readonly workerOrigins: readonly string[];
  readonly photoOrigin: string;
  pids(role: Role): number[];
  cpuSeconds(): Readonly<Record<Role, number>>;
  /** Current and peak resident memory of each process by role, MB. */
  memoryMb(): Readonly<Record<Role, readonly { readonly now: number; readonly peak: number }[]>>;
  /** Parsed log lines of the workers since the start. */
  workerLines(): Record<string, unknown>[];
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_LIMIT_MS = 120_000;
const SAME_HOST = { hostAddress: '127.0.0.1', workerAddress: '127.0.0.1', enter: [] } as const;

/** Starts Redis, photo host, API and workers from `dist` and waits until they are ready. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'face-bench-'));
  const { nodeArgs = [], redisOptions = [], namespace } = options;
  const { hostAddress, workerAddress, enter } = namespace ?? SAME_HOST;
  const bind = namespace ? ['--bind', '127.0.0.1', hostAddress, '--protected-mode', 'no'] : [];
  const redis = await startRedis([...bind, ...redisOptions]);
  const images = startScript('photo-server-process.ts', [options.photos, hostAddress]);
  const photoPort = await firstLine(images);
  const port = await freePort();
  const metricsPort = await freePort();
  const workerPorts = await Promise.all(options.workers.map(() => freePort()));
  const env = {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    REDIS_URL: redis.url,
    INSIGHTFACE_MODEL: 'lite',
    MODELS_DIR: join(ROOT, 'models'),
    ALLOWED_PRIVATE_HOSTS: hostAddress,
    ...options.env,
  };
  const logs = options.workers.map((_, index) => join(folder, `worker-${index}.log`));
  const apis = Array.from({ length: options.apis ?? 1 }, (_, index) =>
    startProgram('api', {
      env: index === 0 ? env : { ...env, PORT: '0', METRICS_PORT: '0' },
      nodeArgs,
      log: join(folder, `api-${index}.log`),
    }),
  );
  const workers = options.workers.map((cpus, index) =>
    startProgram('worker', {
      env: {
        ...env,
        REDIS_URL: `redis://${hostAddress}:${redis.port}`,
        WORKER_HOST: workerAddress,
        WORKER_PORT: String(workerPorts[index]),
      },
      nodeArgs,
      log: logs[index] ?? '',
      before: [...enter, ...(cpus === undefined ? [] : ['taskset', '-c', cpus])],
    }),
  );
  const origin = `http://127.0.0.1:${port}`;
  const workerOrigins = workerPorts.map((workerPort) => `http://${workerAddress}:${workerPort}`);
  const programs = [...apis, ...workers, images];
  const pidOf = ({ pid }: { pid?: number | undefined }) => pid ?? 0;
  const pids = (role: Role): number[] => {
    switch (role) {
      case 'api':
        return apis.map(pidOf);
      case 'redis':
        return [pidOf(redis.process())];
      case 'worker':
        return workers.map(pidOf);
      case 'vision':
        return workers.flatMap((worker) => childrenOf(pidOf(worker)));
      case 'images':
        return [pidOf(images)];
      case 'load':
        return [process.pid];
    }
  };
  const byRole = <T>(read: (ids: number[]) => T) =>
    Object.fromEntries(ROLES.map((role) => [role, read(pids(role))])) as Record<Role, T>;
  const fleet: Fleet = {
    origin,
    metricsOrigin: `http://127.0.0.1:${metricsPort}`,
    redisUrl: redis.url,
    workerOrigins,
    photoOrigin: `http://${hostAddress}:${photoPort}`,
    pids,
    cpuSeconds: () => byRole((ids) => ids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)),
    memoryMb: () => byRole((ids) => ids.map(memoryMb)),
    workerLines: () => logs.flatMap(readLines),
    stop: async () => {
      await Promise.all(programs.map(stopProgram));
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    // Without a worker the API is never ready, but it answers.
    const urls =
      options.workers.length > 0
        ? [origin, ...workerOrigins].map((base) => `${base}/health/ready`)
        : [`${origin}/health`];
    await Promise.all(urls.map(untilReady));
  } catch (error) {
    await fleet.stop();
    throw error;
  }
  return fleet;
}

interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly nodeArgs: readonly string[];
  readonly log: string;
  /** Command that starts the program, such as taskset. It must exec the program, so that its pid is the program's. */
  readonly before?: readonly string[];
}

function startProgram(name: 'api' | 'worker', { env, nodeArgs, log, before = [] }: ProgramOptions) {
  const command = [...before, process.execPath, ...nodeArgs, join(ROOT, 'dist', name, 'main.js')];
  const [file = '', ...args] = command;
  const output = openSync(log, 'a');
  return spawn(file, args, { env, stdio: ['ignore', output, output] });
}

/** Runs a TypeScript file as a process with readable standard output; `cpus` in the format of taskset. */
export function startScript(name: string, args: readonly string[], cpus?: string) {
  const path = fileURLToPath(new URL(`./${name}`, import.meta.url));
  const command = [process.execPath, '--import', 'tsx', path, ...args];
  const [file = '', ...rest] = cpus === undefined ? command : ['taskset', '-c', cpus, ...command];
  return spawn(file, rest, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Returns the first line a script prints. */
export async function firstLine(script: ReturnType<typeof startScript>): Promise<string> {
  const [line] = (await once(createInterface({ input: script.stdout }), 'line')) as [string];
  return line;
}

/** Ends a program and waits until it has exited. */
export async function stopProgram(program: ReturnType<typeof spawn>): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  const limit = setTimeout(() => program.kill('SIGKILL'), 40_000);
  await ended;
  clearTimeout(limit);
}

async function untilReady(url: string): Promise<void> {
  const end = performance.now() + START_LIMIT_MS;
  while (performance.now() < end) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await pause(50);
  }
  throw new Error(`${url} was not ready within ${START_LIMIT_MS / 1_000} s`);
}

function readLines(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
