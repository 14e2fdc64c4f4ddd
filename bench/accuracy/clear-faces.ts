// Faces read the wrong way up: npx tsx bench/accuracy/clear-faces.ts FOLDER
// How recognisable a face is for the recogniser when its photo is upright and when it is upside down: clean, blurred, dark and
// small copies of every photo below FOLDER. Clear faces need no second pass (src/worker/vision/detect/confirm-face.ts), so
// nothing upside down may be as clear. Runs the packs with an SCRFD detector; needs FACE_EXTRA_MODELS.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { listRecognisers } from '../../src/shared/models/model-catalogue.js';
import { selectFace } from '../../src/worker/vision/detect/select-face.js';
import { createFaceReader } from '../../src/worker/vision/face/read-face.js';
import { decodeImage } from '../../src/worker/vision/image/decode-image.js';
import { firstLongEdge } from '../../src/worker/vision/image/decode-size.js';
import { createPyramid } from '../../src/worker/vision/image/image-pyramid.js';
import { imageLimitsOf, inspectImage } from '../../src/worker/vision/image/inspect-image.js';
import { loadModelPack, type ModelPack } from '../../src/worker/vision/pack/model-pack.js';
import { rateFace } from '../../src/worker/vision/recognisability/rate-face.js';
import { createStepTimer } from '../../src/worker/vision/step-timer.js';
import { liteSettings } from '../../test/support/photos/vision-settings.js';
import { LITE, makeScrfdPack } from '../speed/packs.js';

/** Recognisability from which the detector takes a face for upright. */
const CLEAR = 0.9;

const COPIES: Readonly<Record<string, (photo: Sharp) => Sharp>> = {
  clean: (photo) => photo,
  blurred: (photo) => photo.blur(2.5),
  dark: (photo) => photo.linear(0.25, 0),
  small: (photo) => photo.resize({ width: 130 }),
};

async function main(): Promise<void> {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error('Name a folder of photos.');
  const scratch = mkdtempSync(join(tmpdir(), 'clear-faces-'));
  const scrfd = makeScrfdPack(scratch);
  if (!scrfd) throw new Error('FACE_EXTRA_MODELS has no SCRFD detector.');
  const settings = liteSettings({ packFolder: join(scrfd.modelsDir, scrfd.model) });
  const pack = await loadModelPack({
    ...settings,
    manifest: { recognisers: listRecognisers(LITE.modelsDir) },
  });
  print('| photos | upright: asked | clear | upside down: asked | clear | most |\n|---|---|---|---|---|---|');
  const photos = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(jpe?g|png|webp)$/i.test(name),
  );
  for (const [name, change] of Object.entries(COPIES)) {
    const upright: number[] = [];
    const turned: number[] = [];
    for (const photo of photos) {
      const bytes = readFileSync(join(folder, photo));
      const plain = await sharp(bytes).autoOrient().toBuffer();
      upright.push(...(await answersFor(await change(sharp(plain)).jpeg().toBuffer(), pack)));
      turned.push(...(await answersFor(await change(sharp(plain).rotate(180)).jpeg().toBuffer(), pack)));
    }
    const clear = (answers: readonly number[]) => answers.filter((answer) => answer >= CLEAR).length;
    const most = Math.max(0, ...turned).toFixed(2);
    print(
      `| ${name} | ${upright.length} | ${clear(upright)} | ${turned.length} | ${clear(turned)} | ${most} |`,
    );
  }
  await pack.close();
  rmSync(scratch, { recursive: true });
}

/** Returns what the recogniser answers to the detector about one photo in its first view, if no answer is ever enough. */
async function answersFor(bytes: Buffer, { detector, ...pack }: ModelPack): Promise<number[]> {
  const settings = liteSettings();
  const info = await inspectImage(bytes, imageLimitsOf(settings));
  const photo = createPyramid(
    await decodeImage(bytes, {
      info,
      maxPixels: settings.maxImagePixels,
      targetLongEdgePx: firstLongEdge(info, settings.detectionSize),
    }),
  );
  const longEdgePx = detector.passes(photo, 0).coarse;
  const faces = await detector.detect(photo, { longEdgePx, quarterTurns: 0 });
  if (faces.length === 0) return [];
  const read = createFaceReader(pack, createStepTimer());
  const answers: number[] = [];
  await detector.confirm(photo, selectFace(faces, 'largest', photo), {
    quarterTurns: 0,
    recognisabilityOf: async (landmarks) => {
      const photoLandmarks = landmarks.map((value) => (value * info.width) / photo.width);
      answers.push(
        rateFace(await read({ source: photo, landmarks, photoLandmarks }), pack.recognisability.score),
      );
      return 0;
    },
  });
  return answers;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
