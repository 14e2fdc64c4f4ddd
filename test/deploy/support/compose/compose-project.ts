import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { z } from 'zod';
import { createReceiptKeys, parseReceiptKeys } from '../../../../src/shared/receipts/receipt-keys.js';
import { run } from '../run.js';
import { TEST_ADDRESS } from './engine.js';

/** Compose downloads the models at the first start. */
const START_LIMIT_MS = 600_000;
const PROJECT = 'face-verification-deploy-test';
export const API = 'face-verification';
export const WORKER = 'face-verification-worker';
export const PROMETHEUS = 'face-verification-prometheus';
export const API_KEY = 'test-key-of-the-deployment-test-0001';

const container = z.object({
  Id: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    Health: z.object({ Status: z.string() }).optional(),
  }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
});
export type Container = z.infer<typeof container>;

/** The checkout that main.ts has copied, and whose images it has built. */
export const checkout = process.env.DEPLOY_TEST_CHECKOUT ?? '';

/** Key that signs receipts, for the workers, and its public half. */
const RECEIPT_KEYS = createReceiptKeys();
export const PUBLIC_KEYS = { keys: parseReceiptKeys(RECEIPT_KEYS).keys.map(({ published }) => published) };
export const PRIVATE_KEY = String(JSON.parse(RECEIPT_KEYS).keys[0].d);

/** Writes the .env of the checkout: what an operator sets to try the service. */
export function writeSettings(): void {
  const lines = [
    'INSIGHTFACE_MODEL=lite',
    `API_KEYS=tester:${API_KEY}`,
    `ALLOWED_PRIVATE_HOSTS=${TEST_ADDRESS}`,
    'VISION_PROCESSES=1',
    'WORKER_CPUS=1',
    // Longer than a test holds a photo back.
    'IMAGE_DOWNLOAD_TIMEOUT=120',
    `RECEIPT_KEYS=${RECEIPT_KEYS}`,
    `RECEIPT_PUBLIC_KEYS=${JSON.stringify(PUBLIC_KEYS)}`,
  ];
  writeFileSync(join(checkout, '.env'), `${lines.join('\n')}\n`);
}

/** Runs `docker compose` on the checkout, as its user does, and returns what it prints. */
export function compose(...args: readonly string[]): Promise<string> {
  return run('docker', ['compose', '--project-name', PROJECT, ...args], {
    cwd: checkout,
    timeoutMs: START_LIMIT_MS,
  });
}

/** Returns the containers of a service, ended ones too. */
export async function containersOf(service: string): Promise<readonly Container[]> {
  const ids = (await compose('ps', '--all', '--quiet', service)).split('\n').filter((id) => id !== '');
  return ids.length === 0 ? [] : readContainers(ids);
}

/** Returns containers by name or id. */
export async function readContainers(names: readonly string[]): Promise<readonly Container[]> {
  return z.array(container).parse(JSON.parse(await run('docker', ['inspect', ...names])));
}

/** Resolves with the containers of a service once exactly `count` of them are healthy. */
export function healthyContainers(service: string, count: number): Promise<readonly Container[]> {
  return vi.waitFor(
    async () => {
      const found = await containersOf(service);
      const healthy = found.filter(({ State }) => State.Health?.Status === 'healthy');
      if (healthy.length !== count) throw new Error(`${healthy.length} of ${count} ${service} are healthy`);
      return healthy;
    },
    { timeout: START_LIMIT_MS, interval: 500 },
  );
}

/** Returns a container's address on the network that other projects share with the API. */
export function addressOf({ NetworkSettings }: Container, network: string): string {
  const address = NetworkSettings.Networks[`${PROJECT}_${network}`]?.IPAddress;
  if (!address) throw new Error(`the container is not on the network ${network}`);
  return address;
}

/** Runs a shell command in a container and returns what it prints. */
export function inContainer({ Id }: Container, command: string): Promise<string> {
  return run('docker', ['exec', Id, 'sh', '-c', command]);
}
