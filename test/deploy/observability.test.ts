import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAlerts } from '../observability/support/read-alerts.js';
import {
  addressOf,
  compose,
  healthyContainers,
  inContainer,
  PROMETHEUS,
  WORKER,
  writeSettings,
} from './support/compose/compose-project.js';

const WORKERS = 2;

interface Rule {
  readonly name: string;
}

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
}

beforeAll(async () => {
  writeSettings();
  await compose('down', '--volumes', '--remove-orphans');
  const services = [PROMETHEUS, WORKER, 'face-verification'];
  await compose(
    '--profile',
    'observability',
    'up',
    '--detach',
    '--scale',
    `${WORKER}=${WORKERS}`,
    ...services,
  );
  await healthyContainers(WORKER, WORKERS);
});

afterAll(async () => {
  await compose('--profile', 'observability', 'down', '--volumes', '--remove-orphans');
});

describe('docker compose --profile observability', () => {
  it('has a Prometheus that scrapes the API and every worker and loads the alerts', async () => {
    const [prometheus] = await healthyContainers(PROMETHEUS, 1);
    if (!prometheus) throw new Error('no Prometheus');
    const read = async (path: string): Promise<Record<string, unknown>> => {
      const response = await fetch(`http://${addressOf(prometheus, 'default')}:9090/api/v1/${path}`);
      return ((await response.json()) as { data: Record<string, unknown> }).data;
    };

    await vi.waitFor(
      async () => {
        const targets = (await read('targets?state=active')).activeTargets as readonly Target[];
        expect(targets.map(({ health }) => health)).toEqual(Array.from({ length: WORKERS + 1 }, () => 'up'));
      },
      { timeout: 180_000, interval: 1_000 },
    );
    const groups = (await read('rules')).groups as readonly { readonly rules: readonly Rule[] }[];
    expect(groups.flatMap(({ rules }) => rules.map(({ name }) => name)).toSorted()).toEqual(
      readAlerts()
        .map(({ name }) => `FaceVerification${name}`)
        .toSorted(),
    );
  });

  it('keeps Prometheus away from Redis', async () => {
    const [prometheus] = await healthyContainers(PROMETHEUS, 1);
    if (!prometheus) throw new Error('no Prometheus');

    expect(await inContainer(prometheus, 'getent hosts face-verification')).not.toBe('');
    await expect(inContainer(prometheus, 'getent hosts face-verification-redis')).rejects.toThrow(
      'ended with 2',
    );
  });
});
