/**
 * `npm run calm -- --minutes 60`: a real Prometheus with the rules, intervals and windows of deploy/observability watches
 * the healthy service: one API, two workers, a shadow worker that repeats half of the comparisons, two tenants of TENANTS_FILE,
 * webhooks, and photos of each kind, by URL and uploaded. Prints the answers and each alert that was pending or fired. Exits
 * with 1 if one fired, if a comparison failed that should not, or if the metrics of an alert were not there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { PrometheusServer } from '../../test/observability/support/prometheus-server.js';
import { readAlerts } from '../../test/observability/support/read-alerts.js';
import {
  startWatchedService,
  type WatchedService,
} from '../../test/observability/support/watched-service.js';
import { uploadPhotos } from '../../test/support/photos/upload-photos.js';
import { readQuery } from '../../test/unit/deploy/read-query.js';
import { readNumber } from '../read-options.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** Between two comparisons of each of the two callers, ms. */
    pause: { type: 'string', default: '1000' },
    /** Where Prometheus leaves its data. Absent: nowhere. */
    folder: { type: 'string' },
  },
});
const pauseMs = readNumber('pause', values.pause);
const minutes = readNumber('minutes', values.minutes);
/** Before the first scrape of each program nothing is known. */
const START_MS = 45_000;

type Answers = Record<string, number>;

/** Compares with waiting: mostly photos of one person, of two persons, and a photo without a face. */
async function compareUntil(watched: WatchedService, end: number): Promise<Answers> {
  const { same, other, faceless } = watched.photoSet;
  const strangers = { ...same, front_image1: other, front_image2: other, front_image3: other };
  const photos = await uploadPhotos();
  const turns = [
    () => watched.compare('bank', same),
    () => watched.upload('bank', photos),
    () => watched.compare('bank', strangers),
    () => watched.compare('bank', same),
    () => watched.compare('bank', { ...same, back_image: faceless }),
  ];
  const answers: Answers = {};
  for (let turn = 0; Date.now() < end; turn++) {
    const status = (await turns[turn % turns.length]?.().catch(() => 0)) ?? 0;
    answers[status] = (answers[status] ?? 0) + 1;
    await pause(pauseMs);
  }
  return answers;
}

async function main(): Promise<void> {
  const { folder } = values;
  const watched = await startWatchedService({
    pace: 'real',
    pauseMs,
    folder,
    env: { SHADOW_MODEL: 'lite', SHADOW_SHARE: '0.5' },
  });
  try {
    await watched.addWorker();
    await watched.addWorker({ SHADOW_OF: 'lite' });
    await pause(START_MS);
    const start = Date.now();
    const answers = await compareUntil(watched, start + minutes * 60_000);
    const window = `${Math.round((Date.now() - start) / 1_000)}s`;
    const { prometheus } = watched;
    const ask = async (query: string) =>
      (await prometheus.query(query)).map(({ labels, value }) => ({ ...labels, value }));
    const alerts = await ask(`count by (alertname, alertstate) (count_over_time(ALERTS[${window}]))`);
    const unseen = await findUnseen(prometheus, window);
    print({
      window,
      answers,
      comparisons: await ask(`sum by (result) (increase(face_comparisons_total[${window}]))`),
      webhooks: await ask(`sum by (result) (increase(face_webhook_attempts_total[${window}]))`),
      shadow: await ask(`sum by (live, shadow) (increase(face_shadow_comparisons_total[${window}]))`),
      offers: await ask(`sum by (result) (increase(face_shadow_offers_total[${window}]))`),
      unseen,
      alerts,
    });
    const isCalm = !alerts.some((alert) => 'alertstate' in alert && alert.alertstate === 'firing');
    const isServed = Object.keys(answers).every((status) => ['200', '422'].includes(status));
    if (!isCalm || !isServed || unseen.length > 0) process.exitCode = 1;
  } finally {
    await watched.stop();
  }
}

/** Returns the metrics of alerts that no program exported: such an alert is silent whatever happens. */
async function findUnseen(prometheus: PrometheusServer, window: string): Promise<readonly string[]> {
  const metrics = readAlerts().flatMap(({ expr }) => readQuery(expr).selectors.map(({ metric }) => metric));
  const unseen: string[] = [];
  for (const metric of new Set(metrics))
    if ((await prometheus.query(`count_over_time(${metric}[${window}])`)).length === 0) unseen.push(metric);
  return unseen;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 1)}\n`);
}

await main();
