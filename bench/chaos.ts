/**
 * `npm run chaos -- --jobs 10000`: API replicas, workers and Redis are killed at random while jobs of every kind come
 * in; a ledger of every accepted job then tells what was lost, wrong, hung or never delivered. Exit code 1 unless all
 * four are zero. Everything is real and on loopback.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { webhookBodySchema } from '../src/shared/contract.js';
import { startImageServer } from '../test/support/image-server.js';
import { type PhotoSet, servePhotos } from '../test/support/photo-set.js';
import { freePort, startRedis } from '../test/support/redis-server.js';
import { type Program, serviceEnvironment, startProgram, WEBHOOK_SECRET } from '../test/support/service.js';
import {
  type ReceivedWebhook,
  startWebhookReceiver,
  verifyReceived,
} from '../test/support/webhook-receiver.js';

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '3' },
    /** Mean pause between two kills of a worker, and of Redis or an API, ms. */
    'worker-pause': { type: 'string', default: '2500' },
    'redis-pause': { type: 'string', default: '40000' },
    'api-pause': { type: 'string', default: '60000' },
    /** Callers at a time. */
    callers: { type: 'string', default: '12' },
  },
});

type Kind = 'sync' | 'async' | 'webhook' | 'idempotent';
const KINDS: readonly Kind[] = ['sync', 'async', 'webhook', 'idempotent'];
const END_WITHIN_MS = 420_000;
const SYNC_WAIT_S = 30;

interface Entry {
  readonly kind: Kind;
  readonly jobId: string;
  readonly expected: string;
}

const faults = { worker_kills: 0, redis_kills: 0, api_kills: 0, image_failures: 0, webhook_failures: 0 };
const verdicts = { lost: 0, wrong: 0, hung: 0, webhooks_missing: 0, webhooks_conflicting: 0 };
const refused: Record<string, number> = {};
const ledger: Entry[] = [];
const syncAnswers = { right: 0 };
/** From acceptance to the last start of the jobs that were started more than once, ms. */
const recoveries: number[] = [];
let running = true;

/** A program that is started again half a second after it ends, as a container would be. */
class Supervised {
  program: Program;
  readonly #start: () => Program;

  constructor(start: () => Program) {
    this.#start = start;
    this.program = start();
    void this.#watch();
  }

