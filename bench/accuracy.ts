// Accuracy on labelled pairs: npx tsx bench/accuracy.ts [--pack models/lite] [--pairs ../shared/data/pairs] [--published]
// The folder holds photos and master.csv (file_x,file_y,Decision). A pack folder with <folder>.json beside it is loaded
// by that manifest, any other in InsightFace layout. --published: coarse detection off.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { analyseImage } from '../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../src/worker/vision/compare-embeddings.js';
import { loadModelPack, type ModelPack, type PackManifest } from '../src/worker/vision/model-pack.js';
import type { FaceAnalysis, VisionSettings } from '../src/worker/vision/types.js';
import { liteSettings } from '../test/support/vision-settings.js';

const THRESHOLD = 0.5;

interface Pair {
  readonly probe: string;
  readonly reference: string;
  readonly isMated: boolean;
}

type Analyse = (bytes: Uint8Array) => Promise<FaceAnalysis | undefined>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      pack: { type: 'string', default: 'models/lite' },
      pairs: { type: 'string', default: '../shared/data/pairs' },
      published: { type: 'boolean', default: false },
    },
  });
  const settings = liteSettings({ packFolder: resolve(values.pack), coarseDetection: !values.published });
  const manifestPath = `${settings.packFolder}.json`;
  const manifest = existsSync(manifestPath)
    ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as PackManifest)
    : undefined;
  const pack = await loadModelPack({ ...settings, manifest });
  const analyse = analyserOf(pack, settings);
  const pairs = readPairs(join(values.pairs, 'master.csv'));
  const analyses = new Map<string, FaceAnalysis>();
  for (const name of readdirSync(values.pairs).filter((file) => file.endsWith('.jpg'))) {
    const analysis = await analyse(readFileSync(join(values.pairs, name)));
    if (analysis) analyses.set(name, analysis);
    else process.stdout.write(`no face: ${name}\n`);
  }
  reportPairs(pairs, analyses);
  reportTimes([...analyses.values()]);
  await pack.close();
}

function analyserOf(pack: ModelPack, settings: VisionSettings): Analyse {
  return async (bytes) => {
    try {
      return await analyseImage(bytes, pack, settings);
    } catch (error) {
      if ((error as { code?: string }).code === 'face_not_found') return undefined;
      throw error;
    }
  };
}

function readPairs(path: string): Pair[] {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  return lines.map((line) => {
    const [probe = '', reference = '', decision] = line.split(',');
    return { probe, reference, isMated: decision === 'Yes' };
  });
}

function reportPairs(pairs: readonly Pair[], analyses: ReadonlyMap<string, FaceAnalysis>): void {
  const mated: number[] = [];
  const nonMated: number[] = [];
  for (const { probe, reference, isMated } of pairs) {
    const one = analyses.get(probe);
    const other = analyses.get(reference);
    if (!one || !other) continue;
    (isMated ? mated : nonMated).push(compareEmbeddings(one.embedding, other.embedding));
  }
  const wins = mated.map((similarity) => nonMated.filter((other) => other < similarity).length);
  const auc = wins.reduce((sum, count) => sum + count, 0) / (mated.length * nonMated.length);
  const falseNonMatches = mated.filter((similarity) => similarity < THRESHOLD).length;
  const falseMatches = nonMated.filter((similarity) => similarity >= THRESHOLD).length;
  print(`pairs compared: ${mated.length} mated, ${nonMated.length} non-mated, of ${pairs.length}`);
  print(`AUC ${auc.toFixed(4)}`);
  print(
    `FNMR at ${THRESHOLD.toFixed(2)}: ${(falseNonMatches / mated.length).toFixed(4)} (${falseNonMatches})`,
  );
  print(`FMR at ${THRESHOLD.toFixed(2)}: ${(falseMatches / nonMated.length).toFixed(4)} (${falseMatches})`);
  print(`mated: ${quantiles(mated)}`);
  print(`non-mated: ${quantiles(nonMated)}`);
}

function reportTimes(analyses: readonly FaceAnalysis[]): void {
  const steps = new Set(analyses.flatMap(({ timingsMs }) => Object.keys(timingsMs)));
  for (const step of steps) print(`ms ${step}: ${quantiles(analyses.map((a) => a.timingsMs[step] ?? 0))}`);
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (part: number) => (sorted[Math.round(part * (sorted.length - 1))] ?? Number.NaN).toFixed(3);
  return `min ${at(0)}, 5 % ${at(0.05)}, median ${at(0.5)}, 95 % ${at(0.95)}, max ${at(1)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
