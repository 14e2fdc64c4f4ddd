import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { ROLES, type Role, startFleet } from '../speed/fleet.js';
import { comparisonBody, type PhotoKind, photoName } from '../speed/make-photos.js';
import { measureLoad } from '../speed/measure-load.js';
import { measureRoutes, REDIS_OPTIONS, type RoutesReport, SCALE_ENVIRONMENT } from './measure-routes.js';
import { openRedisUsage } from './redis-usage.js';

/** Costs of comparisons: everything from which docs/scale.md calculates. */
export interface CostsReport extends RoutesReport {
  readonly kinds: readonly KindCosts[];
  /** Redis' memory for a job that waits, bytes. */
  readonly waitingBytes: { readonly url: number; readonly upload: number; readonly uploadedPhotos: number };
  /** Resident memory after the measurement, MB. */
  readonly memoryMb: { readonly api: number; readonly worker: number; readonly vision: number };
}

/** Costs by photo, with all processes busy. */
export interface KindCosts {
  readonly kind: PhotoKind;
  /** Processor time per comparison, ms. */
  readonly cpuMs: Readonly<Record<Role, number>>;
  /** Bytes of the four photos. */
  readonly photoBytes: number;
}

export interface CostsOptions {
  readonly photos: string;
  readonly kinds: readonly PhotoKind[];
  readonly seconds: number;
  readonly print: (line: string) => void;
}

const IN_FLIGHT = 16;
const COMPARISONS_PER_ROUTE = 100;
const WAITING = 500;
const WAITING_UPLOADS = 40;

/** Measures the costs of comparisons by route and by photo. */
export async function measureCosts(options: CostsOptions): Promise<CostsReport> {
  const { photos, print } = options;
  print('measuring the cost of each route …');
  const routes = await measureRoutes(photos, COMPARISONS_PER_ROUTE);
  print('measuring waiting jobs …');
  const waitingBytes = await measureWaiting(photos);
  print('measuring photos …');
  return { ...routes, waitingBytes, ...(await measureKinds(options)) };
}

async function measureKinds({
  photos,
  kinds,
  seconds,
}: CostsOptions): Promise<Pick<CostsReport, 'kinds' | 'memoryMb'>> {
  const fleet = await startFleet({ photos, workers: [undefined], redisOptions: REDIS_OPTIONS });
  try {
    const costs: KindCosts[] = [];
    for (const kind of kinds) {
      const { cpuMsByRole } = await measureLoad(fleet, { kind, load: { inFlight: IN_FLIGHT, seconds } });
      const sizes = IMAGE_NAMES.map((_, index) => statSync(join(photos, photoName(kind, index))).size);
      costs.push({ kind, cpuMs: cpuMsByRole, photoBytes: sizes.reduce((sum, size) => sum + size, 0) });
    }
    const memory = fleet.memoryMb();
    const largest = (role: Role): number => Math.max(...memory[role].map(({ peak }) => peak));
    return {
      kinds: costs,
      memoryMb: { api: largest('api'), worker: largest('worker'), vision: largest('vision') },
    };
  } finally {
    await fleet.stop();
  }
}

/** Fills the queue of a service without workers. */
async function measureWaiting(photos: string): Promise<CostsReport['waitingBytes']> {
  const fleet = await startFleet({
    photos,
    workers: [],
    env: SCALE_ENVIRONMENT,
    redisOptions: REDIS_OPTIONS,
  });
  const redis = openRedisUsage(fleet.redisUrl);
  const files = IMAGE_NAMES.map((name, index) =>
    photoPart(name, readFileSync(join(photos, photoName('0.3mp', index)))),
  );
  const form = new Uint8Array(multipart([textPart('user_id', 'bench'), ...files]));
  const fill = async (
    count: number,
    send: (index: number) => { body: string | Uint8Array<ArrayBuffer>; type: string },
  ) => {
    const before = await redis.read();
    for (let index = 0; index < count; index++) {
      const { body, type } = send(index);
      const response = await fetch(`${fleet.origin}/jobs`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      if (response.status !== 202) throw new Error(`POST /jobs answered ${response.status}`);
      await response.arrayBuffer();
    }
    return ((await redis.read()).memoryBytes - before.memoryBytes) / count;
  };
  const byUrl = (index: number) => ({
    body: comparisonBody('0.3mp', fleet.photoOrigin, index),
    type: 'application/json',
  });
  try {
    await fill(WAITING / 10, byUrl);
    return {
      url: await fill(WAITING, byUrl),
      upload: await fill(WAITING_UPLOADS, () => ({ body: form, type: FORM_TYPE })),
      uploadedPhotos: files.reduce((sum, { body }) => sum + body.length, 0),
    };
  } finally {
    redis.close();
    await fleet.stop();
  }
}

/** Returns the report as lines for a terminal. */
export function printCosts({ idle, routes, kinds, waitingBytes, memoryMb }: CostsReport): string[] {
  const fixed = (value: number, digits = 1): string => value.toFixed(digits);
  return [
    '',
    `Costs; idle, two APIs and a worker: ${fixed(idle.redisCommandsPerSecond)} Redis commands/s`,
    ...routes.map(
      (one) =>
        `  ${one.route.padEnd(8)} ${fixed(one.redisCommands)} Redis commands (${fixed(one.redisScripts)} scripts), ` +
        `${fixed(one.redisCpuMs, 2)} ms of Redis, ${fixed(one.redisBytes, 0)} B to and from Redis, ` +
        `${fixed(one.storedBytes, 0)} B stored; API ${fixed(one.apiCpuMs, 2)}, another API ${fixed(one.listenerCpuMs, 2)}, ` +
        `worker ${fixed(one.workerCpuMs, 2)} ms; caller ${fixed(one.callerBytes, 0)} B (${fixed(one.perSecond)}/s)`,
    ),
    `  a waiting job: ${fixed(waitingBytes.url, 0)} B by URL, ${fixed(waitingBytes.upload, 0)} B with ${waitingBytes.uploadedPhotos} B of photos`,
    ...kinds.map(
      ({ kind, cpuMs, photoBytes }) =>
        `  ${kind}: ${ROLES.map((role) => `${role} ${fixed(cpuMs[role])}`).join(', ')} ms; ${photoBytes} B of photos`,
    ),
    `  memory: API ${fixed(memoryMb.api, 0)}, worker ${fixed(memoryMb.worker, 0)}, vision process ${fixed(memoryMb.vision, 0)} MB`,
  ];
}
