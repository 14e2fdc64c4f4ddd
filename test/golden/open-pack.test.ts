import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { createFlatPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { deriveModel } from '../../src/worker/vision/onnx/derive-model.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { derivedName } from '../../src/worker/vision/pack/verify-pack.js';
import type { FaceAnalysis, VisionSettings } from '../../src/worker/vision/types.js';
import {
  cropFace,
  OTHER_PERSON,
  photoWithoutFace,
  SAME_PERSON,
  SAMPLE_FACES,
  type SampleFace,
  type SampleNumber,
  samplePhoto,
} from '../support/photos/photos.js';
import {
  alignByReference,
  cosine,
  embedByReference,
  type Picture,
  type ReferenceFace,
} from '../support/photos/reference-vision.js';
import { detectByReferenceYunet } from '../support/photos/reference-yunet.js';
import { hasOpen, liteSettings, OPEN_FOLDER, openManifest } from '../support/photos/vision-settings.js';

/** Cosine of the two photos of one woman, and of two women. */
const MATED = 0.68;
const NON_MATED = -0.06;

const settings = (changes: Partial<VisionSettings> = {}) =>
  liteSettings({ packFolder: OPEN_FOLDER, ...changes });

// PyPI and GitHub are not among the sources of `npm test`: without the pack these tests skip.
describe.skipIf(!hasOpen)('the pack open', () => {
  let pack: ModelPack;
  let portrait: FaceAnalysis;

  const analyse = (bytes: Uint8Array, changes: Partial<VisionSettings> = {}) =>
    analyseImage(bytes, pack, settings(changes));
  const similarityTo = async (bytes: Uint8Array, one = portrait): Promise<number> =>
    compareEmbeddings((await analyse(bytes)).embedding, one.embedding);

  beforeAll(async () => {
    pack = await loadModelPack({ ...settings(), manifest: openManifest() });
    portrait = await analyse(await cropFace(SAME_PERSON[1]));
  });
  afterAll(() => pack.close());

  it('gives 128 numbers of length 1', () => {
    expect(portrait.embedding).toHaveLength(128);
    expect(cosine(portrait.embedding, portrait.embedding)).toBeCloseTo(1, 6);
    expect(portrait.warnings).toEqual([]);
  });

  it('gives the similarities of known pairs', async () => {
    const [first] = SAME_PERSON;

    expect(await similarityTo(await cropFace(first))).toBeCloseTo(MATED, 1);
    expect(await similarityTo(await cropFace(OTHER_PERSON))).toBeCloseTo(NON_MATED, 1);
  });

  it('never takes two women of the samples for one person', async () => {
    const faces: (SampleFace & { analysis: FaceAnalysis })[] = [];
    for (const face of SAMPLE_FACES) {
      const analysis = await analyse(await cropFace(face), { recognisability: 'off' });
      faces.push({ ...face, analysis });
    }
    const [one, other] = SAME_PERSON.map((face) => SAMPLE_FACES.indexOf(face));

    for (let i = 0; i < faces.length; i++) {
      for (let j = i + 1; j < faces.length; j++) {
        if (i === one && j === other) continue;
        const [left, right] = [faces[i]?.analysis.embedding, faces[j]?.analysis.embedding];
        if (left && right) expect(compareEmbeddings(left, right)).toBeLessThan(0.5);
      }
    }
    expect(faces).toHaveLength(22);
  });

  it.each([
    ['mirrored', { mirrored: true }, 0.93],
    ['300 px wide', { widthPx: 300 }, 0.97],
    ['120 px wide', { widthPx: 120 }, 0.92],
    ['compressed to quality 40', { quality: 40 }, 0.97],
    ['grey', { grey: true }, 0.86],
  ])('knows a face %s', async (_how, options, least) => {
    expect(await similarityTo(await cropFace(SAME_PERSON[1], options))).toBeGreaterThan(least);
  });

  it.each([90, 180, 270])('knows a face turned by %i° without EXIF', async (degrees) => {
    const turned = await sharp(await cropFace(SAME_PERSON[1]))
      .rotate(degrees)
      .toBuffer();
    const analysis = await analyse(turned);

    expect(analysis.warnings).toEqual([`rotated_${360 - degrees}`]);
    expect(compareEmbeddings(analysis.embedding, portrait.embedding)).toBeGreaterThan(0.93);
  });

  it('finds no face in pictures without one', async () => {
    await expect(analyse(await photoWithoutFace())).rejects.toMatchObject({ code: 'face_not_found' });
  });

  it.each([1, 3, 5] as const)(
    'finds in photo %i every face where a plain second one finds it',
    async (photo) => {
      const picture = await readPicture(photo);
      const session = await openSession('face_detection_yunet_2023mar_int8bq.onnx');
      const expected = await detectByReferenceYunet(session, picture, 0.6);
      await session.release();

      const faces = await pack.detector.detectAsPublished(createFlatPyramid(picture));

      expect(faces).toHaveLength(expected.length);
      expect(faces).toHaveLength(SAMPLE_FACES.filter((face) => face.photo === photo).length);
      for (const [index, face] of faces.entries()) {
        const { x, y, width, height } = face.box;
        expect(face.score).toBeCloseTo(expected[index]?.score ?? Number.NaN, 2);
        expect(largestDifference([x, y, x + width, y + height], expected[index]?.box)).toBeLessThan(1);
        expect(largestDifference([...face.landmarks], expected[index]?.points.flat())).toBeLessThan(0.5);
      }
    },
  );

  it('gives the similarities that a plain second implementation gives', async () => {
    const detector = await openSession('face_detection_yunet_2023mar_int8bq.onnx');
    const recogniser = await openSession('face_recognition_sface_2021dec_int8bq.onnx');
    const ours: Float32Array[] = [];
    const theirs: number[][] = [];
    for (const photo of [1, 3, 5] as const) {
      const picture = await readPicture(photo);
      const { width, height, data } = picture;
      const png = await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      ours.push((await analyse(png, { coarseDetection: false, recognisability: 'off' })).embedding);
      const aligned = alignByReference(
        picture,
        largestOf(await detectByReferenceYunet(detector, picture, 0.6)),
      );
      theirs.push(await embedByReference(recogniser, aligned, { mean: 0, std: 1 }));
    }
    await Promise.all([detector.release(), recogniser.release()]);

    for (const [i, one] of ours.entries()) {
      expect(cosine(one, theirs[i] ?? [])).toBeGreaterThan(0.995);
      for (const [j, other] of ours.entries()) {
        const expected = cosine(theirs[i] ?? [], theirs[j] ?? []);
        expect(Math.abs(cosine(one, other) - expected)).toBeLessThan(0.005);
      }
    }
  });

  it('loads files that can be derived from its sources again, byte for byte', () => {
    for (const { name, derived } of openManifest().files) {
      const source = readFileSync(join(OPEN_FOLDER, name));
      const made = deriveModel(source, { freeInputSize: derived?.free_input_size });

      expect(hash('sha256', made ?? source)).toBe(derived?.sha256);
    }
  });
});

function openSession(name: string): Promise<InferenceSession> {
  const path = join(OPEN_FOLDER, derivedName(name));
  return InferenceSession.create(path, { logSeverityLevel: 3, intraOpNumThreads: 1 });
}

async function readPicture(photo: SampleNumber): Promise<Picture> {
  const { data, info } = await sharp(samplePhoto(photo)).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function largestOf(faces: readonly ReferenceFace[]): ReferenceFace {
  const area = ({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }: ReferenceFace) => (x2 - x1) * (y2 - y1);
  return faces.reduce((largest, face) => (area(face) > area(largest) ? face : largest));
}

function largestDifference(actual: readonly number[], expected: readonly number[] = []): number {
  return Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] ?? Number.NaN))));
}
