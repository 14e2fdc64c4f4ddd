/**
 * `npm run calm -- --minutes 60`: a real Prometheus with the rules, intervals and windows of deploy/observability watches
 * the healthy service: one API, two workers, two API keys, webhooks, and photos of each kind. Prints the answers and each
 * alert that was pending or fired. Exits with 1 if one fired, or if a comparison failed that should not.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  startWatchedService,
  type WatchedService,
} from '../../test/observability/support/watched-service.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** Between two comparisons of each of the two callers, ms. */
    pause: { type: 'string', default: '1000' },
    /** Where Prometheus leaves its data. Absent: nowhere. */
    folder: { type: 'string' },
  },
});
/** Before the first scrape of each program nothing is known. */
const START_MS = 45_000;

type Answers = Record<string, number>;

/** Compares with waiting: mostly photos of one person, of two persons, and a photo without a face. */
async function compareUntil(watched: WatchedService, end: number): Promise<Answers> {
  const { same, other, faceless } = watched.photoSet;
  const strangers = { ...same, front_image1: other, front_image2: other, front_image3: other };
  const turns = [same, same, strangers, same, { ...same, back_image: faceless }];
  const answers: Answers = {};
  for (let turn = 0; Date.now() < end; turn++) {
    const status = await watched.compare('bank', turns[turn % turns.length] ?? same).catch(() => 0);
    answers[status] = (answers[status] ?? 0) + 1;
    await pause(Number(values.pause));
  }
  return answers;
}

async function main(): Promise<void> {
  const { folder } = values;
  const watched = await startWatchedService({ pace: 'real', pauseMs: Number(values.pause), folder });
  try {
    await watched.addWorker();
    await pause(START_MS);
    const start = Date.now();
    const answers = await compareUntil(watched, start + Number(values.minutes) * 60_000);
    const window = `${Math.round((Date.now() - start) / 1_000)}s`;
    const ask = async (query: string) =>
      (await watched.prometheus.query(query)).map(({ labels, value }) => ({ ...labels, value }));
    const alerts = await ask(`count by (alertname, alertstate) (count_over_time(ALERTS[${window}]))`);
    print({
      window,
      answers,
      comparisons: await ask(`sum by (result) (increase(face_comparisons_total[${window}]))`),
      webhooks: await ask(`sum by (result) (increase(face_webhook_attempts_total[${window}]))`),
      alerts,
    });
    const isCalm = !alerts.some((alert) => 'alertstate' in alert && alert.alertstate === 'firing');
    const isServed = Object.keys(answers).every((status) => ['200', '422'].includes(status));
    if (!isCalm || !isServed) process.exitCode = 1;
  } finally {
    await watched.stop();
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 1)}\n`);
}

await main();
