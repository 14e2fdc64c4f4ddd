// Small faces in 12-megapixel photos: npx tsx bench/accuracy/small-faces.ts
// Scales each of the 22 faces of the test photos to several widths and pastes it into a 4000 × 3000 px photo without a
// face: how often the face is found in its place, and how similar it stays to the original. Runs `lite`, `open` if it
// was fetched and, if FACE_EXTRA_MODELS has the detector, SCRFD-2.5G with the recogniser of `lite`. The recognisability
// check is off. docs/accuracy.md shows the results.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { listRecognisers, readManifest } from '../../src/shared/models/model-catalogue.js';
import { analyseImage } from '../../src/worker/vision/analyse-image.js';
import { compareEmbeddings } from '../../src/worker/vision/face/compare-embeddings.js';
import { loadModelPack, type PackOptions } from '../../src/worker/vision/pack/model-pack.js';
import type { VisionSettings } from '../../src/worker/vision/types.js';
import {
  cropFace,
  photoWithoutFace,
  SAMPLE_FACES,
  type SampleFace,
} from '../../test/support/photos/photos.js';
import { liteManifest, liteSettings } from '../../test/support/photos/vision-settings.js';
import { findOpenPack, makeScrfdPack } from '../speed/packs.js';
import { quantile } from '../speed/statistics.js';

const PHOTO = { width: 4000, height: 3000 };
/** Errors that count as not found. */
const NOT_FOUND = new Set(['face_not_found', 'face_too_small', 'low_quality']);
const FACE_WIDTHS_PX = [640, 320, 160, 120, 80, 60] as const;

/** A photo with one face, at a different place for each face. */
interface Scene {
  readonly bytes: Buffer;
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'small-faces-'));
  const scrfd = makeScrfdPack(folder);
  const folderPack = { recognisers: listRecognisers('models') };
  try {
    await measurePack('lite', liteSettings(), liteManifest());
    const open = findOpenPack();
    if (open) {
      const settings = liteSettings({ packFolder: join(open.modelsDir, open.model) });
      await measurePack('open', settings, readManifest(open.modelsDir, open.model) ?? folderPack);
    }
    if (scrfd)
      await measurePack('scrfd_2.5g', liteSettings({ packFolder: join(folder, scrfd.model) }), folderPack);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measurePack(
  name: string,
  packSettings: VisionSettings,
  manifest: PackOptions['manifest'],
): Promise<void> {
  // The check would refuse some of the faces as they are, and is measured elsewhere.
  const settings = { ...packSettings, recognisability: 'off' } as const;
  const pack = await loadModelPack({ ...settings, manifest });
  const background = await sharp(await photoWithoutFace())
    .resize(PHOTO)
    .toBuffer();
  print(`\n${name}\n\n| face | found | elsewhere | similarity: least | median |\n|---|---|---|---|---|`);
  for (const widthPx of FACE_WIDTHS_PX) {
    const similarities: number[] = [];
    let elsewhere = 0;
    for (const [index, face] of SAMPLE_FACES.entries()) {
      const original = await analyseImage(await cropFace(face), pack, settings);
      const { bytes, left, top, side } = await makeScene(background, face, { index, widthPx });
      const found = await analyseImage(bytes, pack, settings).catch((error: { code?: string }) => {
        if (!NOT_FOUND.has(error.code ?? '')) throw error;
      });
      if (!found) continue;
      const { x, y } = found.face.box;
      const isThere = x >= left - 5 && y >= top - 5 && x < left + side && y < top + side;
      if (!isThere) elsewhere += 1;
      else similarities.push(compareEmbeddings(found.embedding, original.embedding));
    }
    const at = (part: number) => quantile(similarities, part).toFixed(3);
    const found = `${similarities.length} of ${SAMPLE_FACES.length}`;
    print(`| ${widthPx} px | ${found} | ${elsewhere} | ${at(0)} | ${at(0.5)} |`);
  }
  await pack.close();
}

async function makeScene(
  background: Buffer,
  face: SampleFace,
  { index, widthPx }: { index: number; widthPx: number },
): Promise<Scene> {
  const crop = sharp(await cropFace(face));
  const { width, height } = await crop.metadata();
  const scale = widthPx / (face.box[2] - face.box[0]);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const left = 200 + ((index * 131) % (PHOTO.width - size.width - 300));
  const top = 200 + ((index * 97) % (PHOTO.height - size.height - 300));
  const input = await crop.resize(size).toBuffer();
  const bytes = await sharp(background).composite([{ input, left, top }]).jpeg({ quality: 92 }).toBuffer();
  return { bytes, left, top, side: Math.max(size.width, size.height) };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
