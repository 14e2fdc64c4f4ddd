import { createHash } from 'node:crypto';
import { FRONT_IMAGES } from '../../../shared/contract/compare-request.js';
import { EXIT } from '../../exit-codes.js';
import { UserError } from '../../user-error.js';
import type { ServiceOptions } from '../call-service.js';
import { post, readPhotos } from '../compare.js';
import { kindOf, type Outcome, type Problem, type Result, readOutcome } from '../outcome.js';
import { createBody } from '../read-photo.js';
import type { Person } from './read-people.js';
import type { ResultRow, ResultsFile } from './results-file.js';

export interface BatchOptions {
  readonly service: ServiceOptions;
  /** Rows at a time. */
  readonly concurrency: number;
  readonly results: ResultsFile;
  /** Stops after the rows that are being answered. */
  readonly stopping: AbortController;
  readonly onAnswer: (row: ResultRow) => void;
}

/**
 * Has the service answer these rows and appends each answer to the results file. Rows without an answer, because the batch
 * was stopped or the service cannot be reached, are left for the next run.
 * @throws UserError for a problem of all rows: the service cannot be reached, or does not accept the key.
 */
export async function runBatch(people: readonly Person[], options: BatchOptions): Promise<void> {
  const { stopping, results, onAnswer, concurrency } = options;
  const waiting = people.values();
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (const person of waiting) {
      if (stopping.signal.aborted) return;
      const row = await answer(person, options);
      if (!row) return;
      results.append(row);
      onAnswer(row);
    }
  };
  const fail = (error: unknown): void => {
    failure ??= error;
    stopping.abort();
  };
  await Promise.all(Array.from({ length: concurrency }, () => work().catch(fail)));
  if (failure !== undefined) throw failure;
}

/** Undefined if the batch was stopped before the service could answer. */
async function answer(person: Person, options: BatchOptions): Promise<ResultRow | undefined> {
  const { service, results, stopping } = options;
  const patient = { ...service, isPatient: true, stopping: stopping.signal };
  const photos = await readPhotos(person.photos);
  const body = createBody(photos, { ...person.fields, warnings: true });
  const hash = createHash('sha256').update(results.batchId).update(person.id);
  for (const photo of Object.values(photos)) if ('bytes' in photo) hash.update(photo.bytes);
  const outcome = readOutcome(await post('/compare-faces', { body, key: hash.digest('hex') }, patient));
  if ('result' in outcome) return rowOf(person, outcome, results.batchId);
  const stage = kindOf(outcome.problem.code)?.stage;
  if (stage === 'access' && outcome.problem.code !== 'rate_limited')
    throw new UserError(`${outcome.problem.detail} (${outcome.problem.code})`, {
      exitCode: EXIT.noPermission,
    });
  if (stopping.signal.aborted && outcome.problem.retryable) return undefined;
  return rowOf(person, outcome, results.batchId);
}

function rowOf(person: Person, outcome: Outcome, batchId: string): ResultRow {
  const facts = 'result' in outcome ? factsOfResult(outcome.result) : factsOfProblem(outcome.problem);
  return {
    row: String(person.row),
    ref: person.ref,
    user_id: person.fields.user_id,
    ...facts,
    finished_at: new Date().toISOString(),
    row_id: person.id,
    batch_id: batchId,
  };
}

type Facts = Omit<ResultRow, 'row' | 'ref' | 'user_id' | 'finished_at' | 'row_id' | 'batch_id'>;

function factsOfResult({ matched, borderline = false, evidence }: Result): Facts {
  return {
    ...{ code: '', reason: '', image: '', detail: '', retryable: '' },
    ...similaritiesOf(evidence),
    matched: String(matched),
    borderline: borderline ? 'true' : '',
  };
}

function factsOfProblem(problem: Problem): Facts {
  const { code, reason = '', image = '', detail, retryable = false, errors = [], evidence } = problem;
  const details = errors.map((error) => `${error.field ?? error.image ?? ''} ${error.detail}`.trim());
  return {
    matched: '',
    borderline: '',
    code,
    reason,
    image: image || errors.flatMap((error) => error.image ?? []).join(' '),
    // A line break would tear the line in two.
    detail: [detail, ...details].join('; ').replace(/\p{Cc}+/gu, ' '),
    retryable: String(retryable),
    ...similaritiesOf(evidence),
  };
}

function similaritiesOf(evidence: Result['evidence']) {
  const [similarity1 = '', similarity2 = '', similarity3 = ''] = FRONT_IMAGES.map((name) =>
    String(evidence?.images[name]?.similarity ?? ''),
  );
  return { similarity1, similarity2, similarity3 };
}
