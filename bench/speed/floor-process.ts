import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { readManifest } from '../../src/shared/models/model-catalogue.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { alignmentOf } from '../../src/worker/vision/face/align-face.js';
import { blockUntrustedLoaders } from '../../src/worker/vision/image/decode-image.js';
import { createOnnxModel, type OnnxModel } from '../../src/worker/vision/onnx/onnx-session.js';
import { loadModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { FaceAnalysis } from '../../src/worker/vision/types.js';
import { inspectAndDecode } from '../../test/support/photos/inspect-and-decode.js';
import { liteSettings } from '../../test/support/photos/vision-settings.js';
import { createRandom } from '../../tools/evaluate/plan/random.js';
import type { FloorReport, FloorRequest } from './floor.js';
import { median } from './statistics.js';

// Measures one pack alone on one thread: node --import tsx floor-process.ts REQUEST (JSON). Prints a FloorReport.

const COARSE_LONG_EDGE_PX = { scrfd: 256, ultraface: 240 } as const;

/** Reductions from which the decoder itself reduces to a half, a quarter or an eighth. */
const REDUCTIONS = [3.02, 5.02, 9.02] as const;

/** Prefix for the times of the decoding variants; the fastest counts. */
const DECODE_WAY = 'decode_';

const ALIGNED_DIMS = [1, 3, 112, 112];

const request = JSON.parse(process.argv[2] ?? '{}') as FloorRequest;
const limits = { maxPixels: 50_000_000, formats: ['jpeg'] as const };

const settings = liteSettings({
  packFolder: join(request.modelsDir, request.model),
  imageFormats: limits.formats,
  // A face that is refused costs as much as others.
  recognisability: 'off',
});

const manifest = readManifest(request.modelsDir, request.model) ?? { recognisers: [] };
blockUntrustedLoaders(settings.imageFormats);
const pack = await loadModelPack({ ...settings, manifest });
const models = await openModels();
const publishedRecogniser = await openPublished();
const inputs = new Map<number, Float32Array>();
const report: Record<string, FloorReport> = {};
for (const kind of request.kinds) report[kind] = await measureKind(kind);
process.stdout.write(`${JSON.stringify(report)}\n`);

async function measureKind(kind: string): Promise<FloorReport> {
  const photos = readdirSync(request.photos)
    .filter((name) => name.startsWith(`${kind}-`))
    .map((name) => readFileSync(join(request.photos, name)));
  const rounds: Record<string, number>[] = [];
  for (let round = 0; round <= request.rounds; round++) {
    for (const photo of photos) {
      const timings = await measurePhoto(photo);
      // The first round warms up caches and compiles.
      if (round > 0) rounds.push(timings);
    }
  }
  const names = [...new Set(rounds.flatMap((timings) => Object.keys(timings)))];
  const medians = new Map(
    names.map((name) => [name, median(rounds.flatMap((timings) => timings[name] ?? []))]),
  );
  const of = (name: string) => medians.get(name) ?? Number.NaN;
  const ways = names.filter((name) => name.startsWith(DECODE_WAY)).map(of);
  const decodeMs = Math.min(...ways, of('fullDecodeMs'));
  const floorMs = decodeMs + of('detectMs') + of('embedMs');
  const others = [...medians].filter(([name]) => !name.startsWith(DECODE_WAY));
  // measurePhoto returns every other number of a FloorReport under its name.
  return { ...Object.fromEntries(others), decodeMs, floorMs } as unknown as FloorReport;
}

async function measurePhoto(photo: Buffer): Promise<Record<string, number>> {
  const pipelineMs = await time(() => analyseImage(photo, pack, settings));
  const analysis = await analyseImage(photo, pack, settings);
  const ways = await inTurn(sufficientTargets(analysis), async (target, index) => {
    return [`${DECODE_WAY}${index}`, await time(() => decode(photo, target))] as const;
  });
  const alone = {
    ...Object.fromEntries(ways),
    detectMs: await time(() => detectOnce(analysis)),
    embedMs: await time(() => run(models.recogniser, ALIGNED_DIMS)),
    pipelineMs,
    fullDecodeMs: await time(() => inspectAndDecode(photo, limits)),
  };
  const steps = Object.entries(analysis.timingsMs).map(([step, ms]) => [`step_${step}`, ms]);
  if (!request.withPublished) return { ...alone, ...Object.fromEntries(steps) };
  const published = await analyseImage(photo, pack, { ...settings, coarseDetection: false });
  return {
    ...alone,
    ...Object.fromEntries(steps),
    publishedDetectMs: published.timingsMs.detect ?? 0,
    publishedEmbedMs: await time(() => publishedRecogniser.run(noise(ALIGNED_DIMS))),
  };
}

/** Returns long edges that keep the aligned face sharp and suffice for the coarse pass, smallest first. */
function sufficientTargets({ face, width, height }: FaceAnalysis): number[] {
  const { a, b } = alignmentOf(face.landmarks);
  const longEdge = Math.max(width, height);
  const least = Math.min(longEdge, Math.max(COARSE_LONG_EDGE_PX[models.kind], longEdge * Math.hypot(a, b)));
  return [least, ...REDUCTIONS.map((by) => longEdge / by).filter((target) => target > least)];
}

function decode(photo: Buffer, target: number): Promise<Buffer> {
  const side = Math.ceil(target);
  return sharp(photo, { failOn: 'warning' })
    .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    .autoOrient()
    .raw()
    .toBuffer();
}

async function detectOnce({ width, height }: FaceAnalysis): Promise<void> {
  if (models.landmarks) {
    const [, channels = 3, rows = 240, columns = 320] = models.detector.input.shape;
    await run(models.detector, [1, channels ?? 3, rows ?? 240, columns ?? 320]);
    await run(models.landmarks, [1, 1, 64, 64]);
    return;
  }
  const scale = COARSE_LONG_EDGE_PX.scrfd / Math.max(width, height);
  const pad = (length: number) => Math.ceil(Math.round(length * scale) / 32) * 32;
  await run(models.detector, [1, 3, pad(height), pad(width)]);
}

async function run(model: OnnxModel, dims: readonly number[]): Promise<void> {
  await model.run(noise(dims), dims);
}

/** A model's time depends on its input: some take only half for all zeros. */
function noise(dims: readonly number[]): Float32Array {
  const length = dims.reduce((product, size) => product * size, 1);
  const random = createRandom(1);
  const input = inputs.get(length) ?? Float32Array.from({ length }, () => random() * 2 - 1);
  inputs.set(length, input);
  return input;
}

async function openModels() {
  const open = (name: string) => createOnnxModel(readFileSync(join(settings.packFolder, name)), settings);
  const files = request.files;
  return {
    kind: files.landmarks ? ('ultraface' as const) : ('scrfd' as const),
    detector: await open(files.detector),
    landmarks: files.landmarks ? await open(files.landmarks) : undefined,
    recogniser: await open(files.recogniser),
  };
}

/** The published recogniser, without the rewritten activations of createOnnxModel. */
async function openPublished() {
  const bytes = readFileSync(join(settings.packFolder, request.files.recogniser));
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const [name = ''] = session.inputNames;
  return { run: (data: Float32Array) => session.run({ [name]: new Tensor('float32', data, ALIGNED_DIMS) }) };
}

async function time(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await task();
  return performance.now() - startedAt;
}

async function inTurn<T, R>(items: readonly T[], task: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [index, item] of items.entries()) results.push(await task(item, index));
  return results;
}
