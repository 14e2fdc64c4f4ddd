import { startImageServer } from '../../test/support/servers/image-server.js';
import { type CaseOf, prepareCases } from './cases.js';
import { checkLedger, checkWebhooks } from './check-ledger.js';
import { checkMemory, type MemoryReport, readDatasetBytes } from './check-memory.js';
import { type ClientOptions, type Entry, type Kind, runJob } from './clients.js';
import { type Faults, type Paces, startFaults } from './faults.js';
import { followEnds } from './follow-ends.js';
import { type Receiver, startReceiver } from './receiver.js';
import { type System, startSystem } from './system.js';
import { createTally, type Tally } from './tally.js';

export interface ChaosOptions {
  readonly jobs: number;
  /** Determines every fault and every bad answer of the image host. */
  readonly seed: number;
  /** Time after which no new jobs are sent, ms. */
  readonly limitMs: number;
  readonly workers: number;
  readonly paces: Paces;
  /** Concurrent callers: those that wait for an answer, and others. */
  readonly clients: { readonly waiting: number; readonly others: number };
  /** Share of the jobs that carry their photos, 0..1. */
  readonly uploads: number;
  /** True to wait until the photos of killed APIs have expired, which takes up to two minutes. */
  readonly awaitsOrphans: boolean;
  /** Time limit on a silent image host or receiver, seconds. */
  readonly hostTimeoutS: number;
  /** Tolerance beyond the promised time before a caller counts as hung, ms. */
  readonly slackMs: number;
  readonly onProgress?: (tally: Tally) => void;
  /** Aborts the run; everything that was started is ended. */
  readonly signal?: AbortSignal;
}

/** Result of a run. */
export interface ChaosResult {
  readonly tally: Tally;
  readonly accepted: number;
  /** Jobs that ended according to the queue. */
  readonly endsSeen: number;
  /** Accepted deliveries, and how many of them were repeated. */
  readonly webhooks: { readonly taken: number; readonly again: number };
  readonly durationMs: number;
  readonly memory: MemoryReport;
}

const OTHER_KINDS: readonly Kind[] = ['async', 'webhook', 'idempotent'];
const PROGRESS_EVERY_MS = 30_000;

/** Runs jobs of every kind through the real service while faults are injected on schedule, then reads every job again. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const tally = createTally();
  const images = await startImageServer();
  const receiver = await startReceiver(options.seed, tally);
  const system = await startSystem({ ...options, tally });
  const caseOf = await prepareCases(images, { ...options, tally });
  const faults = startFaults({ ...options, system, receiver, tally });
  const ends = followEnds(system.redis.url, tally);
  try {
    const work = runAndCheck(options, { tally, receiver, system, caseOf, faults });
    const found = await Promise.race([work, whenAborted(options.signal)]);
    return { tally, ...found, endsSeen: ends.seen() };
  } finally {
    // Both would wait for Redis, which Ctrl-C ends too.
    if (!options.signal?.aborted) {
      await faults.stop();
      await ends.stop();
    }
    await system.stop();
    await receiver.stop();
    await images.stop();
  }
}

interface Parts {
  readonly tally: Tally;
  readonly receiver: Receiver;
  readonly system: System;
  readonly caseOf: CaseOf;
  readonly faults: Faults;
}

async function runAndCheck(options: ChaosOptions, { tally, receiver, system, caseOf, faults }: Parts) {
  const ledger: Entry[] = [];
  const { slackMs } = options;
  const clients = { origins: system.origins, callbackUrl: receiver.url, slackMs, tally, ledger };
  const beforeBytes = await readDatasetBytes(system.redis.url);
  const startedAt = Date.now();
  const progress = setInterval(() => options.onProgress?.(tally), PROGRESS_EVERY_MS);
  await load(options, clients, (index, kind) => runJob({ index, kind, case: caseOf(index) }, clients));
  await faults.stop();
  clearInterval(progress);
  const durationMs = Date.now() - startedAt;
  // First, while the last job has just ended.
  const orphans = options.awaitsOrphans;
  const memory = await checkMemory(system.redis.url, tally, { beforeBytes, orphans });
  await checkLedger(clients);
  await checkWebhooks(receiver, clients);
  const taken = [...receiver.told.values()].map((each) => each.taken);
  return {
    accepted: ledger.length,
    webhooks: {
      taken: taken.reduce((sum, count) => sum + count, 0),
      again: taken.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    },
    durationMs,
    memory,
  };
}

function whenAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

/** Continues until all jobs have ended and every fault has happened, or the time is over. */
async function load(
  { jobs, limitMs, clients }: ChaosOptions,
  { tally }: ClientOptions,
  run: (index: number, kind: Kind) => Promise<void>,
): Promise<void> {
  const end = Date.now() + limitMs;
  const isDone = (next: number): boolean =>
    Date.now() > end || (next >= jobs && Object.values(tally.faults).every((count) => count > 0));
  let next = 0;
  const client = async (kindOf: (index: number) => Kind): Promise<void> => {
    while (!isDone(next)) {
      const index = next;
      next += 1;
      await run(index, kindOf(index));
    }
  };
  // Four kinds of requests alternate.
  const other = (index: number): Kind => OTHER_KINDS[Math.floor(index / 4) % OTHER_KINDS.length] ?? 'async';
  await Promise.all([
    ...Array.from({ length: clients.waiting }, () => client(() => 'sync')),
    ...Array.from({ length: clients.others }, () => client(other)),
  ]);
}
