import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { createFlatPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import type { FaceAnalysis, FaceDetection } from '../../src/worker/vision/types.js';
import { extraModelOrSkip, findExtraModel } from '../support/extra-files.js';
import { SAMPLE_FACES, type SampleNumber, samplePhoto } from '../support/photos/photos.js';
import {
  alignByReference,
  cosine,
  detectByReference,
  embedByReference,
  type Picture,
  type ReferenceFace,
} from '../support/photos/reference-vision.js';
import { LITE_FOLDER, liteSettings } from '../support/photos/vision-settings.js';

const PHOTOS: readonly SampleNumber[] = [1, 3, 5];

/** Pixels of the whole photo (1920 wide): a fraction of one pixel of the detector's 640. */
const BOX_TOLERANCE_PX = 1;
const POINT_TOLERANCE_PX = 0.5;
const SIMILARITY_TOLERANCE = 0.005;

/** Boxes of photo 3 found by the reference implementation on 2026-11-24: x1, y1, x2, y2. */
const STORED_BOXES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  'scrfd_2.5g.onnx': [
    [589.8, 325.0, 791.7, 603.4],
    [1483.7, 283.4, 1689.8, 575.8],
    [1069.8, 196.8, 1299.1, 507.9],
  ],
  'scrfd_500m.onnx': [
    [592.2, 323.4, 801.6, 600.4],
    [1483.6, 285.0, 1687.5, 577.2],
    [1072.3, 198.9, 1309.2, 514.4],
  ],
};

