import { mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { openVision } from '../../src/cli/local/open-vision.js';
import { UserError } from '../../src/cli/user-error.js';
import { loadWorkerConfig } from '../../src/shared/config/config.js';
import { packName } from '../../src/shared/models/model-catalogue.js';
import { createState } from './measure/evaluation-state.js';
import { measure } from './measure/measure.js';
import { countPlanned, type EvaluationPlan, type PlanLimits } from './plan/evaluation-plan.js';
import { planFolders } from './plan/plan-folders.js';
import { planLfw } from './plan/plan-lfw.js';
import { readPairsFile } from './plan/plan-pairs-file.js';
import { type PhotoGroups, readGroups } from './plan/read-groups.js';
import { measureRecognisability } from './recognisability/recognisability-command.js';
import { readStamps } from './results/read-stamps.js';
import { finishReport, runEvaluation } from './run-evaluation.js';

/** The arguments of the evaluate command, still unparsed. */
export interface EvaluateArguments {
  readonly pairs?: string | undefined;
  readonly folders?: string | undefined;
  readonly lfw?: string | undefined;
  readonly scores?: string | undefined;
  readonly recognisability?: string | undefined;
  readonly 'pairs-file'?: string | undefined;
  readonly groups?: string | undefined;
  readonly pack?: string | undefined;
  readonly out?: string | undefined;
  readonly dataset?: string | undefined;
  readonly threshold?: string | undefined;
  readonly 'max-listed': string;
  readonly 'max-verifications': string;
  readonly seed: string;
  readonly pictures: boolean;
  readonly calibration: boolean;
}

export interface EvaluateContext {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const SOURCES = ['pairs', 'folders', 'lfw', 'scores', 'recognisability'] as const;

/**
 * Runs the evaluation described by the arguments.
 * @throws UserError for problems that the user can fix; ConfigError; the signal's reason if it aborts.
 */
export async function evaluate(args: EvaluateArguments, context: EvaluateContext): Promise<void> {
  const source = readSource(args);
  const limits = readLimits(args);
  const threshold = readThreshold(args.threshold);
  const datasetName = args.dataset ?? basename(resolve(source.path)).replace(/\.csv$/i, '');
  if (source.kind === 'recognisability') {
    const { pack, out } = args;
    const seed = limits.seed;
    return measureRecognisability({
      ...context,
      folder: source.path,
      pack,
      out,
      datasetName,
      threshold,
      seed,
    });
  }
  const { pictures, calibration } = args;
  if (source.kind === 'scores') {
    const out = args.out ?? join('evaluation', datasetName);
    const { groups } = args;
    await reportScores(source.path, { ...context, limits, threshold, datasetName, out, calibration, groups });
    return;
  }
  const plan = createPlan(source, args['pairs-file'], limits);
  context.say(describePlan(plan));
  const groups = readGroupsOf(plan, args.groups);
  for (const note of groups?.notes ?? []) context.say(note);
  const stamps = await readStamps(plan);
  const vision = await openVision(args.pack, context.say);
  try {
    const out = args.out ?? join('evaluation', `${datasetName}-${packName(vision.config.INSIGHTFACE_MODEL)}`);
    await runEvaluation(
      { ...context, plan, stamps, groups, datasetName, out, threshold, pictures, calibration },
      vision,
    );
  } finally {
    await vision.close();
  }
}

interface Source {
  readonly kind: (typeof SOURCES)[number];
  readonly path: string;
}

function readSource(args: EvaluateArguments): Source {
  const given = SOURCES.flatMap((kind) => (args[kind] ? [{ kind, path: args[kind] }] : []));
  const [source] = given;
  if (source && given.length === 1) return source;
  throw new UserError(
    'Give one of --pairs FILE.csv, --folders DIR, --lfw DIR, --scores FILE.csv and --recognisability DIR.',
  );
}

function createPlan(
  { kind, path }: Source,
  pairsFile: string | undefined,
  limits: PlanLimits,
): EvaluationPlan {
  try {
    if (kind === 'folders') return planFolders(path, limits);
    return kind === 'lfw' ? planLfw(path, pairsFile, limits) : readPairsFile(path, limits).plan;
  } catch (error) {
    throw asMissing(error);
  }
}

interface ScoresOptions extends EvaluateContext {
  readonly limits: PlanLimits;
  readonly threshold: number;
  readonly datasetName: string;
  readonly out: string;
  readonly calibration: boolean;
  /** File of groups. */
  readonly groups: string | undefined;
}

/** Makes a report from existing similarities, ours or another program's. Reads no photos. */
async function reportScores(path: string, options: ScoresOptions): Promise<void> {
  const { plan, similarities } = readScores(path, options.limits);
  const state = { ...createState(plan), similarities };
  const measurement = measure(plan, state, {
    datasetName: options.datasetName,
    source: 'scores',
    model: undefined,
    threshold: options.threshold,
    groups: readGroupsOf(plan, options.groups),
    now: new Date(),
  });
  mkdirSync(options.out, { recursive: true });
  await finishReport(measurement, new Map(), options);
}

function readScores(path: string, limits: PlanLimits): ReturnType<typeof readPairsFile> {
  try {
    return readPairsFile(path, limits);
  } catch (error) {
    throw asMissing(error);
  }
}

function readGroupsOf(plan: EvaluationPlan, path: string | undefined): PhotoGroups | undefined {
  try {
    return path === undefined ? undefined : readGroups(path, plan);
  } catch (error) {
    throw asMissing(error);
  }
}

function readLimits(args: EvaluateArguments): PlanLimits {
  return {
    maxListed: readCount('--max-listed', args['max-listed']),
    maxVerifications: readCount('--max-verifications', args['max-verifications']),
    seed: readCount('--seed', args.seed),
  };
}

/** Returns the threshold in use: the given one, or the worker's. */
function readThreshold(text: string | undefined): number {
  if (text === undefined) return loadWorkerConfig().config.FACE_MATCH_THRESHOLD;
  const threshold = text.trim() === '' ? Number.NaN : Number(text);
  if (threshold >= 0 && threshold <= 1) return threshold;
  throw new UserError(`--threshold is ${text}; it must be a number from 0 to 1.`);
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new UserError(`${name} is ${text}; it must be a whole number.`);
}

function describePlan(plan: EvaluationPlan): string {
  const { photos, persons, verifications, notes } = plan;
  const { mated, nonMated } = countPlanned(plan);
  const counts = `${photos.length} photos of ${persons} persons, ${mated} mated and ${nonMated} non-mated pairs`;
  return [`${counts}, ${verifications.length} whole verifications.`, ...notes].join('\n');
}

function asMissing(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return error;
  return new UserError(`${path ?? 'A file or folder'} does not exist.`, { cause: error });
}
