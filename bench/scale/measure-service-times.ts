import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startVisionChild, type VisionChild } from '../../src/worker/vision/process/vision-child.js';
import { liteManifest, liteSettings } from '../../test/support/photos/vision-settings.js';
import { type PhotoKind, photoName } from '../speed/make-photos.js';

/** Times of the analysis of each photo of a comparison: the reference, then three fronts. */
export interface ServiceTimes {
  /** Processes that were busy at the same time. */
  readonly busy: number;
  /** Processor time, ms. */
  readonly cpuMs: readonly (readonly number[])[];
  /** Time from handing the photo over to its result, ms. */
  readonly clockMs: readonly (readonly number[])[];
  /** Processor time of this program for each photo: it hands photos over and receives results as a worker does, ms. */
  readonly handOverMs: number;
}

/** Vision processes of the pack `lite`, which only measure. */
export interface ServiceTimer {
  /** Analyses the photos again and again for `seconds` in `busy` processes at the same time. */
  measure(busy: number, seconds: number): Promise<ServiceTimes>;
  stop(): Promise<void>;
}

const PHOTOS = [0, 1, 2, 3];
/** Photos of each process that are not counted, while caches fill and code is compiled. */
const WARM_UP_PHOTOS = 24;

/** Starts `processes` vision processes as a worker does. They use no processor time between measurements. */
export async function startServiceTimer(options: {
  readonly photos: string;
  readonly kind: PhotoKind;
  readonly processes: number;
}): Promise<ServiceTimer> {
  const files = PHOTOS.map((index) => readFileSync(join(options.photos, photoName(options.kind, index))));
  const start = () =>
    startVisionChild({ environment: {}, settings: liteSettings(), manifest: liteManifest() });
  const children = Array.from({ length: options.processes }, start);
  await Promise.all(children.map(({ ready }) => ready));
  await Promise.all(children.map((child, at) => analyse(child, files, { at, count: WARM_UP_PHOTOS })));
  return {
    measure: async (busy, seconds) => {
      const endsAt = performance.now() + seconds * 1_000;
      const cpuBefore = process.cpuUsage();
      const runs = await Promise.all(
        children.slice(0, busy).map((child, at) => analyse(child, files, { at, endsAt })),
      );
      const pick = (of: 'cpuMs' | 'clockMs') =>
        PHOTOS.map((photo) => runs.flat().flatMap((one) => (one.photo === photo ? [one[of]] : [])));
      const { user, system } = process.cpuUsage(cpuBefore);
      const handOverMs = (user + system) / 1_000 / runs.flat().length;
      return { busy, cpuMs: pick('cpuMs'), clockMs: pick('clockMs'), handOverMs };
    },
    stop: async () => {
      for (const child of children) child.kill('closed');
      await Promise.all(children.map(({ ended }) => ended));
    },
  };
}

interface Analysed {
  readonly photo: number;
  readonly cpuMs: number;
  readonly clockMs: number;
}

/** Analyses the photos in turn, `at` first, so that processes do not run in step. */
async function analyse(
  child: VisionChild,
  files: readonly Uint8Array[],
  {
    at,
    count = Number.POSITIVE_INFINITY,
    endsAt = count === Number.POSITIVE_INFINITY ? 0 : Number.POSITIVE_INFINITY,
  }: { readonly at: number; readonly count?: number; readonly endsAt?: number },
): Promise<Analysed[]> {
  const analysed: Analysed[] = [];
  while (analysed.length < count && performance.now() < endsAt) {
    const photo = (at + analysed.length) % files.length;
    const [startedAt, cpuBefore] = [performance.now(), child.usage.cpuMs];
    await child.analyse(files[photo]!);
    analysed.push({
      photo,
      cpuMs: child.usage.cpuMs - cpuBefore,
      clockMs: performance.now() - startedAt,
    });
  }
  return analysed;
}
