import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import { UserError } from '../user-error.js';
import { callService, type ServiceAnswer, type ServiceOptions } from './call-service.js';
import { describeOutcome, describeProblem, type PhotoNames } from './describe-outcome.js';
import type { ComparisonFields } from './options.js';
import { exitCodeOf, readOutcome, readProblem } from './outcome.js';
import { createBody, isUrl, type Photos, readPhoto } from './read-photo.js';
import type { Output } from './run-command-line.js';

export interface Comparison {
  /** Paths and URLs: three fronts, then the reference. */
  readonly photos: readonly string[];
  readonly fields: ComparisonFields;
  /** Prints the answer as JSON. */
  readonly json: boolean;
}

/** Has the service compare the photos and prints its answer. Returns the exit status. @throws UserError */
export async function compareByService(
  { photos, fields, json }: Comparison,
  service: ServiceOptions,
  print: Output['print'],
): Promise<number> {
  const body = createBody(await readPhotos(photos), { ...fields, warnings: true });
  const answer = await post('/compare-faces', { body, key: randomUUID() }, service);
  const outcome = readOutcome(answer);
  if (json) print(JSON.stringify(answer.body));
  else for (const line of describeOutcome(outcome, namesOf(photos))) print(line);
  return exitCodeOf(outcome);
}

/** Queues a comparison and prints the id of its job. Returns the exit status. @throws UserError */
export async function submit(
  { photos, fields, json }: Comparison,
  service: ServiceOptions,
  print: Output['print'],
): Promise<number> {
  const body = createBody(await readPhotos(photos), { ...fields, warnings: true });
  const answer = await post('/jobs', { body, key: randomUUID() }, service);
  if (json) print(JSON.stringify(answer.body));
  if (answer.status === 202) {
    if (!json) print(String(answer.body.job_id));
    return 0;
  }
  const problem = readProblem(answer);
  if (!json)
    for (const line of describeProblem(problem, { heading: 'Error', names: namesOf(photos) })) print(line);
  return exitCodeOf({ problem });
}

/** Sends a request that is safe to repeat, because its key names the job. */
export function post(
  path: string,
  { body, key }: { readonly body: string | FormData; readonly key: string },
  service: ServiceOptions,
): Promise<ServiceAnswer> {
  return callService({ method: 'POST', path, body, headers: { 'idempotency-key': key } }, service);
}

/** Reads the photos of a request. @throws UserError if there are not four, or one cannot be read. */
export async function readPhotos(names: readonly string[]): Promise<Photos> {
  if (names.length !== IMAGE_NAMES.length)
    throw new UserError(`Give four photos: three of the person, then the reference (not ${names.length}).`);
  if (names.filter((name) => name === '-').length > 1)
    throw new UserError('Only one photo can come from standard input (-).');
  const entries = IMAGE_NAMES.map(
    async (field, index) => [field, await readPhoto(names[index] ?? '')] as const,
  );
  // Each name of the contract is there once.
  return Object.fromEntries(await Promise.all(entries)) as Photos;
}

/** URLs can hold secrets and are long, so the output names files alone. */
function namesOf(photos: readonly string[]): PhotoNames {
  const named = IMAGE_NAMES.flatMap((field, index) => {
    const photo = photos[index] ?? '';
    return isUrl(photo) ? [] : [[field, basename(photo)] as const];
  });
  return Object.fromEntries(named);
}
