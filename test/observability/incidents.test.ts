import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Sample } from './support/prometheus-server.js';
import { startWatchedService, type WatchedService } from './support/watched-service.js';

/** Scrapes and evaluations take a second each, windows ten. */
const WAIT = { timeout: 60_000, interval: 250 };
/** Jobs of one flood. */
const FLOOD = 150;
/** As the rule for a slow Redis has it, s. */
const SLOW_S = 0.05;

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { expr: string }[] }[];
}
const dashboard = JSON.parse(
  readFileSync('deploy/observability/grafana/dashboards/face-verification.json', 'utf8'),
) as Dashboard;

let watched: WatchedService;

beforeAll(async () => {
  watched = await startWatchedService();
});

afterAll(async () => {
  await watched?.stop();
});

/** What a panel of the dashboard shows now. */
async function panel(title: string): Promise<readonly Sample[]> {
  const targets = dashboard.panels.find((each) => each.title === title)?.targets ?? [];
  if (targets.length === 0) throw new Error(`no panel ${title}`);
  return (await Promise.all(targets.map(({ expr }) => watched.prometheus.query(expr)))).flat();
}

/** The largest value of the series of a panel that have these labels; undefined without one. */
async function shown(
  title: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const wanted = Object.entries(labels);
  const samples = (await panel(title)).filter((sample) =>
    wanted.every(([name, value]) => sample.labels[name] === value),
  );
  return samples.length > 0 ? Math.max(...samples.map(({ value }) => value)) : undefined;
}

async function firing(): Promise<readonly string[]> {
  const alerts = await panel('Alerts that fire');
  return alerts.map(({ labels }) => labels.alertname?.replace('FaceVerification', '') ?? '').toSorted();
}

const until = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, WAIT);
const untilFiring = (...names: readonly string[]): Promise<void> =>
  until(async () => expect(await firing()).toEqual(expect.arrayContaining([...names])));
const untilShown = (
  title: string,
  labels: Readonly<Record<string, string>>,
  holds: (value: number) => boolean,
): Promise<void> =>
  until(async () => {
    const value = await shown(title, labels);
    expect(value !== undefined && holds(value), `${title}: ${value}`).toBe(true);
  });
const untilCalm = (): Promise<void> => until(async () => expect(await firing()).toEqual([]));

it('a healthy service fires no alert, and every panel has a figure', async () => {
  await untilShown('Webhook attempts by result', { result: 'delivered' }, (value) => value > 0);
  const scrapes = 'count_over_time(face_comparisons_total{result="matched"}[60s])';
  // Before the first scrape there is no API. 20 s: longer than the window and the pause of every rule.
  await until(async () => expect((await watched.prometheus.query(scrapes))[0]?.value).toBeGreaterThan(25));
  const ever = 'count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[20s]))';

  expect(await watched.prometheus.query(ever)).toEqual([]);
  const empty: string[] = [];
  for (const { title, targets } of dashboard.panels)
    if (targets && (await panel(title)).length === 0) empty.push(title);
  expect(empty).toEqual([
    'Alerts that fire',
    'Requests refused or limited, by API key',
    'Without a decision, by who has to act',
    'Without a decision, by code and reason',
    'Unusable photos by code and reason',
  ]);
  expect(await shown('Comparisons without trouble')).toBe(1);
  expect(await shown('Redis usable')).toBe(1);
  expect(await shown('Workers alive and needed')).toBeGreaterThan(0);
});

it('receiver down: attempts fail, and the webhooks wait', async () => {
  expect(await shown('Webhooks that wait')).toBeLessThan(5);
  await watched.receiver.close();

  await untilFiring('WebhooksFail');
  await untilShown('Webhook attempts by result', { result: 'retry' }, (value) => value > 0);
  await untilShown('Webhook attempts delivered', {}, (value) => value < 0.5);
  await untilShown('Webhooks that wait', {}, (value) => value > 5);

  await watched.receiver.open();
  await untilCalm();
});

it('receiver refuses: webhooks are given up', async () => {
  watched.receiver.script('/gone', [410]);
  watched.hook = '/gone';

  await untilFiring('WebhooksGivenUp');
  await untilShown('Webhook attempts by result', { result: 'gone' }, (value) => value > 0);

  watched.hook = '/steady';
  await untilCalm();
});

