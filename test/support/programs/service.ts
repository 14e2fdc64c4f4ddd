import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../servers/redis-server.js';

export type ProgramName = 'api' | 'worker';

/** One of our programs, compiled, in its own process. */
export interface Program {
  readonly process: ChildProcess;
  /** Every parsed log line. */
  readonly lines: readonly Record<string, unknown>[];
  /** Every line on its standard error. */
  readonly errors: readonly string[];
  /** Resolves with the first line, past or future, that `matches`; rejects if the program ends first. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Ends it and resolves with its exit code. */
  stop(): Promise<number | null>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body, or `{text}` if it is not JSON. */
  readonly body: Record<string, unknown>;
}

/** API and workers on any Redis. */
export interface RunningService {
  readonly api: Program;
  readonly workers: readonly Program[];
  readonly origin: string;
  /** URL of the API's metrics. */
  readonly metricsUrl: string;
  /**
   * Posts JSON and returns status and parsed body. Repeats, as a caller would, what the API refused because it heard
   * too late from a Redis that answers: on a starved machine that says nothing about the service.
   */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Any other method. */
  call(path: string, init: RequestInit): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Service extends RunningService {
  readonly redis: RedisServer;
  /** The content of a Redis hash as text. */
  redisText(key: string): Promise<string>;
}

export interface ServiceOptions {
  /** Environment of API and workers, in addition to the settings for loopback and `lite`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly workers?: number;
}

export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Starts a real Redis, API and workers on free loopback ports and waits until the service is ready. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  // A user with the rights that the documentation names, and no others. Kept in the server's arguments, so that it
  // survives a restart.
  const redis = await startRedis(['--user', LIMITED_USER, ...documentedRights().split(' ')]);
  const client = new Redis(redis.url);
  // Tests kill the server.
  client.on('error', () => undefined);
  const service = await startServiceAt(asLimitedUser(redis.url), options);
  return {
    ...service,
    redis,
    redisText: async (key) => JSON.stringify(await client.hgetall(key)),
    stop: async () => {
      await service.stop();
      client.disconnect();
      await redis.stop();
    },
  };
}

/** The user of Redis that the programs of `startService` log in as. */
export const LIMITED_USER = 'face';
const LIMITED_PASSWORD = 'PASSWORD';

/** Returns the rules of Redis' access control for our programs, as docs/deployment.md has them, with `PASSWORD`. */
export function documentedRights(): string {
  const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8');
  const rules = new RegExp(`^ACL SETUSER ${LIMITED_USER} (.+)$`, 'm').exec(text)?.[1];
  if (!rules) throw new Error('docs/deployment.md has no line ACL SETUSER face');
  return rules;
}

/** Returns the URL of a Redis with the login of that user. */
export function asLimitedUser(url: string): string {
  return url.replace('://', `://${LIMITED_USER}:${LIMITED_PASSWORD}@`);
}

/** Starts API and workers on the caller's Redis, which the caller stops. */
export async function startServiceAt(
  redisUrl: string,
  options: ServiceOptions = {},
): Promise<RunningService> {
  const env = serviceEnvironment(redisUrl, options.env);
  const api = startProgram('api', env);
  const workers = Array.from({ length: options.workers ?? 1 }, () => startProgram('worker', env));
  const { port } = await api.line((line) => line.msg === 'listening');
  const origin = `http://127.0.0.1:${port}`;
  const metricsUrl = await metricsUrlOf(api);
  await Promise.all(workers.map((worker) => worker.line((line) => line.msg === 'ready')));
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      body: isJson && text ? (JSON.parse(text) as Record<string, unknown>) : { text },
      headers: response.headers,
    };
  };
  return {
    api,
    workers,
    origin,
    metricsUrl,
    post: async (path, body, headers = {}) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      };
      for (let attempt = 1; ; attempt++) {
        const answer = await call(path, init);
        const isLate = answer.body.code === 'queue_unavailable' && attempt < MOST_ATTEMPTS;
        if (!isLate || !(await answersNow(redisUrl))) return answer;
      }
    },
    get: (path, headers = {}) => call(path, { headers }),
    call,
    stop: async () => {
      await Promise.all([api, ...workers].map((program) => program.stop()));
    },
  };
}

const MOST_ATTEMPTS = 4;

/** Returns true if Redis answers within half a second. */
async function answersNow(redisUrl: string): Promise<boolean> {
  const client = new Redis(redisUrl, {
    connectTimeout: 500,
    commandTimeout: 500,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  try {
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Returns the URL of this API's metrics once it is known. */
export async function metricsUrlOf(api: Program): Promise<string> {
  const { port } = await api.line((line) => line.msg === 'metrics');
  return `http://127.0.0.1:${port}/metrics`;
}

/** Starts one more worker on this Redis and waits until it takes jobs. */
export async function startWorker(
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const worker = startProgram('worker', serviceEnvironment(redisUrl, env));
  await worker.line((line) => line.msg === 'ready');
  return worker;
}

/** One more API replica. */
export interface Replica {
  readonly program: Program;
  readonly origin: string;
  readonly metricsUrl: string;
}

/** Starts one more API on this Redis and waits until it can take jobs. */
export async function startReplica(
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Replica> {
  const program = startProgram('api', serviceEnvironment(redisUrl, env));
  const { port } = await program.line((line) => line.msg === 'listening');
  await program.line((line) => line.msg === 'Redis is ready');
  return { program, origin: `http://127.0.0.1:${port}`, metricsUrl: await metricsUrlOf(program) };
}

/** Returns the environment for running our programs on loopback with `lite`. */
export function serviceEnvironment(
  redisUrl: string,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    WORKER_HOST: '127.0.0.1',
    WORKER_PORT: '0',
    REDIS_URL: redisUrl,
    INSIGHTFACE_MODEL: 'lite',
    VISION_PROCESSES: '1',
    // On a busy machine a worker takes longer to start than the default allows.
    NO_WORKER_GRACE_SECONDS: '600',
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    WEBHOOK_SECRETS: WEBHOOK_SECRET,
    ...extra,
  };
}

/** Returns the compiled main file of a program. The global set-up of the tests compiles it. */
export function mainFileOf(name: ProgramName): string {
  return `dist/${name}/main.js`;
}

/** Runs one of our programs. */
export function startProgram(name: ProgramName, env: Readonly<Record<string, string>>): Program {
  const child = spawn(process.execPath, [mainFileOf(name)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  const errors: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(parseLine(text));
    wake();
  });
  createInterface({ input: child.stderr }).on('line', (text) => errors.push(text));
  // Not 'exit', after which the last lines can still arrive.
  let isClosed = false;
  child.once('close', () => {
    isClosed = true;
    wake();
  });
  return {
    process: child,
    lines,
    errors,
    line: (matches) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(matches);
          if (!found && !isClosed) return;
          waiting.delete(look);
          if (found) resolve(found);
          else reject(new Error(`${name} ended: ${errors.join('\n')}\n${JSON.stringify(lines.slice(-5))}`));
        };
        waiting.add(look);
        look();
      }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      return child.exitCode;
    },
  };
}

function parseLine(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}
