// Turned and cropped photos: npx tsx bench/accuracy/robustness.ts [--published]
// Turns each photo of FACE_PHOTO_SET by quarter turns without EXIF, crops it more and more closely to the face, and
// compares the result with the original: how often the same face is found, and how similar it stays. Runs `lite`, `open` if
// it was fetched and, if FACE_EXTRA_MODELS has the detector, SCRFD-2.5G with the recogniser of `lite`. docs/accuracy.md
// shows the results. --published: coarse detection off. --pack: only this one.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { listRecognisers, readManifest } from '../../src/shared/models/model-catalogue.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { Box, FaceAnalysis, VisionSettings } from '../../src/worker/vision/types.js';
import { photoSetFolder } from '../../test/support/extra-files.js';
import { liteSettings } from '../../test/support/photos/vision-settings.js';
import { findOpenPack, LITE, makeScrfdPack, type Pack } from '../speed/packs.js';
import { quantile } from '../speed/statistics.js';

/** A copy of a photo, cropped and then turned. */
interface Variant {
  /** Margin around the face's box, as a fraction of its longer edge. Absent: the whole photo. */
  readonly margin?: number;
  /** Clockwise, without EXIF. */
  readonly degrees: 0 | 90 | 180 | 270;
}

/**
 * Mean distance of the five points from their original positions, as a fraction of the box's longer edge, up to which it is
 * the same face in the same pose. The same pose measured up to 0.027; the same face upside down 0.4, on its side at least
 * 0.17, the next face in a group more than 0.7.
 */
const SAME_FACE_DISTANCE = 0.1;

/** Unusual results listed for each variant at most. */
const MAX_ODD = 5;

const TURNS = [0, 90, 180, 270] as const;
const MARGINS = [0.5, 0.25, 0.1, 0] as const;

const VARIANTS: readonly Variant[] = [
  ...TURNS.map((degrees) => ({ degrees })),
  ...MARGINS.map((margin) => ({ margin, degrees: 0 as const })),
  ...TURNS.slice(1).map((degrees) => ({ margin: 0, degrees })),
];

