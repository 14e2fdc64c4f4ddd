import { setTimeout as pause } from 'node:timers/promises';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { call } from './call.js';
import type { Case } from './cases.js';
import { SYNC_WAIT_S } from './system.js';
import type { Tally } from './tally.js';

/** Ways to request a job. */
export type Kind = keyof Tally['ended'];

/** An accepted job, as its client knows it. */
export interface Entry {
  readonly index: number;
  readonly kind: Kind;
  readonly jobId: string;
  readonly case: Case;
  /** The reported outcome, if any. */
  told?: string;
}

export interface ClientOptions {
  readonly origins: readonly string[];
  readonly callbackUrl: string;
  /** Tolerance beyond the promised time before a call counts as hung, ms. */
  readonly slackMs: number;
  readonly tally: Tally;
  readonly ledger: Entry[];
}

export interface Asked {
  readonly index: number;
  readonly kind: Kind;
  readonly case: Case;
}

interface View {
  readonly status: string;
  readonly attempts: number;
  readonly result?: { readonly matched: boolean };
  readonly error?: { readonly code: string };
}

/** Promised time for a waiting caller, ms. */
const SYNC_PROMISE_MS = (SYNC_WAIT_S + 1) * 1_000;
const LONG_POLL_S = 5;
/** Wait of a poll, plus the time the API can take to report that Redis is unavailable, ms. */
const POLL_PROMISE_MS = (LONG_POLL_S + 2) * 1_000;
const RETRY_AFTER_MS = 300;
/** Time after which a job without an outcome, or a caller that is still refused, is a violation, ms. */
const PATIENCE_MS = 180_000;
/** The outcome of a job that the API does not know. */
export const GONE = 'gone';
/** Statuses after which a caller retries the same request. */
const PASSING = ['queue_unavailable', 'overloaded'];

/** Requests one comparison until it is answered or accepted, and follows it until it ends. */
export async function runJob(asked: Asked, options: ClientOptions): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let attempt = 0; Date.now() < deadline; attempt += 1) {
    const isDone =
      asked.kind === 'sync'
        ? await askAndWait(asked, attempt, options)
        : await askAndFollow(asked, attempt, options);
    if (isDone) return;
    await pause(RETRY_AFTER_MS);
  }
  options.tally.verdicts.never_accepted += 1;
  console.error('NEVER ACCEPTED', asked);
}

/** False if the caller must retry. */
async function askAndWait(asked: Asked, attempt: number, options: ClientOptions): Promise<boolean> {
  const { tally } = options;
  const startedAt = performance.now();
  const answer = await call(asked.index + attempt, '/compare-faces', {
    options,
    limitMs: SYNC_PROMISE_MS + options.slackMs,
    init: { method: 'POST', ...contentOf(asked, {}) },
  });
  tally.longestWaitMs = Math.max(tally.longestWaitMs, performance.now() - startedAt);
  if (answer === 'cut off') tally.met.callers_cut_off += 1;
  if (typeof answer === 'string') return false;
  const { job_id: jobId, matched, code } = answer.body;
  if (answer.status === 504) {
    await follow({ ...asked, jobId: String(jobId) }, options);
    return true;
  }
  const got = answer.status === 200 ? String(matched) : String(code);
  if (PASSING.includes(got)) return refuse(tally, got);
  judge({ ...asked, jobId: '' }, got, tally);
  return true;
}

/** False if the job was not accepted and the caller must retry. */
async function askAndFollow(asked: Asked, attempt: number, options: ClientOptions): Promise<boolean> {
  const { index, kind } = asked;
  const { body, headers } = contentOf(asked, kind === 'webhook' ? { callback_url: options.callbackUrl } : {});
  const key: Record<string, string> = kind === 'idempotent' ? { 'idempotency-key': `key-${index}` } : {};
  const submit = (replica: number) =>
    call(replica, '/jobs', {
      options,
      limitMs: POLL_PROMISE_MS + options.slackMs,
      init: { method: 'POST', body, headers: { ...headers, ...key } },
    });
  // Sends the same Idempotency-Key to two replicas at once.
  const replicas = kind === 'idempotent' ? options.origins.keys() : [index + attempt];
  const answers = await Promise.all([...replicas].map(submit));
  const jobIds = new Set<string>();
  for (const answer of answers) {
    if (typeof answer === 'string') continue;
    if (answer.status === 202) jobIds.add(String(answer.body.job_id));
    else refuse(options.tally, String(answer.body.code));
  }
  if (jobIds.size > 1) {
    options.tally.verdicts.split_keys += 1;
    console.error('SPLIT KEY', asked, [...jobIds]);
  }
  await Promise.all([...jobIds].map((jobId) => follow({ ...asked, jobId }, options)));
  return jobIds.size > 0;
}

/** Returns a request as JSON, or as a form if it has files. */
function contentOf({ index, case: { body, files } }: Asked, extra: object) {
  const json = JSON.stringify({ user_id: index, ...body, ...extra });
  if (!files) return { body: json, headers: {} };
  const parts = Object.entries(files).map(([name, photo]) => photoPart(name, photo));
  const form = multipart([textPart('request', json), ...parts]);
  return { body: new Uint8Array(form), headers: { 'content-type': FORM_TYPE } };
}

/** Polls an accepted job until it has ended. */
async function follow(entry: Entry, options: ClientOptions): Promise<void> {
  options.ledger.push(entry);
  const deadline = Date.now() + PATIENCE_MS;
  for (let attempt = 0; Date.now() < deadline; attempt += 1) {
    const end = await readEnd(entry.jobId, attempt, options);
    if (end !== undefined) return judge(entry, end, options.tally);
    await pause(RETRY_AFTER_MS);
  }
  console.error('NOT ENDED', entry);
}

/** Returns the job's outcome from an API: a decision, a code, GONE, or undefined if it has none yet or no API answers. */
export async function readEnd(
  jobId: string,
  replica: number,
  options: ClientOptions,
): Promise<string | undefined> {
  const init = { headers: { prefer: `wait=${LONG_POLL_S}` } };
  const limitMs = POLL_PROMISE_MS + options.slackMs;
  const answer = await call(replica, `/jobs/${jobId}`, { options, limitMs, init });
  if (typeof answer === 'string') return undefined;
  if (answer.status === 404) return GONE;
  if (answer.status !== 200) refuse(options.tally, String(answer.body.code));
  if (answer.status !== 200) return undefined;
  const view = answer.body as unknown as View;
  if (view.status === 'completed') {
    if (view.attempts > 1) options.tally.run_again.add(jobId);
    return String(view.result?.matched);
  }
  return view.status === 'failed' || view.status === 'cancelled' ? String(view.error?.code) : undefined;
}

function judge(entry: Entry, got: string, tally: Tally): void {
  entry.told = got;
  tally.ended[entry.kind] += 1;
  tally.sent_as[entry.case.way] += 1;
  if (got === entry.case.expected) return;
  tally.verdicts[got === GONE ? 'lost' : 'wrong'] += 1;
  console.error(got === GONE ? 'LOST' : 'WRONG', { ...entry, got });
}

function refuse(tally: Tally, code: string): false {
  tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
  return false;
}
