import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeNumbers } from '../../../src/worker/vision/recognisability/float-text.js';
import type { RecognisabilityData } from '../../../src/worker/vision/recognisability/rate-face.js';
import { storeRating } from '../../../src/worker/vision/recognisability/recognisability-data.js';
import { createRandom } from '../plan/random.js';
import {
  createTable,
  formatTable,
  type Judged,
  judgeExamples,
  type LabelledExample,
} from './acceptance-table.js';
import { fitGeneral, fitRecognisability, foldOf } from './fit-recognisability.js';
import { countMatchingRequests, countMated } from './whole-requests.js';

interface ReportOptions {
  readonly datasetName: string;
  readonly threshold: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** What the pack has now. */
  readonly data: RecognisabilityData;
  /** Folder of the results. */
  readonly out: string;
}

/** Requests of four faces drawn at random. */
const REQUESTS = 10_000;

/**
 * Writes what the check is worth: with the pack's data on all photos, and with data made from the photos, each person
 * judged by data made without that person. Writes the latter data, made from all persons, as a block for a manifest.
 */
export function reportRecognisability(examples: readonly LabelledExample[], options: ReportOptions): void {
  const { say, out } = options;
  const tables: string[] = [];
  const report = (title: string, dataOf: (person: string) => RecognisabilityData) => {
    const table = `## ${title}\n\n${describeResult(judgeExamples(examples, dataOf), options)}`;
    tables.push(table);
    say(table);
  };
  report('With the data that the pack has now', () => options.data);
  const fitted = fitRecognisability(examples);
  report('With a block made from other persons', (person) => fitted.folds[foldOf(person)]!);
  const general = fitGeneral(examples);
  report('With general data made from other persons', (person) => general.folds[foldOf(person)]!);
  const write = (name: string, content: object) =>
    writeFileSync(join(out, name), JSON.stringify(content, undefined, 2));
  writeFileSync(join(out, 'acceptance.md'), tables.join('\n'));
  write('recognisability.json', blockOf(examples, fitted.data, options.datasetName));
  // The source of the worker's general-data.ts, for packs without a block.
  write('general.json', generalOf(general.data));
  say(`The block for the manifest, made from all persons: ${join(out, 'recognisability.json')}`);
}

function describeResult(
  judged: readonly Judged[],
  { threshold, seed }: Pick<ReportOptions, 'threshold' | 'seed'>,
): string {
  const clean = judged.filter(({ kind }) => kind === 'clean');
  const garbage = judged.filter(({ kind }) => kind === 'garbage');
  const bad = judged.filter(({ kind }) => kind !== 'clean');
  const refused = clean.filter(({ usable }) => !usable).length;
  const mated = countMated(judged, threshold);
  const draw = { count: REQUESTS, threshold, random: createRandom(seed) };
  return [
    formatTable(createTable(judged, threshold)),
    `Good photos refused: ${refused} of ${clean.length}.`,
    `Mated pairs: ${mated.pairs}. Without the check ${mated.nonMatchingBefore} do not match; with it ${mated.nonMatching}, and ${mated.untold} are not compared.`,
    `Mated pairs that no longer match when one side is spoilt: ${mated.lost}, of them not compared: ${mated.told}.`,
    `Of ${REQUESTS} whole requests match: ${countMatchingRequests(garbage, draw)} of garbage, ${countMatchingRequests(bad, draw)} of spoilt photos and garbage.`,
    '',
  ].join('\n');
}

/** Returns general data as the worker's general-data.ts has them. */
function generalOf({ limits, score, flawed }: RecognisabilityData): object {
  const store = ({ appearance, ...rating }: RecognisabilityData['score']) => ({
    ...rating,
    ...(appearance && { appearance: storeNumbers(appearance) }),
  });
  return { limits, score: store(score), flawed: store(flawed) };
}

function blockOf(
  examples: readonly LabelledExample[],
  { limits, score, flawed, notAFace, covered }: RecognisabilityData,
  dataset: string,
): object {
  const garbage = examples.filter(({ kind }) => kind === 'garbage').length;
  return {
    dataset,
    persons: new Set(examples.filter(({ kind }) => kind === 'clean').map(({ person }) => person)).size,
    faces: examples.length - garbage,
    garbage,
    date: new Date().toISOString().slice(0, 10),
    source: 'made with npm run evaluate -- --recognisability',
    limits,
    score: storeRating(score),
    flawed: storeRating(flawed),
    ...(notAFace && { not_a_face: storeRating(notAFace) }),
    ...(covered && { covered: storeRating(covered) }),
  };
}
