/**
 * `npm run chaos -- --jobs 10000 --seed 1`: injects faults into workers, Redis, APIs, the image host
 * and the webhook receiver on a random schedule while jobs of every kind arrive. A ledger of every accepted job then shows
 * what was lost, wrong, changed, hung or never reported. Exits with 1 unless all of these are zero and 99 % of the jobs of
 * killed workers were restarted within 15 s. Everything is real and on loopback.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { readNumber } from '../read-options.js';
import { quantile } from '../speed/statistics.js';
import { type ChaosResult, runChaos } from './run-chaos.js';
import type { Tally } from './tally.js';

const RECOVERED_WITHIN_MS = 15_000;

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    /** The same seed causes the same faults at the same times. */
    seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
    /** Time after which no new jobs are sent. */
    minutes: { type: 'string', default: '40' },
    workers: { type: 'string', default: '3' },
    /** Share of the jobs that carry their photos in files, data: URLs or both, 0 to 1. */
    uploads: { type: 'string', default: '0.5' },
    /** Mean seconds between two faults of a kind. */
    'worker-kill': { type: 'string', default: '5' },
    'worker-freeze': { type: 'string', default: '45' },
    redis: { type: 'string', default: '25' },
    'api-kill': { type: 'string', default: '40' },
    receiver: { type: 'string', default: '40' },
  },
});

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

const round = (value: number): number => Math.round(value * 10) / 10;

const describe = (recoveriesMs: readonly number[]) => ({
  jobs: recoveriesMs.length,
  p50_s: seconds(quantile(recoveriesMs, 0.5) || 0),
  p99_s: seconds(quantile(recoveriesMs, 0.99) || 0),
  max_s: seconds(quantile(recoveriesMs, 1) || 0),
});

function summarise({ tally, accepted, endsSeen, webhooks, durationMs, memory }: ChaosResult): void {
  const jobs = Object.values(tally.ended).reduce((sum, count) => sum + count, 0);
  const isClean = Object.values(tally.verdicts).every((count) => count === 0);
  print(
    JSON.stringify(
      {
        seed: numberOf('seed'),
        minutes: seconds(durationMs / 60),
        jobs,
        ended: tally.ended,
        sent_as: tally.sent_as,
        accepted_with_an_id: accepted,
        ends_seen_in_the_queue: endsSeen,
        webhooks,
        faults: tally.faults,
        met: tally.met,
        told_to_come_again: Object.fromEntries(tally.refused),
        completed_after_another_start: tally.run_again.size,
        longest_wait_of_a_caller_s: seconds(tally.longestWaitMs),
        recovery_from_a_kill: describe(tally.recoveriesMs.kill),
        recovery_from_a_freeze: describe(tally.recoveriesMs.freeze),
        recovery_with_redis_away_as_well: describe(tally.recoveriesMs.outage),
        photos_of_jobs_gone_after_s: seconds(memory.jobPhotosGoneMs),
        photos_of_killed_apis: { left: memory.orphans, gone_after_s: seconds(memory.orphansGoneMs) },
        redis_data_mb: {
          before: round(memory.beforeMb),
          after: round(memory.afterMb),
          of_which_records: round(memory.recordsMb),
        },
        verdicts: tally.verdicts,
        upper_bound_95: isClean && jobs > 0 ? `${((3 / jobs) * 100).toFixed(3)} %` : 'none',
      },
      null,
      2,
    ),
  );
  const recoveredMs = quantile(tally.recoveriesMs.kill, 0.99) || 0;
  process.exitCode = isClean && recoveredMs <= RECOVERED_WITHIN_MS ? 0 : 1;
}

const progress = ({ ended, faults, verdicts }: Tally): void => {
  const findings = Object.fromEntries(Object.entries(verdicts).filter(([, count]) => count > 0));
  print(JSON.stringify({ at: new Date().toISOString(), ...ended, ...faults, findings }));
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const broken = new AbortController();
// Each time, because Ctrl-C arrives from the terminal and from npm.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => broken.abort(new Error(signal)));
print(`seed ${values.seed}`);
const numberOf = (option: keyof typeof values): number => readNumber(option, values[option]);
const ms = (option: keyof typeof values): number => numberOf(option) * 1_000;
summarise(
  await runChaos({
    jobs: numberOf('jobs'),
    seed: numberOf('seed'),
    limitMs: ms('minutes') * 60,
    workers: numberOf('workers'),
    uploads: numberOf('uploads'),
    awaitsOrphans: true,
    paces: {
      workerKill: { meanMs: ms('worker-kill') },
      workerFreeze: { meanMs: ms('worker-freeze') },
      redis: { meanMs: ms('redis') },
      apiKill: { meanMs: ms('api-kill') },
      receiver: { meanMs: ms('receiver') },
    },
    // Synchronous jobs go first: with more waiting callers, the other kinds would not be tested.
    clients: { waiting: 3, others: 24 },
    hostTimeoutS: 4,
    slackMs: 500,
    onProgress: progress,
    signal: broken.signal,
  }),
);
process.exit();
