// Whether memory stays flat: npm run soak [-- --comparisons 20000] [--kind 0.3mp] [--every 20]
// Runs comparisons through a real Redis, API and worker and prints the resident memory of each process as it goes. After
// the first tenth, which fills caches and heaps, the median of the last fifth must lie within 5 % of the one before it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Fleet, startFleet } from './speed/fleet.js';
import { createGun, fireCount } from './speed/load.js';
import { comparisonBody, makePhotos, type PhotoKind } from './speed/make-photos.js';
import { median } from './speed/statistics.js';

/** Greatest growth that still counts as flat. */
const MAX_GROWTH = 1.05;
const ROLES = ['api', 'worker', 'vision', 'redis'] as const;

type Sample = Readonly<Record<(typeof ROLES)[number], number>> & { readonly comparisons: number };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      comparisons: { type: 'string', default: '20000' },
      kind: { type: 'string', default: '0.3mp' },
      parts: { type: 'string', default: '50' },
    },
  });
  const kind = values.kind as PhotoKind;
  const parts = Number(values.parts);
  const size = Math.ceil(Number(values.comparisons) / parts);
  const photos = mkdtempSync(join(tmpdir(), 'face-soak-'));
  await makePhotos(photos, [kind]);
  // Jobs are kept for a minute only: what grows with the number of kept jobs is Redis' business, not a leak.
  const fleet = await startFleet({ photos, workers: [undefined], env: { JOB_RETENTION_SECONDS: '60' } });
  const gun = createGun({
    origin: fleet.origin,
    body: (index) => comparisonBody(kind, fleet.photoOrigin, index),
  });
  const samples: Sample[] = [];
  const answers: Record<string, number> = {};
  try {
    for (let part = 0; part < parts; part++) {
      for (const { status } of await fireCount(gun, { inFlight: 16, count: size })) {
        answers[status] = (answers[status] ?? 0) + 1;
      }
      samples.push({ comparisons: (part + 1) * size, ...readMemory(fleet) });
      print(describe(samples.at(-1)));
    }
  } finally {
    await gun.close();
    await fleet.stop();
    rmSync(photos, { recursive: true, force: true });
  }
  conclude(samples, answers);
}

function readMemory(fleet: Fleet): Record<(typeof ROLES)[number], number> {
  const memory = fleet.memoryMb();
  const sum = (role: (typeof ROLES)[number]) => memory[role].reduce((total, { now }) => total + now, 0);
  return { api: sum('api'), worker: sum('worker'), vision: sum('vision'), redis: sum('redis') };
}

function conclude(samples: readonly Sample[], answers: Readonly<Record<string, number>>): void {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const early = warm.slice(0, Math.ceil(warm.length / 5));
  const late = warm.slice(-Math.ceil(warm.length / 5));
  const growth = Object.fromEntries(
    ROLES.map((role) => {
      const before = median(early.map((sample) => sample[role]));
      const after = median(late.map((sample) => sample[role]));
      return [role, after / before];
    }),
  );
  for (const [role, ratio] of Object.entries(growth)) print(`${role}: × ${ratio.toFixed(3)}`);
  print(`answers by status: ${JSON.stringify(answers)}`);
  const folder = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'soak.json'), `${JSON.stringify({ samples, growth, answers }, null, 1)}\n`);
  // Redis is told but not judged: it holds a minute's jobs and events, as many as were done in that minute.
  const grown = ['api', 'worker', 'vision'].filter((role) => (growth[role] ?? 1) > MAX_GROWTH);
  if (grown.length === 0 && Object.keys(answers).join() === '200') return;
  print(`not flat, or not all answered: ${grown.join(', ')}`);
  process.exitCode = 1;
}

function describe(sample: Sample | undefined): string {
  if (!sample) return '';
  const memory = ROLES.map((role) => `${role} ${sample[role].toFixed(0)}`).join(', ');
  return `${sample.comparisons} comparisons: MB ${memory}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
