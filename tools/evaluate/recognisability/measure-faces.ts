import { readFileSync } from 'node:fs';
import { toVerificationError } from '../../../src/shared/errors.js';
import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import { type ExaminedFace, examineFace } from '../../../src/worker/vision/face/examine-face.js';
import type { ModelPack } from '../../../src/worker/vision/pack/model-pack.js';
import type { FaceEvidence } from '../../../src/worker/vision/recognisability/rate-face.js';
import type { VisionSettings } from '../../../src/worker/vision/types.js';
import { createRandom } from '../plan/random.js';
import type { LabelledExample } from './acceptance-table.js';
import { drawGarbage, type Picture, spoilPhoto } from './make-pictures.js';

export interface PersonPhoto {
  readonly person: string;
  readonly path: string;
}

export interface Workplace {
  readonly pack: ModelPack;
  readonly settings: VisionSettings;
  readonly seed: number;
}

/** Pictures without a person per photo. */
const GARBAGE_PER_PHOTO = 2;

/** Yields what is measured of each photo, spoilt in several ways, and of pictures of no face, one photo after the other. */
export async function* measureFaces(
  photos: readonly PersonPhoto[],
  workplace: Workplace,
): AsyncGenerator<readonly LabelledExample[]> {
  for (const [index, photo] of photos.entries()) {
    yield [...(await measurePhoto(photo, index, workplace)), ...(await measureGarbage(index, workplace))];
  }
}

async function measurePhoto(
  { person, path }: PersonPhoto,
  index: number,
  workplace: Workplace,
): Promise<readonly LabelledExample[]> {
  const bytes = readFileSync(path);
  const whole = await examine(bytes, workplace);
  if (!whole) return [];
  const facts = { person, photo: index };
  const faces: LabelledExample[] = [
    describe(whole, { ...facts, label: 'photo', family: 'clean', kind: 'clean', similarity: 1 }),
  ];
  const random = createRandom(workplace.seed * 1_000_003 + index);
  for await (const picture of spoilPhoto(bytes, whole, random)) {
    const face = await examine(picture.bytes, workplace);
    if (!face) continue;
    const { label, family, kind } = picture;
    const similarity = kind === 'garbage' ? 0 : compareEmbeddings(face.embedding, whole.embedding);
    faces.push(describe(face, { ...facts, label, family, kind, similarity }));
  }
  return faces;
}

async function measureGarbage(index: number, workplace: Workplace): Promise<readonly LabelledExample[]> {
  const random = createRandom(workplace.seed * 1_000_003 + 500_000 + index);
  const faces: LabelledExample[] = [];
  for (let count = 0; count < GARBAGE_PER_PHOTO; count++) {
    const picture: Picture = await drawGarbage(random);
    const face = await examine(picture.bytes, workplace);
    if (!face) continue;
    const { label, family, kind } = picture;
    const person = `garbage ${index} ${count}`;
    faces.push(describe(face, { label, family, kind, person, photo: -1, similarity: 0 }));
  }
  return faces;
}

/** Returns undefined if no face is found: nobody can be mistaken for it. */
async function examine(bytes: Uint8Array, workplace: Workplace): Promise<ExaminedFace | undefined> {
  try {
    return await examineFace(bytes, workplace);
  } catch (error) {
    const { code } = toVerificationError(error);
    if (code === 'internal' || code === 'model_failure') throw error;
    return undefined;
  }
}

function describe(
  { features, appearance, embedding }: ExaminedFace,
  facts: Omit<LabelledExample, keyof FaceEvidence>,
): LabelledExample {
  return { features, appearance, embedding, ...facts };
}