it('image host down: comparisons end without a decision, and it is the turn of the image host', async () => {
  const { photos } = watched;
  const broken = watched.images.serve('/broken.jpg', (_request, response) => response.writeHead(503).end());
  watched.photos = { ...photos, back_image: broken };

  await untilFiring('ImageHostsFail');
  await untilShown('Without a decision, by who has to act', { fault: 'upstream' }, (value) => value > 0);
  const reason = { code: 'image_fetch_failed', reason: 'http_5xx' };
  await untilShown('Without a decision, by code and reason', reason, (value) => value > 0);
  await untilShown('Comparisons without trouble', {}, (value) => value < 0.9);
  expect(await shown('Without a decision, by who has to act', { fault: 'service' })).toBeUndefined();

  watched.photos = photos;
  await untilCalm();
});

it('Redis slow: its time of one exchange rises, while it stays usable', async () => {
  expect(await shown('Redis: time of one exchange')).toBeLessThan(SLOW_S);
  watched.link.delay(100);

  await untilFiring('RedisSlow');
  await untilShown('Redis: time of one exchange', {}, (value) => value > SLOW_S);
  expect(await shown('Redis usable')).toBe(1);

  watched.link.delay(0);
  await untilCalm();
});

it('Redis stopped: no program can use it, and requests fail', async () => {
  await watched.redis.kill();

  await untilFiring('RedisUnavailable', 'RequestsFail');
  await untilShown('Redis usable', {}, (value) => value === 0);

  await watched.redis.start();
  await untilCalm();
});

it('wrong models on one worker: two rows of one pack', async () => {
  const wrong = await watched.addWorker(watched.otherModels('lite'));
  const stray = await watched.addWorker(watched.otherModels('other'));

  await untilFiring('ModelsDiffer', 'PackWithoutApi');
  const models = await panel('Models of the workers');
  expect(models.map(({ labels, value }) => `${labels.pack} ${value}`).toSorted()).toEqual([
    'lite 1',
    'lite 1',
    'other 1',
  ]);

  for (const worker of [wrong, stray]) await watched.forget(worker);
  await untilCalm();
});

it('dead worker: a target is down, its job goes to another worker', async () => {
  const [first] = watched.service.workers;
  if (!first) throw new Error('this is a bug: no worker');
  const held = watched.images.serve('/held.jpg', () => undefined);
  await watched.submit('bank', { ...watched.photos, back_image: held }, 'held');
  await until(async () => expect(watched.images.requests).toContain('/held.jpg'));
  await watched.addWorker();
  await untilShown('Workers alive', {}, (value) => value === 2);
  await until(async () => expect(await watched.prometheus.query('face_jobs_stalled_total')).toHaveLength(2));
  first.process.kill('SIGKILL');

  await untilFiring('TargetDown', 'WorkersCrash');
  await untilShown('Losses in 15 minutes', {}, (value) => value >= 1);
  await untilShown('Workers alive', {}, (value) => value === 1);

  await watched.forget(first);
  watched.images.serve('/held.jpg', (_request, response) => response.writeHead(404).end());
  await watched.erase('bank', 'held');
  await untilCalm();
});

it('one tenant floods while no worker is alive: its key has the waiting jobs', async () => {
  for (const worker of watched.workers()) await watched.forget(worker);
  for (let job = 0; job < FLOOD; job += 1)
    expect(await watched.submit('bank', watched.photos, 'flood')).toBe(202);

  await untilFiring('NoWorker', 'QueueTooLong', 'TenantFloods');
  await untilShown('Workers alive', {}, (value) => value === 0);
  await untilShown('Waiting jobs by API key', { key: 'bank' }, (value) => value === FLOOD);
  expect(await shown('Waiting jobs by API key', { key: 'shop' })).toBeLessThan(FLOOD / 5);
  await untilShown('Oldest waiting job', {}, (value) => value > 30);
  await untilShown('Oldest waiting job by pack', { pack: 'lite' }, (value) => value > 30);

  await watched.erase('bank', 'flood');
  await watched.addWorker();
  await untilCalm();
});

it('no API: Prometheus says so although it has no figure', async () => {
  await watched.forget(watched.service.api);

  await untilFiring('NoApi');
  await untilShown('APIs', {}, (value) => value === 0);
});