  async #watch(): Promise<void> {
    while (running) {
      const { process: child } = this.program;
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (!running) return;
      await pause(500);
      this.program = this.#start();
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const around = (ms: number): number => ms * (0.5 + Math.random());

const images = await startImageServer();
const receiver = await startWebhookReceiver();
const photos = await servePhotos(images);
const redis = await startRedis();
const ports = [await freePort(), await freePort()];
const environment = serviceEnvironment(redis.url, {
  LOG_LEVEL: 'warn',
  SYNC_WAIT_TIMEOUT: String(SYNC_WAIT_S),
});
const apis = ports.map(
  (port) => new Supervised(() => startProgram('src/api/main.ts', { ...environment, PORT: String(port) })),
);
const workers = Array.from(
  { length: Number(options.workers) },
  () => new Supervised(() => startProgram('src/worker/main.ts', environment)),
);

/** Every tenth request of a photo fails once, as a busy store does. */
function serveFlaky(path: string, target: string): string {
  return images.serve(path, (_request, response) => {
    const fails = Math.random() < 0.1;
    if (fails) faults.image_failures += 1;
    if (fails) response.writeHead(503).end();
    else response.writeHead(302, { location: target }).end();
  });
}

/** The requests that are sent, each with the answer it has when nothing fails. */
function prepareCases({ same, other, faceless }: PhotoSet) {
  const flaky = serveFlaky('/flaky.jpg', same.front_image1);
  return [
    { body: same, expected: 'true' },
    { body: { ...same, front_image1: flaky }, expected: 'true' },
    { body: { ...same, front_image1: other, front_image2: other, front_image3: other }, expected: 'false' },
    { body: { ...same, back_image: faceless }, expected: 'face_not_found' },
  ];
}

async function main(): Promise<void> {
  const cases = prepareCases(photos);
  receiver.script('/hook', [receiveWebhook]);
  await waitUntilReady();
  const startedAt = Date.now();
  const monkeys = [
    haunt(Number(options['worker-pause']), killWorker),
    haunt(Number(options['redis-pause']), killRedis),
    haunt(Number(options['api-pause']), killApi),
  ];
  let left = Number(options.jobs);
  const report = setInterval(
    () => console.log(JSON.stringify({ left, accepted: ledger.length, ...syncAnswers, ...faults, refused })),
    30_000,
  );
  const callers = Array.from({ length: Number(options.callers) }, async () => {
    while (left > 0) {
      left -= 1;
      const index = left;
      await submit(
        index,
        cases[index % cases.length] ?? cases[0]!,
        KINDS[Math.floor(index / cases.length) % KINDS.length] ?? 'sync',
      );
    }
  });
  await Promise.all(callers);
  calm = true;
  await Promise.all(monkeys);
  await checkLedger();
  clearInterval(report);
  console.log(
    JSON.stringify(
      {
        minutes: ((Date.now() - startedAt) / 60_000).toFixed(1),
        jobs: Number(options.jobs),
        accepted: ledger.length,
        ...syncAnswers,
        faults,
        refused,
        ...summariseRecovery(),
        verdicts,
      },
      null,
      2,
    ),
  );
}

let calm = false;

async function haunt(meanPauseMs: number, kill: () => Promise<void>): Promise<void> {
  while (!calm) {
    await pause(around(meanPauseMs));
    if (!calm) await kill();
  }
}

async function killWorker(): Promise<void> {
  const victim = workers[Math.floor(Math.random() * workers.length)];
  if (victim?.program.process.kill('SIGKILL')) faults.worker_kills += 1;
}

async function killApi(): Promise<void> {
  const victim = apis[Math.floor(Math.random() * apis.length)];
  if (victim?.program.process.kill('SIGKILL')) faults.api_kills += 1;
}

async function killRedis(): Promise<void> {
  faults.redis_kills += 1;
  await redis.kill();
  await pause(around(1_000));
  await redis.start();
}

async function waitUntilReady(): Promise<void> {
  for (const port of ports) {
    while (
      !(await fetch(`http://127.0.0.1:${port}/health/ready`).then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await pause(200);
  }
}

interface Case {
  readonly body: object;
  readonly expected: string;
}

/** Sends one request until it is accepted or answered; only what was accepted goes into the ledger. */
async function submit(index: number, { body, expected }: Case, kind: Kind): Promise<void> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (kind === 'idempotent') headers['idempotency-key'] = `key-${index}`;
  const callback = kind === 'webhook' ? { callback_url: `${receiver.origin}/hook` } : {};
  const path = kind === 'sync' ? '/compare-faces' : '/jobs';
  const text = JSON.stringify({ user_id: index, ...body, ...callback });
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const sentAt = Date.now();
    const answer = await fetch(`http://127.0.0.1:${ports[(index + attempt) % 2]}${path}`, {
      method: 'POST',
      headers,
      body: text,
      signal: AbortSignal.timeout((SYNC_WAIT_S + 5) * 1_000),
    }).catch((error: unknown) => error as Error);
    if (answer instanceof Error) {
      if (answer.name === 'TimeoutError') verdicts.hung += 1;
      count(answer.name === 'TimeoutError' ? 'hung' : 'connection');
    } else if (kind === 'sync') {
      if (await judgeSync(answer, expected)) return;
    } else if (answer.status === 202) {
      ledger.push({ kind, jobId: String(((await answer.json()) as { job_id: string }).job_id), expected });
      return;
    } else {
      count(((await answer.json()) as { code: string }).code);
    }
    if (Date.now() - sentAt > (SYNC_WAIT_S + 1) * 1_000) verdicts.hung += 1;
    await pause(300);
  }
}

/** True when the answer ends the request: right, wrong, or a job that goes on without us. */
async function judgeSync(answer: Response, expected: string): Promise<boolean> {
  const body = (await answer.json()) as { matched?: boolean; code?: string; job_id?: string };
  if (answer.status === 504 && body.job_id) {
    ledger.push({ kind: 'sync', jobId: body.job_id, expected });
    return true;
  }
  const got = answer.status === 200 ? String(body.matched) : (body.code ?? '');
  if (['queue_unavailable', 'overloaded', 'image_fetch_failed', 'internal'].includes(got)) {
    count(got);
    return false;
  }
  if (got === expected) syncAnswers.right += 1;
  else {
    verdicts.wrong += 1;
    console.error('WRONG', { expected, got, status: answer.status });
  }
  return true;
}

function count(code: string): void {
  refused[code] = (refused[code] ?? 0) + 1;
}

/** A backlog may take long to drain on a slow machine; only standing still is a loss. */
const STANDSTILL_MS = 120_000;
let progressAt = 0;

async function checkLedger(): Promise<void> {
  progressAt = Date.now();
  const entries = ledger.values();
  // Several at a time, each taking the next entry from the one iterator.
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const entry of entries) await judgeEntry(entry);
    }),
  );
  await checkWebhooks(Date.now() + END_WITHIN_MS);
}