interface Outcome {
  readonly photo: string;
  /** `same` or `other` for the face, or the error code. */
  readonly found: string;
  readonly similarity: number | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { published: { type: 'boolean', default: false }, pack: { type: 'string' } },
  });
  const photos = readPhotos(photoSetFolder());
  const folder = mkdtempSync(join(tmpdir(), 'robustness-'));
  try {
    const scrfd = makeScrfdPack(folder);
    for (const pack of [LITE, findOpenPack(), scrfd]) {
      const isWanted = pack && (!values.pack || pack.name === values.pack);
      if (isWanted) await measurePack(pack, photos, !values.published);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readPhotos(folder: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

async function measurePack(
  { name, model, modelsDir }: Pack,
  photos: ReadonlyMap<string, Buffer>,
  coarseDetection: boolean,
): Promise<void> {
  const settings = liteSettings({ packFolder: join(modelsDir, model), coarseDetection });
  const manifest = readManifest(modelsDir, model) ?? { recognisers: listRecognisers(LITE.modelsDir) };
  const pack = await loadModelPack({ ...settings, manifest });
  const originals = new Map<string, FaceAnalysis>();
  for (const [photo, bytes] of photos) {
    const { analysis, code } = await analyse(bytes, pack, settings);
    if (analysis) originals.set(photo, analysis);
    else print(`${photo}: ${code}`);
  }
  print(`\n${name}: ${originals.size} of ${photos.size} photos have a face\n`);
  print('| | found | the same face | similarity: least | 5 % | median |\n|---|---|---|---|---|---|');
  const odd: string[] = [];
  for (const variant of VARIANTS) {
    const outcomes: Outcome[] = [];
    for (const [photo, original] of originals) {
      const bytes = await makeVariant(photos.get(photo) ?? Buffer.alloc(0), original, variant);
      const { analysis, code } = await analyse(bytes, pack, settings);
      outcomes.push({ photo, ...judge(original, variant, analysis), ...(code && { found: code }) });
    }
    print(describe(nameOf(variant), outcomes));
    odd.push(
      ...outcomes
        .filter(isOdd)
        .slice(0, MAX_ODD)
        .map((outcome) => describeOdd(nameOf(variant), outcome)),
    );
  }
  print(`\n${odd.join('\n')}`);
  await pack.close();
}

async function analyse(bytes: Buffer, pack: ModelPack, settings: VisionSettings) {
  try {
    return { analysis: await analyseImage(bytes, pack, settings), code: undefined };
  } catch (error) {
    const { code } = error as { code?: string };
    if (!code) throw error;
    return { analysis: undefined, code };
  }
}

function judge(
  original: FaceAnalysis,
  variant: Variant,
  analysis: FaceAnalysis | undefined,
): Pick<Outcome, 'found' | 'similarity'> {
  if (!analysis) return { found: 'none', similarity: undefined };
  const { landmarks } = analysis.face;
  const { box } = original.face;
  const cut = cutOf(original, variant);
  let distance = 0;
  for (let i = 0; i < landmarks.length; i += 2) {
    const [x, y] = toOriginal(landmarks[i] ?? 0, landmarks[i + 1] ?? 0, { cut, degrees: variant.degrees });
    distance +=
      Math.hypot(x - (original.face.landmarks[i] ?? 0), y - (original.face.landmarks[i + 1] ?? 0)) / 5;
  }
  const isSame = distance <= SAME_FACE_DISTANCE * Math.max(box.width, box.height);
  return {
    found: isSame ? 'same' : 'other',
    similarity: compareEmbeddings(original.embedding, analysis.embedding),
  };
}

async function makeVariant(photo: Buffer, original: FaceAnalysis, variant: Variant): Promise<Buffer> {
  const { x, y, width, height } = cutOf(original, variant);
  // In two steps, because sharp would otherwise turn before it crops.
  const cut = await sharp(photo).autoOrient().extract({ left: x, top: y, width, height }).png().toBuffer();
  return sharp(cut).rotate(variant.degrees).jpeg({ quality: 95 }).toBuffer();
}

/** Maps a point of a variant to the upright original. */
function toOriginal(
  x: number,
  y: number,
  { cut, degrees }: { cut: Box; degrees: Variant['degrees'] },
): readonly [number, number] {
  switch (degrees) {
    case 0:
      return [cut.x + x, cut.y + y];
    case 90:
      return [cut.x + y, cut.y + cut.height - x];
    case 180:
      return [cut.x + cut.width - x, cut.y + cut.height - y];
    case 270:
      return [cut.x + cut.width - y, cut.y + x];
  }
}

/** Returns the part of the original that a variant shows, in whole pixels. */
function cutOf({ face: { box }, width, height }: FaceAnalysis, { margin }: Variant): Box {
  if (margin === undefined) return { x: 0, y: 0, width, height };
  const space = margin * Math.max(box.width, box.height);
  const x = Math.max(0, Math.round(box.x - space));
  const y = Math.max(0, Math.round(box.y - space));
  const right = Math.min(width, Math.round(box.x + box.width + space));
  const bottom = Math.min(height, Math.round(box.y + box.height + space));
  return { x, y, width: right - x, height: bottom - y };
}

function nameOf({ margin, degrees }: Variant): string {
  const turn = degrees === 0 ? [] : [`turned by ${degrees}°`];
  if (margin === undefined) return turn[0] ?? 'saved again';
  const cut = margin === 0 ? "cut to the face's box" : `cut to ${margin * 100} % around the face`;
  return [cut, ...turn].join(', ');
}

function describe(name: string, outcomes: readonly Outcome[]): string {
  const similarities = outcomes.flatMap(({ similarity }) => similarity ?? []);
  const at = (part: number) => quantile(similarities, part).toFixed(3);
  const same = outcomes.filter(({ found }) => found === 'same').length;
  const share = (count: number) => `${count} (${((100 * count) / outcomes.length).toFixed(1)} %)`;
  return `| ${name} | ${share(similarities.length)} | ${share(same)} | ${at(0)} | ${at(0.05)} | ${at(0.5)} |`;
}

const isOdd = ({ found, similarity = 0 }: Outcome): boolean => found !== 'same' || similarity < 0.5;

const describeOdd = (variant: string, { photo, found, similarity }: Outcome): string =>
  `${photo}, ${variant}: ${found}${similarity === undefined ? '' : `, ${similarity.toFixed(2)}`}`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
