import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAddressPolicy } from '../../../src/shared/net/address-policy.js';
import { createGuardedAgent } from '../../../src/worker/net/guarded-agent.js';
import { type DnsServer, startDnsServer } from '../../support/servers/dns-server.js';
import { listen } from '../../support/servers/listen.js';
import { startWebhookBench, type WebhookBench } from '../../support/servers/webhook-bench.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/servers/webhook-receiver.js';

const ATTACKS = 300;
const ROUNDS = 30;
/** Below this the clock of a busy machine says more than the queue, ms. */
const FLOOR_MS = 50;
/** After this a silent host is given up, ms. */
const SILENCE_MS = 8_000;
const CONCURRENCY = 50;
const PER_HOST = 8;

let bench: WebhookBench;
let dns: DnsServer;
let receiver: WebhookReceiver;
let silent: SilentHosts;

interface SilentHosts {
  readonly port: number;
  /** Open connections by the address that they were made to. */
  readonly open: ReadonlyMap<string, number>;
  /** The most there ever were of each. */
  readonly most: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Accepts connections on every loopback address, reads what arrives and never answers. */
async function startSilentHosts(): Promise<SilentHosts> {
  const open = new Map<string, number>();
  const most = new Map<string, number>();
  const sockets = new Set<Socket>();
  const change = (address: string, by: number): void => {
    const count = (open.get(address) ?? 0) + by;
    open.set(address, count);
    most.set(address, Math.max(most.get(address) ?? 0, count));
  };
  const server: Server = createServer((socket) => {
    const address = socket.localAddress ?? '';
    sockets.add(socket);
    change(address, 1);
    socket.on('error', () => undefined);
    socket.resume().once('close', () => {
      sockets.delete(socket);
      change(address, -1);
    });
  });
  const port = await listen(server, { host: '0.0.0.0' });
  return {
    port,
    open,
    most,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

beforeAll(async () => {
  [bench, dns, receiver, silent] = await Promise.all([
    startWebhookBench(),
    startDnsServer(),
    startWebhookReceiver(),
    startSilentHosts(),
  ]);
});

afterEach(async () => {
  await bench.reset();
});

afterAll(async () => {
  await Promise.all([bench?.stop(), dns?.stop(), receiver?.stop(), silent?.stop()]);
});

function startWorker(timeoutMs: number) {
  const policy = createAddressPolicy({
    allowedPrivateHosts: ['127.0.0.0/8', '*.silent.example'],
    allowedImageHosts: [],
    allowedPorts: [],
  });
  return bench.startWorker({
    concurrency: CONCURRENCY,
    concurrencyPerHost: PER_HOST,
    delivery: { policy, timeoutMs, now: Date.now },
    openAgent: (onAddresses) =>
      createGuardedAgent(policy, { connectTimeoutMs: 2_000, lookup: dns.lookup, onAddresses }),
  });
}

/** Names of a wildcard that lead to one address, names of many addresses, and addresses themselves. */
function silentUrl(index: number): string {
  const host = [`w${index}.silent.example`, `h${index}.silent.example`, `127.0.3.${1 + (index % 200)}`][
    index % 3
  ];
  dns.answer(`w${index}.silent.example`, { addresses: ['127.0.1.1'] });
  dns.answer(`h${index}.silent.example`, { addresses: [`127.0.2.${1 + (index % 200)}`] });
  return `http://${host}:${silent.port}/hook`;
}

async function attack(): Promise<void> {
  for (let index = 0; index < ATTACKS; index += 1)
    await bench.add(`r_bad${index}`, silentUrl(index), { tenant: 'greedy', attempts: 2 });
}

/** Delivers webhooks of another tenant one by one; returns how long each took from queue to receiver, ms. */
async function timeDeliveries(name: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await bench.add(`r_${name}${round}`, receiver.script(`/${name}${round}`, [204]), { tenant: 'other' });
    await receiver.waitFor(`/${name}${round}`, 1, 60_000);
    times.push(performance.now() - startedAt);
  }
  return times;
}

const medianOf = (times: readonly number[]): number =>
  [...times].sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? Number.NaN;

const connections = (): number => [...silent.open.values()].reduce((sum, count) => sum + count, 0);

describe('a tenant with hundreds of callbacks to silent hosts', () => {
  it('does not delay the webhooks of another', async () => {
    startWorker(SILENCE_MS);
    const quiet = await timeDeliveries('quiet');

    await attack();
    const beside = await timeDeliveries('beside');

    expect(connections()).toBeGreaterThan(PER_HOST);
    expect(medianOf(beside)).toBeLessThan(3 * Math.max(FLOOR_MS, medianOf(quiet)));
    expect(Math.max(...beside)).toBeLessThan(SILENCE_MS / 2);
  });

  it('holds no more connections to one address than to one name, and never every slot', async () => {
    startWorker(1_000);
    await attack();
    await expect.poll(() => bench.events.length, { timeout: 60_000 }).toBeGreaterThan(CONCURRENCY);

    expect(Math.max(...silent.most.values())).toBeLessThanOrEqual(PER_HOST);
    expect(connections()).toBeLessThan(CONCURRENCY);
  });

  it('does not lose attempts by waiting, and waits without spinning in the queue', async () => {
    startWorker(SILENCE_MS);
    await attack();
    await timeDeliveries('spin');

    const jobs = await bench.queue.getJobs(['delayed', 'prioritized', 'waiting']);
    const states = await Promise.all(jobs.map(({ data }) => bench.webhooks.readState(data.job_id)));
    expect(states.length).toBeGreaterThan(ATTACKS / 2);
    expect(states.every((state) => state?.attempts === 0)).toBe(true);
    expect(Math.max(...jobs.map(({ attemptsStarted }) => attemptsStarted))).toBeLessThan(10);
  });
});