async function judgeEntry(entry: Entry): Promise<void> {
  const view = await waitForEnd(entry.jobId);
  progressAt = Date.now();
  if (!view) {
    verdicts.lost += 1;
    console.error('LOST', entry);
    return;
  }
  if (view.attempts > 1 && view.started_at)
    recoveries.push(Date.parse(view.started_at) - Date.parse(view.created_at));
  const got = view.status === 'completed' ? String(view.result?.matched) : (view.error?.code ?? view.status);
  // A store that fails for longer than the retries is an honest answer, not a wrong one.
  if (got !== entry.expected && got !== 'image_fetch_failed') {
    verdicts.wrong += 1;
    console.error('WRONG', { ...entry, got });
  }
}

interface View {
  readonly status: string;
  readonly attempts: number;
  readonly created_at: string;
  readonly started_at?: string;
  readonly result?: { readonly matched: boolean };
  readonly error?: { readonly code: string };
}

async function waitForEnd(jobId: string): Promise<View | undefined> {
  while (Date.now() < progressAt + STANDSTILL_MS) {
    const answer = await fetch(`http://127.0.0.1:${ports[0]}/jobs/${jobId}`, {
      headers: { prefer: 'wait=10' },
    }).catch(() => undefined);
    if (answer?.status === 404) return undefined;
    const view = answer?.ok ? ((await answer.json()) as View) : undefined;
    if (view && ['completed', 'failed', 'cancelled'].includes(view.status)) return view;
    await pause(200);
  }
  return undefined;
}

/** Job id → every different result its webhooks told; a genuine signature is checked as each arrives. */
const told = new Map<string, Set<string>>();
const failedOnce = new Set<string>();

/** Every fifth webhook fails at its first attempt, and is told again later. */
function receiveWebhook(response: ServerResponse, webhook: ReceivedWebhook): void {
  if (!failedOnce.has(webhook.id) && Math.random() < 0.2) {
    failedOnce.add(webhook.id);
    faults.webhook_failures += 1;
    response.writeHead(500).end();
    return;
  }
  const body = webhookBodySchema.parse(verifyReceived(webhook, WEBHOOK_SECRET));
  const { job_id: jobId, result, error } = body.data;
  told.set(jobId, (told.get(jobId) ?? new Set()).add(JSON.stringify(result?.matched ?? error?.code)));
  response.writeHead(204).end();
}

async function checkWebhooks(deadline: number): Promise<void> {
  const expected = ledger.filter((entry) => entry.kind === 'webhook').map((entry) => entry.jobId);
  while (Date.now() < deadline && expected.some((jobId) => !told.has(jobId))) await pause(1_000);
  for (const jobId of expected) {
    const results = told.get(jobId)?.size ?? 0;
    if (results === 0) verdicts.webhooks_missing += 1;
    if (results > 1) verdicts.webhooks_conflicting += 1;
  }
}

/** Attempts of the asynchronous jobs beyond the first: work that was done again. */
function summariseRecovery() {
  const waits = recoveries.toSorted((left, right) => left - right);
  const at = (share: number): number => Math.round(waits[Math.floor(share * (waits.length - 1))] ?? 0);
  return {
    jobs_run_again: waits.length,
    seconds_until_run_again: { p50: at(0.5) / 1_000, p99: at(0.99) / 1_000 },
  };
}

try {
  await main();
} finally {
  running = false;
  for (const { program } of [...apis, ...workers]) program.process.kill('SIGKILL');
  await redis.stop();
  await receiver.stop();
  await images.stop();
}
process.exit(Object.values(verdicts).some((value) => value > 0) ? 1 : 0);
