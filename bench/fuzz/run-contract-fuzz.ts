import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fuzzContract } from '../../test/support/fuzz/fuzz-contract.js';
import { cropFace, photoWithoutFace, sampleFace } from '../../test/support/photos/photos.js';
import { type Fleet, startFleet } from '../speed/fleet.js';
import { scrape } from '../speed/prometheus.js';
import type { FuzzResult } from './fuzz-result.js';

const API_KEY = 'fuzz-key-0123456789abcdef';
const ADMIN_KEY = 'fuzz-admin-0123456789abcdef';
const SYNC_WAIT_SECONDS = 30;
/** The promised limit: an answer within SYNC_WAIT_TIMEOUT plus one second. */
const LIMIT_MS = (SYNC_WAIT_SECONDS + 1) * 1_000;
const IN_FLIGHT = 32;
/** Four of the 22 faces of the sample photos, all of different people. */
const STRANGERS = [0, 3, 13, 18] as const;
/** Outcomes that no input may cause. */
const FORBIDDEN_RESULTS = ['matched', 'internal', 'model_failure'];

/** Sends `count` hostile requests to the compiled service. */
export async function runContractFuzz({ count, seed }: { count: number; seed: number }): Promise<FuzzResult> {
  const photos = mkdtempSync(join(tmpdir(), 'face-fuzz-'));
  await Promise.all(
    STRANGERS.map(async (face, index) =>
      writeFileSync(join(photos, `stranger${index}.jpg`), await cropFace(sampleFace(face), { widthPx: 200 })),
    ),
  );
  writeFileSync(join(photos, 'nobody.jpg'), await photoWithoutFace());
  writeFileSync(join(photos, 'broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
  const fleet = await startFleet({
    photos,
    workers: [undefined],
    env: {
      API_KEYS: `fuzz:${API_KEY}`,
      ADMIN_API_KEYS: `ops:${ADMIN_KEY}`,
      SYNC_WAIT_TIMEOUT: String(SYNC_WAIT_SECONDS),
      WEBHOOK_SECRETS: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    },
  });
  try {
    return await attack(fleet, { count, seed });
  } finally {
    await fleet.stop();
    rmSync(photos, { recursive: true, force: true });
  }
}

async function attack(fleet: Fleet, { count, seed }: { count: number; seed: number }): Promise<FuzzResult> {
  const photo = (name: string): string => `${fleet.photoOrigin}/${name}`;
  const pids = JSON.stringify([fleet.pids('api'), fleet.pids('worker'), fleet.pids('vision')]);
  const startedAt = performance.now();
  const { answers, slowestMs, findings } = await fuzzContract({
    origin: fleet.origin,
    material: {
      strangers: [
        photo('stranger1.jpg'),
        photo('stranger2.jpg'),
        photo('stranger3.jpg'),
        photo('stranger0.jpg'),
      ],
      useless: [
        photo('gone.jpg'),
        photo('gone.jpg'),
        photo('gone.jpg'),
        photo('broken.jpg'),
        photo('nobody.jpg'),
      ],
      apiKey: API_KEY,
      adminKey: ADMIN_KEY,
    },
    count,
    seed,
    inFlight: IN_FLIGHT,
    limitMs: LIMIT_MS,
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  await untilIdle(fleet);
  const results = await comparisonResults(fleet);
  const forbidden = FORBIDDEN_RESULTS.filter((result) => (results[result] ?? 0) > 0);
  const alive = JSON.stringify([fleet.pids('api'), fleet.pids('worker'), fleet.pids('vision')]) === pids;
  const memory = fleet.memoryMb();
  return {
    lines: [
      `${count} requests in ${seconds.toFixed(0)} s, seed ${seed}; slowest ${slowestMs.toFixed(0)} ms`,
      `answers: ${describe(answers)}`,
      `comparisons run: ${describe(results)}`,
      `peak memory, MB: API ${memory.api.map(({ peak }) => peak.toFixed(0))}, worker ${memory.worker.map(({ peak }) => peak.toFixed(0))}`,
    ],
    findings: [
      ...findings,
      ...forbidden.map((result) => `${results[result]} comparisons ended as ${result}`),
      ...(alive ? [] : ['a process was lost']),
    ],
  };
}

/** Waits until every accepted job has ended, so that its outcome is counted. */
async function untilIdle(fleet: Fleet): Promise<void> {
  const end = performance.now() + 600_000;
  while (performance.now() < end) {
    const metrics = await fetch(`${fleet.metricsOrigin}/metrics`);
    const states = /^face_queue_jobs\{.*state="(?:waiting|prioritized|delayed|active)".*\} (\d+)$/gm;
    const open = [...(await metrics.text()).matchAll(states)].map(([, jobs]) => Number(jobs));
    if (open.length > 0 && open.every((jobs) => jobs === 0)) return;
    await pause(500);
  }
  throw new Error('the queue was not empty after ten minutes');
}

async function comparisonResults(fleet: Fleet): Promise<Record<string, number>> {
  const samples = await scrape(fleet.workerOrigins[0] ?? '');
  return Object.fromEntries(
    [...samples].flatMap(([name, value]) => {
      const result = /^face_comparisons_total\{.*result="([^"]+)"/.exec(name)?.[1];
      return result ? [[result, value]] : [];
    }),
  );
}

function describe(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} × ${count}`)
    .join(', ');
}
