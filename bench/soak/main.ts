// Checks that memory stays flat: npm run soak [-- --comparisons 20000] [--kind 0.3mp] [--parts 50] [--heaps]
// Runs comparisons through a real Redis, API and worker and prints the resident memory of each process as it goes. After
// the first tenth, which fills caches and heaps, the median of the last fifth must lie within 5 % of the one before it.
// With --heaps the live objects of API and worker after a full collection must not grow between the first tenth and the
// end; the classes that grew most are printed. This is a separate run, because writing a heap takes memory itself.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseWord, readNumber } from '../read-options.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import { type Heap, heapArguments, heapBytes, listGrowth, readHeap } from '../speed/heap-snapshot.js';
import { createGun, fireCount } from '../speed/load.js';
import { comparisonBody, makePhotos, PHOTO_KINDS } from '../speed/make-photos.js';
import { median } from '../speed/statistics.js';

/** Largest growth that counts as flat. */
const MAX_GROWTH = 1.05;
const ROLES = ['api', 'worker', 'vision', 'redis'] as const;

/** Programs whose heaps are analysed. */
const HEAP_ROLES = ['api', 'worker'] as const;
type Heaps = Readonly<Record<(typeof HEAP_ROLES)[number], Heap>>;

type Sample = Readonly<Record<(typeof ROLES)[number], number>> & { readonly comparisons: number };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      comparisons: { type: 'string', default: '20000' },
      kind: { type: 'string', default: '0.3mp' },
      parts: { type: 'string', default: '50' },
      heaps: { type: 'boolean', default: false },
    },
  });
  const kind = chooseWord('kind', values.kind, PHOTO_KINDS);
  const parts = readNumber('parts', values.parts);
  const size = Math.ceil(readNumber('comparisons', values.comparisons) / parts);
  const photos = mkdtempSync(join(tmpdir(), 'face-soak-'));
  const heapFolder = mkdtempSync(join(tmpdir(), 'face-heaps-'));
  await makePhotos(photos, [kind]);
  // Jobs are kept for a minute only: growth with the number of kept jobs is not a leak.
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    env: { JOB_RETENTION_SECONDS: '60' },
    nodeArgs: values.heaps ? heapArguments(heapFolder) : [],
  });
  const gun = createGun({
    origin: fleet.origin,
    body: (index) => comparisonBody(kind, fleet.photoOrigin, index),
  });
  const samples: Sample[] = [];
  const answers: Record<string, number> = {};
  const heaps: Heaps[] = [];
  try {
    for (let part = 0; part < parts; part++) {
      if (values.heaps && part === Math.ceil(parts / 10)) heaps.push(await readHeaps(fleet, heapFolder));
      for (const { status } of await fireCount(gun, { inFlight: 16, count: size })) {
        answers[status] = (answers[status] ?? 0) + 1;
      }
      samples.push({ comparisons: (part + 1) * size, ...readMemory(fleet) });
      print(describe(samples.at(-1)));
    }
    if (values.heaps) heaps.push(await readHeaps(fleet, heapFolder));
  } finally {
    await gun.close();
    await fleet.stop();
    for (const folder of [photos, heapFolder]) rmSync(folder, { recursive: true, force: true });
  }
  conclude(samples, answers, heaps);
}

async function readHeaps(fleet: Fleet, folder: string): Promise<Heaps> {
  const read = (role: (typeof HEAP_ROLES)[number]) => readHeap(fleet.pids(role)[0] ?? 0, folder);
  return { api: await read('api'), worker: await read('worker') };
}

/** Prints and returns the growth of each heap. */
function compareHeaps(before: Heaps, after: Heaps): Record<string, number> {
  const growth: Record<string, number> = {};
  for (const role of HEAP_ROLES) {
    const [first, last] = [heapBytes(before[role]), heapBytes(after[role])];
    growth[`heap of ${role}`] = last / first;
    const most = listGrowth(before[role], after[role])
      .slice(0, 5)
      .map(([name, bytes]) => `${name} ${(bytes / 1e3).toFixed(0)} kB`);
    print(
      `heap of ${role}: ${(first / 1e6).toFixed(1)} → ${(last / 1e6).toFixed(1)} MB; most: ${most.join(', ')}`,
    );
  }
  return growth;
}

function readMemory(fleet: Fleet): Record<(typeof ROLES)[number], number> {
  const memory = fleet.memoryMb();
  const sum = (role: (typeof ROLES)[number]) => memory[role].reduce((total, { now }) => total + now, 0);
  return { api: sum('api'), worker: sum('worker'), vision: sum('vision'), redis: sum('redis') };
}

function conclude(
  samples: readonly Sample[],
  answers: Readonly<Record<string, number>>,
  [before, after]: readonly Heaps[],
): void {
  const growth = before && after ? compareHeaps(before, after) : compareMemory(samples);
  for (const [name, ratio] of Object.entries(growth)) print(`${name}: × ${ratio.toFixed(3)}`);
  print(`answers by status: ${JSON.stringify(answers)}`);
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, before ? 'soak-heaps.json' : 'soak.json');
  writeFileSync(file, `${JSON.stringify({ samples, growth, answers }, null, 1)}\n`);
  // Redis is reported but not judged: it holds the jobs and events of one minute.
  const judged = Object.entries(growth).filter(([name]) => name !== 'redis');
  const grown = judged.filter(([, ratio]) => ratio > MAX_GROWTH).map(([name]) => name);
  if (grown.length === 0 && Object.keys(answers).join() === '200') return;
  print(`not flat, or not all answered: ${grown.join(', ')}`);
  process.exitCode = 1;
}

/** Returns the growth of each role's resident memory after the warm-up. */
function compareMemory(samples: readonly Sample[]): Record<string, number> {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const early = warm.slice(0, Math.ceil(warm.length / 5));
  const late = warm.slice(-Math.ceil(warm.length / 5));
  const usual = (part: readonly Sample[], role: (typeof ROLES)[number]) =>
    median(part.map((sample) => sample[role]));
  return Object.fromEntries(ROLES.map((role) => [role, usual(late, role) / usual(early, role)]));
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
