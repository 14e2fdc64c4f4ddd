import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blackPng } from '../../test/support/builders/png-builder.js';
import { DEAREST_IMAGES } from '../../test/support/photos/dearest-images.js';
import { createHostileImages } from '../../test/support/photos/hostile-images.js';
import { type DnsServer, startDnsServer } from '../../test/support/servers/dns-server.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../test/support/servers/webhook-receiver.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import { makePhotos } from '../speed/make-photos.js';
import { type HostileHost, startDripHost, startSilentHost } from './hostile-hosts.js';

/** The whole service with two tenants and all hosts that they use. */
export interface IsolationRange {
  readonly fleet: Fleet;
  readonly silent: HostileHost;
  readonly drip: HostileHost;
  readonly receiver: WebhookReceiver;
  readonly names: DnsServer;
  stop(): Promise<void>;
}

/** Limit on waiting jobs, small enough to be reached quickly. */
export const DEPTH = 400;
/** Names under silent.test, for which the name server never answers. */
export const SILENT_NAMES = 2_000;
/** Name of the quiet tenant's photo host. */
export const PHOTO_NAME = 'photos.bench.test';

const QUIET_KEY = 'quiet-0123456789abcdef';
const WORST_KEY = 'worst-0123456789abcdef';
export const QUIET = { 'x-api-key': QUIET_KEY } as const;
export const WORST = { 'x-api-key': WORST_KEY } as const;

/** Photos of one column or row, in small files. */
export const WIDE_BOMBS = ['column.png', 'row.png'] as const;
/** Photos that take as much time or memory as allowed. */
export const DEAR_PHOTOS = [...Object.keys(DEAREST_IMAGES), 'progbomb_6000.jpg'];

/** Makes the photos of all attacks and of the quiet tenant; returns their folder. */
export async function makeIsolationPhotos(): Promise<string> {
  const photos = mkdtempSync(join(tmpdir(), 'face-isolation-'));
  mkdirSync(photos, { recursive: true });
  await makePhotos(photos, ['0.3mp', '2mp']);
  const [column, row] = WIDE_BOMBS;
  writeFileSync(join(photos, column), blackPng({ width: 1, height: 50_000_000 }));
  writeFileSync(join(photos, row), blackPng({ width: 1_000_000, height: 50, depth: 16, colourType: 6 }));
  for (const [name, make] of Object.entries(DEAREST_IMAGES)) writeFileSync(join(photos, name), make());
  const hostile = await createHostileImages();
  writeFileSync(join(photos, 'progbomb_6000.jpg'), await hostile.make('progbomb_6000.jpg'));
  return photos;
}

/** Starts everything again, so that attacks do not affect each other. */
export async function openRange(photos: string): Promise<IsolationRange> {
  const [silent, drip] = await Promise.all([startSilentHost(), startDripHost()]);
  const [receiver, names] = await Promise.all([startWebhookReceiver(), startDnsServer()]);
  names.answer(PHOTO_NAME, { addresses: ['127.0.0.1'], ttlSeconds: 30 });
  for (let index = 0; index < SILENT_NAMES; index += 1) names.answer(`n${index}.silent.test`, 'silence');
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    env: {
      API_KEYS: `quiet:${QUIET_KEY},worst:${WORST_KEY}`,
      ALLOWED_PRIVATE_HOSTS: `127.0.0.0/8,${PHOTO_NAME}`,
      DNS_SERVERS: names.address,
      MAX_QUEUE_DEPTH: String(DEPTH),
      WEBHOOK_SECRETS: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    },
  });
  return {
    fleet,
    silent,
    drip,
    receiver,
    names,
    stop: async () => {
      await fleet.stop();
      await Promise.all([silent.stop(), drip.stop(), receiver.stop(), names.stop()]);
    },
  };
}

export function removePhotos(photos: string): void {
  rmSync(photos, { recursive: true, force: true });
}
