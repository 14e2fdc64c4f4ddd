import { setTimeout as pause } from 'node:timers/promises';
import type { Case } from './cases.js';
import { SYNC_WAIT_S } from './system.js';
import type { Tally } from './tally.js';

/** How a job is asked for. */
export type Kind = keyof Tally['ended'];

/** What a client knows of one job that was accepted. */
export interface Entry {
  readonly index: number;
  readonly kind: Kind;
  readonly jobId: string;
  readonly case: Case;
  /** The end it was told, once it was. */
  told?: string;
}

export interface ClientOptions {
  readonly origins: readonly string[];
  readonly callbackUrl: string;
  readonly tally: Tally;
  readonly ledger: Entry[];
}

interface View {
  readonly status: string;
  readonly attempts: number;
  readonly result?: { readonly matched: boolean };
  readonly error?: { readonly code: string };
}

/** A second over what is promised, and one for a machine without a free core, ms. */
const SYNC_LIMIT_MS = (SYNC_WAIT_S + 2) * 1_000;
const LONG_POLL_S = 5;
const CALL_LIMIT_MS = (LONG_POLL_S + 5) * 1_000;
/** Answers for which a caller comes again with the same request. */
const PASSING = ['queue_unavailable', 'overloaded'];

/** Asks for one comparison until it has been answered or accepted, and follows it to its end. */
export async function runJob(index: number, kind: Kind, asked: Case, options: ClientOptions): Promise<void> {
  if (kind === 'sync') return runSync(index, asked, options);
  const entry = await submit(index, kind, asked, options);
  options.ledger.push(entry);
  const end = await followToEnd(entry.jobId, options);
  if (end === 'gone') options.tally.verdicts.lost += 1;
  else judge(entry, end, options.tally);
}

async function runSync(index: number, asked: Case, options: ClientOptions): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await call(index + attempt, '/compare-faces', {
      options,
      limitMs: SYNC_LIMIT_MS,
      init: { method: 'POST', body: JSON.stringify({ user_id: index, ...asked.body }) },
    });
    const { job_id: jobId, matched, code } = (answer?.body ?? {}) as Record<string, unknown>;
    if (answer?.status === 504) {
      const entry: Entry = { index, kind: 'sync', jobId: String(jobId), case: asked };
      options.ledger.push(entry);
      const end = await followToEnd(entry.jobId, options);
      if (end === 'gone') options.tally.verdicts.lost += 1;
      else judge(entry, end, options.tally);
      return;
    }
    const got = answer?.status === 200 ? String(matched) : String(code);
    if (answer && !PASSING.includes(got)) {
      judge({ index, kind: 'sync', jobId: '', case: asked }, got, options.tally);
      return;
    }
    if (answer) refuse(options.tally, got);
    await pause(300);
  }
}

async function submit(index: number, kind: Kind, asked: Case, options: ClientOptions): Promise<Entry> {
  const headers: Record<string, string> = kind === 'idempotent' ? { 'idempotency-key': `key-${index}` } : {};
  const callback = kind === 'webhook' ? { callback_url: options.callbackUrl } : {};
  const body = JSON.stringify({ user_id: index, ...asked.body, ...callback });
  for (let attempt = 0; ; attempt += 1) {
    const answer = await call(index + attempt, '/jobs', {
      options,
      limitMs: CALL_LIMIT_MS,
      init: { method: 'POST', body, headers },
    });
    const { job_id: jobId, code } = (answer?.body ?? {}) as Record<string, unknown>;
    if (answer?.status === 202) return { index, kind, jobId: String(jobId), case: asked };
    if (answer) refuse(options.tally, String(code));
    await pause(300);
  }
}

/** Polls until the job has ended; `gone` when an API says that there is no such job. */
async function followToEnd(jobId: string, options: ClientOptions): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    const end = await readEnd(jobId, attempt, options);
    if (end !== undefined) return end;
    await pause(300);
  }
}

/** The job's end as an API tells it now: a decision, a code, `gone`, or undefined while it has none or nobody answers. */
export async function readEnd(
  jobId: string,
  replica: number,
  options: ClientOptions,
): Promise<string | undefined> {
  const init = { headers: { prefer: `wait=${LONG_POLL_S}` } };
  const answer = await call(replica, `/jobs/${jobId}`, { options, limitMs: CALL_LIMIT_MS, init });
  if (answer?.status === 404) return 'gone';
  if (answer?.status !== 200) return undefined;
  const view = answer.body as unknown as View;
  if (view.status === 'completed') {
    if (view.attempts > 1) options.tally.run_again += 1;
    return String(view.result?.matched);
  }
  return view.status === 'failed' || view.status === 'cancelled' ? String(view.error?.code) : undefined;
}

function judge(entry: Entry, got: string, tally: Tally): void {
  entry.told = got;
  tally.ended[entry.kind] += 1;
  if (got === entry.case.reference) return;
  if (got === 'image_fetch_failed' && entry.case.isFlaky) {
    tally.unfetched += 1;
    return;
  }
  tally.verdicts.wrong += 1;
  console.error('WRONG', { ...entry, expected: entry.case.reference, got });
}

function refuse(tally: Tally, code: string): void {
  tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
}

interface Call {
  readonly options: ClientOptions;
  readonly limitMs: number;
  readonly init: RequestInit;
}

/** One HTTP call to a replica; undefined when it was cut off. An answer that does not come in its time is a finding. */
async function call(
  replica: number,
  path: string,
  { options, limitMs, init }: Call,
): Promise<{ readonly status: number; readonly body: object } | undefined> {
  const origin = options.origins[replica % options.origins.length];
  try {
    const response = await fetch(`${origin}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
      signal: AbortSignal.timeout(limitMs),
    });
    return { status: response.status, body: (await response.json()) as object };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    if (isLate) options.tally.verdicts.hung += 1;
    if (isLate) console.error('HUNG', path);
    refuse(options.tally, isLate ? 'no answer' : 'cut off');
    return undefined;
  }
}
