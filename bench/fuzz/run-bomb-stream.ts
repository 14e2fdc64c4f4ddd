import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEAREST_IMAGES } from '../../test/support/photos/dearest-images.js';
import { createHostileImages } from '../../test/support/photos/hostile-images.js';
import { otherPersonPhoto, samePersonPhotos } from '../../test/support/photos/photos.js';
import { createRandom } from '../../tools/evaluate/plan/random.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import { scrape } from '../speed/prometheus.js';
import type { FuzzResult } from './fuzz-result.js';

/** The worker's default, VISION_MEMORY_MB. */
const VISION_LIMIT_MB = 1_536;
const IN_FLIGHT = 8;

const NAMED = [
  'bomb_30000x30000_1bit.png',
  'bomb_7000x7000_rgba16.png',
  'flat_16000.jpg',
  'flat_6000.jpg',
  'lying_16383.webp',
  'lying_dims_65500.jpg',
  'progbomb_6000.jpg',
  'iccp_bomb.png',
  'ztxt_bomb.png',
] as const;
const BOMBS = [...NAMED, ...Object.keys(DEAREST_IMAGES)];

/** Sends requests with three bombs each through the whole service, alternating with requests of good photos. */
export async function runBombStream({ count, seed }: { count: number; seed: number }): Promise<FuzzResult> {
  const photos = mkdtempSync(join(tmpdir(), 'face-bombs-'));
  const hostile = await createHostileImages();
  for (const name of NAMED) writeFileSync(join(photos, name), await hostile.make(name));
  for (const [name, make] of Object.entries(DEAREST_IMAGES)) writeFileSync(join(photos, name), make());
  for (const [index, photo] of (await samePersonPhotos()).entries())
    writeFileSync(join(photos, `good${index}.jpg`), photo);
  writeFileSync(join(photos, 'stranger.jpg'), await otherPersonPhoto());
  const fleet = await startFleet({ photos, workers: [undefined], env: { SYNC_WAIT_TIMEOUT: '300' } });
  try {
    return await stream(fleet, { count, seed });
  } finally {
    await fleet.stop();
    rmSync(photos, { recursive: true, force: true });
  }
}

async function stream(fleet: Fleet, { count, seed }: { count: number; seed: number }): Promise<FuzzResult> {
  const random = createRandom(seed);
  const bomb = (): string => BOMBS[Math.floor(random() * BOMBS.length)] ?? '';
  const outcomes: Record<string, number> = {};
  const findings: string[] = [];
  let next = 0;
  const keepSending = async (): Promise<void> => {
    while (next < count) {
      const isGood = next++ % 2 === 1;
      const names = isGood
        ? ['good0.jpg', 'good1.jpg', 'good2.jpg', 'good4.jpg']
        : ['stranger.jpg', bomb(), bomb(), bomb()];
      const outcome = await compare(fleet, names);
      const label = `${isGood ? 'good photos' : 'bombs'}: ${outcome}`;
      outcomes[label] = (outcomes[label] ?? 0) + 1;
      const isRight = isGood
        ? outcome === 'matched'
        : /^(not matched|image_too_large|face_not_found)$/.test(outcome);
      if (!isRight) findings.push(`${names.join(', ')}: ${outcome}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepSending));
  const seconds = (performance.now() - startedAt) / 1_000;
  const memory = fleet.memoryMb();
  const vision = memory.vision.map(({ peak }) => Math.round(peak));
  const restarts = (await scrape(fleet.workerOrigins[0] ?? '')).get('face_vision_restarts') ?? Number.NaN;
  if (vision.some((peak) => peak >= VISION_LIMIT_MB)) findings.push(`vision memory ${vision} MB`);
  if (restarts !== 0) findings.push(`${restarts} vision processes lost`);
  return {
    lines: [
      `${count} requests, every other one with three bombs, in ${seconds.toFixed(0)} s, seed ${seed}`,
      Object.entries(outcomes)
        .map(([outcome, times]) => `${outcome} × ${times}`)
        .join(', '),
      `peak memory, MB: vision ${vision.join(' and ')} (limit ${VISION_LIMIT_MB}), worker ` +
        `${memory.worker.map(({ peak }) => Math.round(peak))}; vision processes lost: ${restarts}`,
    ],
    findings,
  };
}

async function compare(fleet: Fleet, [reference, ...fronts]: readonly string[]): Promise<string> {
  const url = (name: string | undefined): string => `${fleet.photoOrigin}/${name}`;
  const response = await fetch(`${fleet.origin}/compare-faces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      user_id: 'bombs',
      back_image: url(reference),
      front_image1: url(fronts[0]),
      front_image2: url(fronts[1]),
      front_image3: url(fronts[2]),
    }),
  });
  const { matched, code } = (await response.json()) as { matched?: boolean; code?: string };
  if (matched === undefined) return code ?? `status ${response.status}`;
  return matched ? 'matched' : 'not matched';
}
