import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { UserError } from '../../../src/cli/user-error.js';
import { packName, readManifest } from '../../../src/shared/models/model-catalogue.js';
import { loadModelPack } from '../../../src/worker/vision/pack/model-pack.js';
import { storeNumbers } from '../../../src/worker/vision/recognisability/float-text.js';
import { storeRating } from '../../../src/worker/vision/recognisability/recognisability-data.js';
import { loadToolConfig } from '../../open-vision.js';
import { listPhotos } from '../plan/list-photos.js';
import { createRandom } from '../plan/random.js';
import {
  createTable,
  formatTable,
  type Judged,
  judgeExamples,
  type LabelledExample,
} from './acceptance-table.js';
import { fitGeneral, fitRecognisability, partOf } from './fit-recognisability.js';
import { measureFaces, type PersonPhoto } from './measure-faces.js';
import { countMatchingRequests, countMated } from './whole-requests.js';

export interface RecognisabilityOptions {
  /** A folder of photos, a person each, or of a folder for each person. */
  readonly folder: string;
  readonly pack: string | undefined;
  readonly out: string | undefined;
  readonly datasetName: string;
  readonly threshold: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Shares of clean photos of unseen persons that may score below each limit. */
const REFUSED = { standard: 0.005, strict: 0.03, clear: 0.08 };

/** Requests of four faces drawn at random. */
const REQUESTS = 10_000;

/** Fewer persons than this say nothing of 512 dimensions. */
const LEAST_PERSONS = 40;

/**
 * Makes the `recognisability` block of a manifest, and measures on the other half of the persons what a block made from
 * one half is worth. @throws UserError; the signal's reason when it aborts.
 */
export async function measureRecognisability(options: RecognisabilityOptions): Promise<void> {
  const { say, signal, seed } = options;
  const photos = listPersons(options.folder);
  const persons = new Set(photos.map(({ person }) => person)).size;
  say(`${photos.length} photos of ${persons} persons.`);
  if (persons < LEAST_PERSONS) throw new UserError(`It takes ${LEAST_PERSONS} persons or more, better 400.`);
  const { config } = loadToolConfig(options.pack);
  const { settings } = config.vision;
  const pack = await loadModelPack({
    ...settings,
    manifest: readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL),
  });
  const examples: LabelledExample[] = [];
  try {
    let done = 0;
    for await (const faces of measureFaces(photos, { pack, settings, seed, signal })) {
      examples.push(...faces);
      done += 1;
      if (done % 25 === 0) say(`${done} of ${photos.length} photos, ${examples.length} faces.`);
    }
  } finally {
    await pack.close();
  }
  const half = fitRecognisability(
    examples.filter(({ person }) => partOf(person, 2) === 0),
    REFUSED,
  );
  const unseen = judgeExamples(
    examples.filter(({ person }) => partOf(person, 2) === 1),
    half,
  );
  const table = describeResult(unseen, options);
  say(table);
  const out = options.out ?? join('evaluation', `recognisability-${packName(config.INSIGHTFACE_MODEL)}`);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'acceptance.md'), table);
  writeFileSync(join(out, 'recognisability.json'), JSON.stringify(blockOf(examples, options), undefined, 2));
  // The worker's general-data.ts, for packs without a block, was made so.
  writeFileSync(join(out, 'general.json'), JSON.stringify(generalOf(examples), undefined, 2));
  say(`The block for the manifest, made from all persons: ${join(out, 'recognisability.json')}`);
}

/** Everything that a block made from one half is worth on the other. */
function describeResult(unseen: readonly Judged[], { threshold, seed }: RecognisabilityOptions): string {
  const clean = unseen.filter(({ kind }) => kind === 'clean');
  const refused = clean.filter(({ usable }) => !usable).length;
  const mated = countMated(unseen, threshold);
  const draw = { count: REQUESTS, threshold, random: createRandom(seed) };
  const garbage = unseen.filter(({ kind }) => kind === 'garbage');
  const bad = unseen.filter(({ kind }) => kind !== 'clean');
  return [
    formatTable(createTable(unseen, threshold)),
    `Good photos refused: ${refused} of ${clean.length}.`,
    `Mated pairs: ${mated.pairs}; not matching before ${mated.nonMatchingBefore}, now ${mated.nonMatching}, refused ${mated.refused}.`,
    `Mated pairs lost when one side is spoilt: ${mated.lost}, of them told as such: ${mated.told}.`,
    `Whole requests of ${REQUESTS} that match: ${countMatchingRequests(garbage, draw)} of garbage, ${countMatchingRequests(bad, draw)} of spoilt photos and garbage.`,
    '',
  ].join('\n');
}

/** Returns the general model in the form of the worker's general-data.ts, with the appearance as text. */
function generalOf(examples: readonly LabelledExample[]): object {
  const { limits, score } = fitGeneral(examples, REFUSED);
  const { appearance } = score;
  return { limits, score: { ...score, ...(appearance && { appearance: storeNumbers(appearance) }) } };
}

function blockOf(examples: readonly LabelledExample[], { datasetName }: RecognisabilityOptions): object {
  const { limits, score, notAFace, covered } = fitRecognisability(examples, REFUSED);
  const garbage = examples.filter(({ kind }) => kind === 'garbage').length;
  return {
    dataset: datasetName,
    persons: new Set(examples.filter(({ kind }) => kind === 'clean').map(({ person }) => person)).size,
    faces: examples.length - garbage,
    garbage,
    date: new Date().toISOString().slice(0, 10),
    source: 'made with npm run evaluate -- --recognisability',
    limits,
    score: storeRating(score),
    ...(notAFace && { not_a_face: storeRating(notAFace) }),
    ...(covered && { covered: storeRating(covered) }),
  };
}

function listPersons(folder: string): readonly PersonPhoto[] {
  const root = resolve(folder);
  const entries = readdirSync(root, { withFileTypes: true });
  if (entries.some((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
    return listPhotos(root).flatMap(({ name, photos }) =>
      photos.map((photo) => ({ person: name, path: join(root, photo) })),
    );
  }
  return entries
    .filter(({ name }) => /\.(jpe?g|png|webp)$/i.test(name))
    .map(({ name }) => ({ person: basename(name, extname(name)), path: join(root, name) }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