async function readPicture(photo: SampleNumber): Promise<Picture> {
  const { data, info } = await sharp(samplePhoto(photo)).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const sessionOf = (path: string) =>
  InferenceSession.create(path, { logSeverityLevel: 3, intraOpNumThreads: 1 });

function largestOf(faces: readonly ReferenceFace[]): ReferenceFace {
  const area = ({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }: ReferenceFace) => (x2 - x1) * (y2 - y1);
  return faces.reduce((largest, face) => (area(face) > area(largest) ? face : largest));
}

function boxError(face: FaceDetection, { box }: ReferenceFace): number {
  const { x, y, width, height } = face.box;
  return Math.max(
    ...[x, y, x + width, y + height].map((value, i) => Math.abs(value - (box[i] ?? Number.NaN))),
  );
}

function pointError(face: FaceDetection, { points }: ReferenceFace): number {
  return Math.max(...points.flat().map((value, i) => Math.abs(value - (face.landmarks[i] ?? Number.NaN))));
}

describe.each(['scrfd_500m.onnx', 'scrfd_2.5g.onnx'] as const)('%s with coarse detection off', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'parity-'));
  const settings = liteSettings({ packFolder: folder, coarseDetection: false });
  const pictures = new Map<SampleNumber, Picture>();
  const references = new Map<SampleNumber, ReferenceFace[]>();
  let pack: ModelPack | undefined;
  let recogniser: InferenceSession;

  beforeEach((context) => {
    extraModelOrSkip(name, context);
  });

  beforeAll(async () => {
    const path = findExtraModel(name);
    if (!path) return;
    symlinkSync(path, join(folder, 'det.onnx'));
    symlinkSync(join(LITE_FOLDER, 'fr_feature.onnx'), join(folder, 'rec.onnx'));
    pack = await loadModelPack({ ...settings, manifest: { recognisers: [] } });
    recogniser = await sessionOf(join(LITE_FOLDER, 'fr_feature.onnx'));
    const detector = await sessionOf(path);
    for (const photo of PHOTOS) {
      const picture = await readPicture(photo);
      pictures.set(photo, picture);
      references.set(photo, await detectByReference(detector, picture));
    }
    await detector.release();
  });

  afterAll(async () => {
    await pack?.close();
    await recogniser?.release();
    rmSync(folder, { recursive: true });
  });

  function parts(photo: SampleNumber): { picture: Picture; faces: ReferenceFace[]; loaded: ModelPack } {
    const picture = pictures.get(photo);
    const faces = references.get(photo);
    if (!picture || !faces || !pack) throw new Error('the set-up did not run');
    return { picture, faces, loaded: pack };
  }

  it.for(PHOTOS)('finds every face of photo %i where InsightFace finds it', async (photo) => {
    const { picture, faces: expected, loaded } = parts(photo);

    const faces = await loaded.detector.detectAsPublished(createFlatPyramid(picture));

    expect(faces).toHaveLength(expected.length);
    expect(faces).toHaveLength(SAMPLE_FACES.filter((face) => face.photo === photo).length);
    for (const [index, reference] of expected.entries()) {
      const face = faces[index];
      if (!face) throw new Error('a face is missing');
      expect(boxError(face, reference)).toBeLessThan(BOX_TOLERANCE_PX);
      expect(pointError(face, reference)).toBeLessThan(POINT_TOLERANCE_PX);
      expect(Math.abs(face.score - reference.score)).toBeLessThan(0.005);
    }
  });

  it('finds the faces of photo 3 at the recorded places', async () => {
    const { picture, loaded } = parts(3);

    const faces = await loaded.detector.detectAsPublished(createFlatPyramid(picture));

    for (const stored of STORED_BOXES[name] ?? []) {
      const reference = { box: stored, score: 1, points: [] };
      expect(Math.min(...faces.map((face) => boxError(face, reference)))).toBeLessThan(BOX_TOLERANCE_PX);
    }
  });

  it('finds the same faces with and without padding', async () => {
    const { loaded } = parts(1);
    // 4 : 3, so that its own canvas of 640 × 480 needs no padding; made square by black, it is padded.
    const size = { width: 1600, height: 1200 };
    const cut = sharp(samplePhoto(1)).extract({ left: 0, top: 0, ...size });
    const data = await cut.raw().toBuffer();
    const black = Buffer.alloc(1600 * 400 * 3);
    const square = { width: 1600, height: 1600, data: Buffer.concat([data, black]) };
    const view = { longEdgePx: 640, quarterTurns: 0 } as const;

    const padded = await loaded.detector.detect(createFlatPyramid(square), view);
    const tight = await loaded.detector.detect(createFlatPyramid({ ...size, data }), view);

    expect(padded).toHaveLength(3);
    expect(tight).toHaveLength(3);
    for (const [index, face] of padded.entries()) {
      const points = [0, 2, 4, 6, 8].map((k): [number, number] => [
        tight[index]?.landmarks[k] ?? Number.NaN,
        tight[index]?.landmarks[k + 1] ?? Number.NaN,
      ]);
      expect(pointError(face, { box: [], score: 1, points })).toBeLessThan(POINT_TOLERANCE_PX);
    }
  });

  it('gives the same similarities as InsightFace', async () => {
    const ours: FaceAnalysis[] = [];
    const theirs: number[][] = [];
    for (const photo of PHOTOS) {
      const { picture, faces, loaded } = parts(photo);
      // A lossless copy, so that both sides see the same pixels whatever the decoder.
      const { width, height } = picture;
      const png = await sharp(picture.data, { raw: { width, height, channels: 3 } })
        .png({ compressionLevel: 1 })
        .toBuffer();
      ours.push(await analyseImage(png, loaded, settings));
      theirs.push(await embedByReference(recogniser, alignByReference(picture, largestOf(faces))));
    }

    for (const [i, one] of ours.entries()) {
      expect(cosine(one.embedding, theirs[i] ?? [])).toBeGreaterThan(1 - SIMILARITY_TOLERANCE);
      for (const [j, other] of ours.entries()) {
        const similarity = cosine(one.embedding, other.embedding);
        const expected = cosine(theirs[i] ?? [], theirs[j] ?? []);
        expect(Math.abs(similarity - expected)).toBeLessThan(SIMILARITY_TOLERANCE);
      }
    }
  });
});
