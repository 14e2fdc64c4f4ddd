import { type RedisServer, startRedis } from '../servers/redis-server.js';
import { metricsUrlOf, type Program, serviceEnvironment, startProgram } from './service.js';

export interface Api {
  readonly redis: RedisServer;
  readonly program: Program;
  readonly origin: string;
  readonly metricsUrl: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a real Redis and an API without a worker: jobs stay queued. */
export async function startApi(env: Readonly<Record<string, string>> = {}): Promise<Api> {
  const redis = await startRedis();
  const program = startProgram('api', serviceEnvironment(redis.url, env));
  const port = Number((await program.line((line) => line.msg === 'listening')).port);
  await program.line((line) => line.msg === 'Redis is ready');
  return {
    redis,
    program,
    port,
    origin: `http://127.0.0.1:${port}`,
    metricsUrl: await metricsUrlOf(program),
    stop: async () => {
      await program.stop();
      await redis.stop();
    },
  };
}

/** A request that the contract and the address policy accept; its photos are never fetched. */
export const ACCEPTABLE = {
  user_id: 'u-1',
  front_image1: 'https://photos.example.org/1.jpg',
  front_image2: 'https://photos.example.org/2.jpg',
  front_image3: 'https://photos.example.org/3.jpg',
  back_image: 'https://photos.example.org/0.jpg',
} as const;

/** Posts JSON with fetch. */
export function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}
