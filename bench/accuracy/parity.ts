// How close our results are to InsightFace's, with coarse detection off: npx tsx bench/accuracy/parity.ts
// Runs SCRFD-2.5G and the recogniser of `lite` on the photos of FACE_PHOTO_SET, through our code and through the slow
// second implementation in test/support/photos/reference-vision.ts. docs/accuracy.md shows the results; the tests check
// the tolerances. Needs FACE_EXTRA_MODELS.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import sharp from 'sharp';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { createFlatPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { photoSetFolder } from '../../test/support/extra-files.js';
import {
  alignByReference,
  cosine,
  detectByReference,
  embedByReference,
  type ReferenceFace,
} from '../../test/support/photos/reference-vision.js';
import { liteSettings } from '../../test/support/photos/vision-settings.js';
import { makeScrfdPack } from '../speed/packs.js';
import { quantile } from '../speed/statistics.js';

interface Subject {
  readonly ours: ArrayLike<number>;
  readonly theirs: ArrayLike<number>;
}

async function main(): Promise<void> {
  const photos = photoSetFolder();
  const folder = mkdtempSync(join(tmpdir(), 'parity-'));
  const made = makeScrfdPack(folder);
  if (!made) throw new Error('Set FACE_EXTRA_MODELS to a folder with scrfd_2.5g.onnx (CONTRIBUTING.md)');
  const packFolder = join(folder, made.model);
  const pack = await loadModelPack({ ...liteSettings({ packFolder }), manifest: { recognisers: [] } });
  const open = (name: string) => InferenceSession.create(join(packFolder, name), { logSeverityLevel: 3 });
  const detector = await open(made.files.detector);
  const recogniser = await open(made.files.recogniser);
  const errors = { count: [] as number[], box: [] as number[], point: [] as number[] };
  const subjects: Subject[] = [];
  for (const name of readdirSync(photos).filter((file) => /\.jpe?g$/i.test(file))) {
    const pipeline = sharp(join(photos, name)).autoOrient().toColourspace('srgb');
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    const picture = { width: info.width, height: info.height, data };
    const expected = await detectByReference(detector, picture);
    const faces = await pack.detector.detectAsPublished(createFlatPyramid(picture));
    errors.count.push(Math.abs(faces.length - expected.length));
    for (const { box, points } of expected) {
      const found = faces.map((face) => {
        const { x, y, width, height } = face.box;
        return {
          box: greatest([x, y, x + width, y + height], box),
          point: greatest([...face.landmarks], points.flat()),
        };
      });
      const nearest = found.toSorted((one, other) => one.box - other.box)[0];
      errors.box.push(nearest?.box ?? Number.POSITIVE_INFINITY);
      errors.point.push(nearest?.point ?? Number.POSITIVE_INFINITY);
    }
    const largest = expected.toSorted((one, other) => areaOf(other) - areaOf(one))[0];
    if (!largest || faces.length === 0) continue;
    const theirs = await embedByReference(recogniser, alignByReference(picture, largest));
    subjects.push({ ours: await embedOurs(picture, pack, packFolder), theirs });
  }
  report(errors, subjects);
  await pack.close();
  rmSync(folder, { recursive: true });
}

/** Embeds a lossless copy, so that both sides get the same pixels, whatever the decoder. */
async function embedOurs(
  { width, height, data }: { width: number; height: number; data: Uint8Array },
  pack: ModelPack,
  packFolder: string,
): Promise<Float32Array> {
  const raw = { width, height, channels: 3 as const };
  const png = await sharp(data, { raw }).png({ compressionLevel: 1 }).toBuffer();
  const settings = liteSettings({
    packFolder,
    coarseDetection: false,
    minFaceSizePx: 0,
    recognisability: 'off',
  });
  return (await analyseImage(png, pack, settings)).embedding;
}

function report(
  errors: Readonly<Record<'count' | 'box' | 'point', readonly number[]>>,
  subjects: readonly Subject[],
): void {
  const own = subjects.map(({ ours, theirs }) => 1 - cosine(ours, theirs));
  const between = subjects.flatMap((one, i) =>
    subjects
      .slice(0, i)
      .map((other) => Math.abs(cosine(one.ours, other.ours) - cosine(one.theirs, other.theirs))),
  );
  print('faces more or fewer in a photo', errors.count);
  print('box edge, px of the photo', errors.box);
  print('landmark, px of the photo', errors.point);
  print('1 - similarity of our embedding to the reference’s', own);
  print('similarity of a pair', between);
}

function print(name: string, values: readonly number[]): void {
  const at = (part: number) => quantile(values, part).toFixed(5);
  process.stdout.write(`${name}: median ${at(0.5)}, 95 % ${at(0.95)}, most ${at(1)} of ${values.length}\n`);
}

const greatest = (values: readonly number[], expected: readonly number[]): number =>
  Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));

const areaOf = ({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }: ReferenceFace): number => (x2 - x1) * (y2 - y1);

await main();
