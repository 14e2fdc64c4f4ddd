// Distances of the photo hash: npx tsx bench/accuracy/photo-hash.ts
// Compares each photo of FACE_PHOTO_SET with edited copies of itself, with other photos of the same person and with
// photos of other people. Shows how MAX_HASH_DISTANCE in src/worker/verification/find-duplicates.ts separates these
// groups. docs/accuracy.md shows the results.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { hashDistance, MAX_HASH_DISTANCE } from '../../src/worker/verification/find-duplicates.js';
import { decodeImage } from '../../src/worker/vision/image/decode-image.js';
import { firstLongEdge } from '../../src/worker/vision/image/decode-size.js';
import { createPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { inspectImage } from '../../src/worker/vision/image/inspect-image.js';
import { hashPhoto } from '../../src/worker/vision/image/perceptual-hash.js';
import { photoSetFolder } from '../../test/support/extra-files.js';
import { quantile } from '../speed/statistics.js';

/** The default DETECTION_SIZE, which limits the size that a worker decodes first and hashes. */
const DETECTION_SIZE_PX = 640;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The same shot, saved again or taken a moment later with a moved camera. */
const VARIANTS: Readonly<Record<string, (photo: Sharp, size: Size) => Sharp>> = {
  'JPEG quality 75': (photo) => photo.jpeg({ quality: 75 }),
  'JPEG quality 30': (photo) => photo.jpeg({ quality: 30 }),
  'WebP quality 60': (photo) => photo.webp({ quality: 60 }),
  'half the size': (photo, { width }) => photo.resize(Math.round(width / 2)).jpeg({ quality: 80 }),
  '240 px wide': (photo) => photo.resize(240).jpeg({ quality: 80 }),
  'brighter by 20 %': (photo) => photo.modulate({ brightness: 1.2 }).jpeg({ quality: 80 }),
  'contrast +20 %': (photo) => photo.linear(1.2, -25).jpeg({ quality: 80 }),
  grey: (photo) => photo.greyscale().jpeg({ quality: 80 }),
  'cropped by 2 % a side': (photo, size) => cropSides(photo, size, 0.02),
  'cropped by 5 % a side': (photo, size) => cropSides(photo, size, 0.05),
  'moved by 3 % of the width': (photo, size) => move(photo, size, 0.03),
  'turned by 2°': (photo) => photo.rotate(2, { background: '#777' }).jpeg({ quality: 80 }),
  mirrored: (photo) => photo.flop().jpeg({ quality: 80 }),
};

async function main(): Promise<void> {
  const folder = photoSetFolder();
  const names = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
  const hashes = new Map<string, string>();
  const distances = new Map<string, number[]>();
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    const hash = await hashOf(bytes);
    hashes.set(name, hash);
    const { autoOrient } = await sharp(bytes).metadata();
    for (const [variant, change] of Object.entries(VARIANTS)) {
      const changed = await change(sharp(bytes).autoOrient(), autoOrient).toBuffer();
      add(distances, variant, hashDistance(hash, await hashOf(changed)));
    }
  }
  const mated = readMatedPairs(join(folder, 'master.csv'));
  for (const [index, one] of names.entries()) {
    for (const other of names.slice(0, index)) {
      const kind = mated.has(`${one},${other}`) ? 'another photo of the same person' : 'any other photo';
      add(distances, kind, hashDistance(hashes.get(one) ?? '', hashes.get(other) ?? ''));
    }
  }
  for (const [kind, values] of distances) process.stdout.write(`${describe(kind, values)}\n`);
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const limits = { maxPixels: 50_000_000, formats: ['jpeg', 'webp'] as const };
  const info = await inspectImage(bytes, limits);
  const targetLongEdgePx = firstLongEdge(info, DETECTION_SIZE_PX);
  const image = await decodeImage(bytes, { info, maxPixels: limits.maxPixels, targetLongEdgePx });
  return hashPhoto(createPyramid(image));
}

function cropSides(photo: Sharp, { width, height }: Size, part: number): Sharp {
  const [left, top] = [Math.round(width * part), Math.round(height * part)];
  return photo
    .extract({ left, top, width: width - 2 * left, height: height - 2 * top })
    .jpeg({ quality: 80 });
}

/** Crops a strip from one side and repeats the border on the other: the size stays and the content moves. */
function move(photo: Sharp, { width, height }: Size, part: number): Sharp {
  const strip = Math.max(1, Math.round(width * part));
  return photo
    .extract({ left: strip, top: 0, width: width - strip, height })
    .extend({ right: strip, extendWith: 'copy' })
    .jpeg({ quality: 80 });
}

function readMatedPairs(path: string): ReadonlySet<string> {
  const rows = readFileSync(path, 'utf8').trim().split(/\r?\n/).slice(1);
  const mated = rows.map((row) => row.split(',')).filter(([, , decision]) => decision === 'Yes');
  return new Set(mated.flatMap(([one, other]) => [`${one},${other}`, `${other},${one}`]));
}

function add(distances: Map<string, number[]>, kind: string, distance: number): void {
  const list = distances.get(kind) ?? [];
  list.push(distance);
  distances.set(kind, list);
}

function describe(kind: string, values: readonly number[]): string {
  const at = (part: number): string => String(quantile(values, part)).padStart(3);
  const within = values.filter((distance) => distance <= MAX_HASH_DISTANCE).length;
  const quantiles = `least ${at(0)}  5 % ${at(0.05)}  median ${at(0.5)}  95 % ${at(0.95)}  most ${at(1)}`;
  return `${kind.padEnd(34)} ${quantiles}   ${within} of ${values.length} within ${MAX_HASH_DISTANCE}`;
}

await main();
