import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OpenVision } from '../../src/cli/local/open-vision.js';
import { countAllPairs } from './measure/count-all-pairs.js';
import type { EvaluationState } from './measure/evaluation-state.js';
import { type Measurement, measure } from './measure/measure.js';
import { createPairCounter, type PairCounts } from './measure/pair-counter.js';
import { listNeededPhotos, scorePlan } from './measure/score-plan.js';
import { describeConclusion, listMainFigures } from './page/conclusion.js';
import { formatCount } from './page/format-rate.js';
import type { EvaluationPlan } from './plan/evaluation-plan.js';
import type { PhotoGroups } from './plan/read-groups.js';
import { createCalibration } from './results/calibration-block.js';
import { makeThumbnails } from './results/make-thumbnails.js';
import type { FileStamp } from './results/photo-record.js';
import type { EvaluationReport } from './results/report.js';
import { openResultFolder } from './results/result-folder.js';
import { writeReport } from './results/write-report.js';
import { showPhotoProgress } from './show-progress.js';

export interface EvaluationOptions {
  readonly plan: EvaluationPlan;
  /** Current state of each photo's file. */
  readonly stamps: readonly FileStamp[];
  readonly datasetName: string;
  /** Folder for the results; created if it does not exist. */
  readonly out: string;
  /** Threshold in use, 0..1. */
  readonly threshold: number;
  readonly groups: PhotoGroups | undefined;
  readonly pictures: boolean;
  readonly calibration: boolean;
  readonly say: (line: string) => void;
  /** Stops the run between two photos; scores so far are kept. */
  readonly signal: AbortSignal;
}

/**
 * Scores everything that has no score yet, writes the report and returns it. The caller closes `vision`.
 * @throws UserError for problems that the user can fix; the signal's reason if it aborts.
 */
export async function runEvaluation(
  options: EvaluationOptions,
  vision: OpenVision,
): Promise<EvaluationReport> {
  const { plan, stamps, out, say } = options;
  const identity = { photos: plan.root, ...vision.model };
  const { results, state } = await openResultFolder(out, plan, { identity, stamps });
  let counts: PairCounts | undefined;
  try {
    counts = await scoreOpen(options, { vision, state, results });
  } finally {
    await results.close();
  }
  const measurement = measure(plan, state, {
    ...(counts ? { counts } : {}),
    datasetName: options.datasetName,
    source: plan.source,
    model: vision.model,
    threshold: options.threshold,
    groups: options.groups,
    now: new Date(),
  });
  const { worst } = measurement.report;
  const { MAX_IMAGE_PIXELS: maxPixels, IMAGE_FORMATS: formats } = vision.config;
  const sources = { plan, state, readPhoto: photoReader(plan), limits: { maxPixels, formats } };
  const pairs = options.pictures ? [...worst.mated, ...worst.nonMated] : [];
  await finishReport(measurement, await makeThumbnails(pairs, sources), options);
  if (!plan.allPairs) say(`Scores: ${join(out, 'scores.csv')}`);
  return measurement.report;
}

/** Writes the report of a measurement. Prints its conclusion, its main figures and its paths. */
export async function finishReport(
  measurement: Measurement,
  thumbnails: Parameters<typeof writeReport>[2],
  { out, calibration, say }: Pick<EvaluationOptions, 'out' | 'calibration' | 'say'>,
): Promise<void> {
  const { json, page } = await writeReport(out, measurement, thumbnails);
  const { report } = measurement;
  const figures = listMainFigures(report).map(([name, value]) => `  ${name}: ${value}`);
  say(['', describeConclusion(report), ...figures, '', `Report: ${page}`, `Figures: ${json}`].join('\n'));
  if (!calibration) return;
  const path = join(out, 'calibration.json');
  writeFileSync(path, `${JSON.stringify({ calibration: createCalibration(report) }, null, 2)}\n`);
  say(`Calibration for a model manifest: ${path}`);
}

interface OpenRun {
  readonly vision: OpenVision;
  readonly state: EvaluationState;
  readonly results: Awaited<ReturnType<typeof openResultFolder>>['results'];
}

/** Scores what has no score yet. Returns the counts of all pairs if the plan asks for them. */
async function scoreOpen(
  options: EvaluationOptions,
  { vision, state, results }: OpenRun,
): Promise<PairCounts | undefined> {
  const { plan, signal } = options;
  const embeddings = new Map<number, Float32Array>();
  const needed = listNeededPhotos(plan, state).length;
  if (needed === 0) options.say('Everything has been scored already.');
  else await analysePhotos(options, { vision, state, results }, embeddings);
  if (!plan.allPairs) return undefined;
  const { mated, nonMated } = plan.allPairs;
  options.say(`Comparing ${formatCount(mated + nonMated)} pairs.`);
  const counter = createPairCounter(plan, state, options);
  await countAllPairs(plan.personOf, { embeddings, counter, signal });
  return counter.counts();
}

/** Analyses the photos that are needed and, if the plan counts all pairs, adds their embeddings to `embeddings`. */
async function analysePhotos(
  options: EvaluationOptions,
  { vision, state, results }: OpenRun,
  embeddings: Map<number, Float32Array>,
): Promise<void> {
  const { plan, stamps, signal } = options;
  const needed = listNeededPhotos(plan, state).length;
  options.say(`${needed} of ${plan.photos.length} photos to analyse with ${vision.processes} processes.`);
  const progress = showPhotoProgress(needed);
  try {
    await scorePlan(plan, state, {
      results,
      stamps,
      signal,
      onPhoto: progress.advance,
      ...(plan.allPairs
        ? { keepEmbedding: (photo, embedding) => void embeddings.set(photo, embedding) }
        : {}),
      readPhoto: photoReader(plan),
      analyse: (bytes, given) => vision.analyse(bytes, given),
      maxBytes: vision.config.MAX_IMAGE_BYTES,
      // One more than processes, so that the next photo is read from disk while all of them are busy.
      concurrency: vision.processes + 1,
    });
  } finally {
    progress.end();
  }
}

function photoReader({ root }: EvaluationPlan): (name: string) => Promise<Uint8Array> {
  return (name) => readFile(resolve(root, name));
}
