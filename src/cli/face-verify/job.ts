import { EXIT } from '../exit-codes.js';
import { callService, type ServiceAnswer, type ServiceOptions } from './call-service.js';
import { describeOutcome, describeProblem } from './describe-outcome.js';
import { exitCodeOf, type Outcome, readOutcome, readProblem } from './outcome.js';
import type { Output } from './run-command-line.js';

/** Longest wait that the service grants for one request, s. */
const LONG_POLL_SECONDS = 60;

export interface JobQuestion {
  readonly id: string;
  /** Waits for the end of the job, as long as the service's `timeoutMs`. */
  readonly wait: boolean;
  readonly json: boolean;
}

/** Prints the state of a job, or its result. Returns the exit status. @throws UserError */
export async function showJob(
  { id, wait, json }: JobQuestion,
  service: ServiceOptions,
  print: Output['print'],
): Promise<number> {
  const answer = await readJob(id, wait, service);
  if (json) print(JSON.stringify(answer.body));
  if (answer.status !== 200) {
    const problem = readProblem(answer);
    if (!json) for (const line of describeProblem(problem, { heading: 'Error' })) print(line);
    return exitCodeOf({ problem });
  }
  const outcome = outcomeOf(answer);
  if (outcome === undefined) {
    if (!json) print(`The job is ${answer.body.status}.`);
    return EXIT.temporary;
  }
  if (!json) for (const line of describeOutcome(outcome)) print(line);
  return exitCodeOf(outcome);
}

async function readJob(id: string, wait: boolean, service: ServiceOptions): Promise<ServiceAnswer> {
  const endsAt = performance.now() + service.timeoutMs;
  const path = `/jobs/${encodeURIComponent(id)}`;
  for (;;) {
    const leftMs = Math.max(1, endsAt - performance.now());
    const seconds = Math.min(LONG_POLL_SECONDS, Math.floor(leftMs / 1_000));
    const isLast = !wait || seconds < 1;
    const headers = isLast ? {} : { prefer: `wait=${seconds}` };
    // The answer of a long poll needs some time of its own.
    const timeoutMs = isLast ? Math.max(leftMs, 10_000) : leftMs + 10_000;
    const answer = await callService({ method: 'GET', path, headers }, { ...service, timeoutMs });
    if (isLast || answer.status !== 200 || outcomeOf(answer)) return answer;
  }
}

/** Returns the end of a job; undefined while it runs. A cancelled job has an error, too. */
function outcomeOf({ body }: ServiceAnswer): Outcome | undefined {
  if (body.status === 'completed') return readOutcome({ status: 200, body: asObject(body.result) });
  const error = asObject(body.error);
  return 'code' in error ? { problem: readProblem({ status: 200, body: error }) } : undefined;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
