import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MAX_STALLED_COUNT } from '../../src/shared/queue/queue-settings.js';
import { listVisionPids } from '../support/programs/process-table.js';
import { readDashboard } from './support/dashboard/dashboard-schema.js';
import { showPanel } from './support/dashboard/show-panel.js';
import { takePicture } from './support/dashboard/take-picture.js';
import {
  damageEndedJob,
  damageWaitingJobs,
  holdPhoto,
  largePhotos,
  removeRecord,
} from './support/prepared-faults.js';
import type { Sample } from './support/prometheus-server.js';
import { readAlerts } from './support/read-alerts.js';
import { startWatchedService, type WatchedService } from './support/watched-service.js';

/** Scrapes and evaluations take a second each, windows ten. */
const WAIT = { timeout: 60_000, interval: 250 };
/** Jobs of one flood: more than a worker does in half a minute. */
const FLOOD = 400;
/** Of these, jobs whose records are damaged: more than a hundredth of all comparisons. */
const DAMAGED = 10;
/** As the rule for a slow Redis has it, s. */
const SLOW_S = 0.05;

/** Vision processes of a worker that loses them all at once: more than five, as the rule has it. */
const VISION_PROCESSES = 6;
/** Smallest UPLOAD_MEMORY_LIMIT with MAX_IMAGE_BYTES. */
const UPLOAD_LIMITS = { MAX_IMAGE_BYTES: '4194304', UPLOAD_MEMORY_LIMIT: '20971520' };
/** Of an uploaded photo: three of one job and four of another are more than the limit. */
const PHOTO_BYTES = 3_500_000;

const panels = readDashboard();
/** Alerts that a test has waited for. */
const fired = new Set<string>();

let watched: WatchedService;

beforeAll(async () => {
  watched = await startWatchedService({ pace: 'hurried', pauseMs: 100, env: UPLOAD_LIMITS });
});

afterAll(async () => {
  await watched?.stop();
});

/** What a panel of the dashboard shows now. */
async function panel(title: string): Promise<readonly Sample[]> {
  const found = panels.find((each) => each.title === title);
  if (!found || found.type === 'row') throw new Error(`no panel ${title}`);
  return (await Promise.all(found.targets.map(({ expr }) => watched.prometheus.query(expr)))).flat();
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
  return alerts.map(({ labels }) => labels.alert ?? '').toSorted();
}

/** The orange and red tiles, from left to right, with what they show. */
async function tiles(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const each of panels) {
    if (each.type !== 'stat') continue;
    const tile = await showPanel(each, watched.prometheus);
    if (tile.type === 'stat' && !['green', 'none'].includes(tile.colour))
      found[each.title] = `${tile.colour}: ${tile.text}`;
  }
  return found;
}

/** With DASHBOARD_PICTURES, a folder, each incident leaves the dashboard there as a page and a picture. */
async function picture(name: string): Promise<void> {
  const folder = process.env.DASHBOARD_PICTURES;
  if (folder) await takePicture(folder, name, watched.prometheus);
}

const until = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, WAIT);
const untilFiring = async (...names: readonly string[]): Promise<void> => {
  await until(async () => expect(await firing()).toEqual(expect.arrayContaining([...names])));
  for (const name of names) fired.add(name);
};
/** Until an alert fires or has fired in the last minute. */
const untilFired = async (name: string): Promise<void> => {
  const ever = `count_over_time(ALERTS{alertname="FaceVerification${name}",alertstate="firing"}[60s])`;
  await until(async () => expect(await watched.prometheus.query(ever), name).not.toEqual([]));
  fired.add(name);
};
const untilShown = (
  title: string,
  labels: Readonly<Record<string, string>>,
  holds: (value: number) => boolean,
): Promise<void> =>
  until(async () => {
    const value = await shown(title, labels);
    expect(value !== undefined && holds(value), `${title}: ${value}`).toBe(true);
  });
/** Until this tile has this colour and text, and no other tile has a colour but those of its consequences. */
const untilNamed = (title: string, looks: RegExp, consequences: readonly string[] = []): Promise<void> =>
  until(async () => {
    const { [title]: tile, ...others } = await tiles();
    expect(tile, title).toMatch(looks);
    for (const consequence of consequences) delete others[consequence];
    expect(others).toEqual({});
  });
const untilCalm = (): Promise<void> =>
  until(async () => expect([await firing(), await tiles()]).toEqual([[], {}]));

it('a healthy service fires no alert, and every panel has a figure', async () => {
  await untilShown('Webhook attempts by result', { result: 'delivered' }, (value) => value > 0);
  const scrapes = 'count_over_time(face_comparisons_total{result="matched"}[60s])';
  // Before the first scrape there is no API. 20 s: longer than the window and the pause of every rule.
  await until(async () => expect((await watched.prometheus.query(scrapes))[0]?.value).toBeGreaterThan(25));
  const ever = 'count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[20s]))';
  // A starved machine makes Redis slow for a moment.
  await until(async () => expect(await watched.prometheus.query(ever)).toEqual([]));

  const empty: string[] = [];
  for (const { title, type } of panels)
    if (type !== 'row' && (await panel(title)).length === 0) empty.push(title);
  expect(empty).toEqual([
    'Alerts that fire',
    'Programs gone or with wrong models, by name',
    'Requests refused or limited, by API key',
    'Without a decision, by code and reason',
    'Unusable photos by code and reason',
    // No shadow runs.
    'Comparisons with both packs',
    'Of these would change',
    'Changes by kind',
    'Similarity of the shadow minus live, 5 %, 50 % and 95 % of fronts',
  ]);
  expect(await shown('Workers alive and needed')).toBeGreaterThan(0);
  await untilCalm();
  await picture('healthy');
});

it('receiver down: attempts fail, and the webhooks wait', async () => {
  expect(await shown('Webhooks that wait')).toBeLessThan(5);
  await watched.receiver.close();

  await untilFiring('WebhooksFail');
  await untilShown('Webhook attempts by result', { result: 'retry' }, (value) => value > 0);
  await untilShown('Webhooks that wait', {}, (value) => value > 5);
  await untilNamed('Failures by webhook receivers', /^red: 100%/);
  await picture('receiver-down');

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
  expect(await shown('Without a decision, by who has to act', { fault: 'service' })).toBe(0);
  await untilNamed('Failures by image hosts', /^red: 100%/);
  await picture('image-host-down');

  watched.photos = photos;
  await untilCalm();
});

it('Redis slow: its time of one exchange rises, while it stays usable', async () => {
  expect(await shown('Redis: time of one exchange')).toBeLessThan(SLOW_S);
  watched.link.delay(100);

  await untilFiring('RedisSlow');
  await untilShown('Redis: time of one exchange', {}, (value) => value > SLOW_S);
  await untilNamed('Redis answers in', /^red: \d+ ms/, ['Oldest waiting job']);
  await picture('redis-slow');

  watched.link.delay(0);
  await untilCalm();
});

it('Redis stopped: no program can use it, and requests fail', async () => {
  await watched.redis.kill();

  await untilFiring('RedisUnavailable', 'RequestsFail');
  await untilNamed('Redis usable', /^red: 0%/, [
    'Redis answers in',
    'Workers alive',
    'Oldest waiting job',
    'Failures by the service itself',
    'Failures by webhook receivers',
    'Requests with 500, 503 or 504',
  ]);
  await picture('redis-stopped');

  await watched.redis.start();
  await untilCalm();
});

it('wrong models on one worker: two rows of one pack, and the list names the worker', async () => {
  const wrong = await Promise.all(
    ['lite', 'other'].map((pack) => watched.addWorker({ INSIGHTFACE_MODEL: watched.otherModels(pack) })),
  );
  const right = await watched.addWorker();

  await untilFiring('ModelsDiffer', 'PackWithoutApi');
  await until(async () => {
    const models = await panel('Models of the workers');
    expect(models.map(({ labels, value }) => `${labels.pack} ${value}`).toSorted()).toEqual([
      'lite 1',
      'lite 2',
      'other 1',
    ]);
  });
  await untilNamed('Workers with wrong models', /^red: 2/);
  const named = await panel('Programs gone or with wrong models, by name');
  expect(named.map(({ labels }) => `${labels.what} ${labels.instance}`).toSorted()).toEqual(
    wrong.map((worker) => `wrong models ${watched.addressOf(worker)}`).toSorted(),
  );
  await picture('wrong-models');

  await Promise.all([...wrong, right].map((worker) => watched.forget(worker)));
  await untilCalm();
});

it('faults that only an alert reports: settings, uploads, shadow, vision processes, a record in Redis', async () => {
  const worker = await watched.addWorker({
    SHADOW_MODEL: 'lite',
    SHADOW_SHARE: '1',
    VISION_PROCESSES: String(VISION_PROCESSES),
  });
  // Until Prometheus has its counters at 0.
  await until(async () =>
    expect(await watched.prometheus.query('face_vision_processes')).toContainEqual(
      expect.objectContaining({ value: VISION_PROCESSES }),
    ),
  );
  const photos = await largePhotos(PHOTO_BYTES);

  watched.writeTenants('  broken: { keys: [short] }\n');
  const damaged = await damageEndedJob(watched.redis.url);
  for (const pid of listVisionPids(worker.process.pid)) process.kill(pid, 'SIGKILL');
  await Promise.all([
    untilFired('SettingsRefused'),
    untilFired('VisionCrashes'),
    // The next pass begins within half a minute.
    untilFired('ReconcilerFails'),
    overfillShadow(photos).then(() => overfillUploads(photos)),
  ]);

  watched.writeTenants();
  await removeRecord(watched.redis.url, damaged);
  await watched.forget(worker);
  await untilCalm();
});

/** Nobody serves the shadow, so after two comparisons no more photos fit. */
async function overfillShadow(photos: Readonly<Record<string, Buffer>>): Promise<void> {
  await until(async () => {
    expect(await watched.upload('bank', photos)).toBe(200);
    expect(await firing()).toContain('ShadowDrops');
  });
  fired.add('ShadowDrops');
}

/** A job that waits for an image host keeps its photos in Redis. */
async function overfillUploads(photos: Readonly<Record<string, Buffer>>): Promise<void> {
  const held = holdPhoto(watched.images, '/held-upload.jpg');
  expect(await watched.upload('bank', { ...photos, back_image: held.url }, '/jobs')).toBe(202);
  await until(async () => {
    expect(await watched.upload('bank', photos)).toBe(503);
    expect(await firing()).toContain('UploadsRefused');
  });
  fired.add('UploadsRefused');
  held.end();
}

it('dead worker: a target is down, its job goes to another worker; after six dead workers it is given up', async () => {
  const [first] = watched.service.workers;
  if (!first) throw new Error('this is a bug: no worker');
  const held = holdPhoto(watched.images, '/held.jpg');
  const job = { user_id: 'held', ...watched.photos, back_image: held.url };
  expect(await watched.submit('bank', job, 1)).toBe(202);
  await until(async () => expect(held.open).toHaveLength(1));
  await watched.addWorker();
  await untilShown('Workers alive', {}, (value) => value === 2);
  await until(async () => expect(await watched.prometheus.query('face_jobs_stalled_total')).toHaveLength(2));
  first.process.kill('SIGKILL');

  await untilFiring('TargetDown', 'WorkersCrash');
  await untilShown('Losses in 15 minutes', {}, (value) => value >= 1);
  await untilShown('Workers alive', {}, (value) => value === 1);
  await untilNamed('Programs gone', /^orange: 1/, ['Oldest waiting job']);
  const gone = await panel('Programs gone or with wrong models, by name');
  expect(gone.map(({ labels }) => `${labels.what} ${labels.service}`)).toEqual(['gone worker']);
  await picture('worker-dead');

  await watched.forget(first);
  for (let losses = 1; losses <= MAX_STALLED_COUNT; losses++) {
    await until(async () => expect(held.open).toHaveLength(losses + 1));
    const [worker] = watched.workers();
    worker?.process.kill('SIGKILL');
    await Promise.all([worker && watched.forget(worker), watched.addWorker()]);
  }
  await untilFiring('JobsAbandoned');

  held.end();
  await watched.erase('bank', 'held');
  await untilCalm();
}, 240_000);

it('one tenant floods: its key has the waiting jobs', async () => {
  expect(await watched.submit('bank', { user_id: 'flood', ...watched.photos }, FLOOD)).toBe(202);

  await untilFiring('TenantFloods');
  await untilNamed('Jobs of an API key that floods', /^orange: bank \d+/, ['Oldest waiting job']);
  expect(await shown('Waiting jobs by API key', { key: 'shop' })).toBeLessThan(FLOOD / 5);
  await picture('tenant-floods');

  await damageWaitingJobs(watched.redis.url, DAMAGED);
  await untilFiring('InternalErrors');
});

it('no worker: the jobs wait', async () => {
  for (const worker of watched.workers()) await watched.forget(worker);

  await untilFiring('NoWorker', 'QueueTooLong');
  await untilShown('Oldest waiting job by pack', { pack: 'lite' }, (value) => value > 30);
  await untilNamed('Workers alive', /^red: 0/, [
    'Oldest waiting job',
    'Jobs of an API key that floods',
    'Failures by image hosts',
    'Failures by webhook receivers',
    'Failures by the service itself',
  ]);
  await picture('no-worker');

  await watched.erase('bank', 'flood');
  await watched.addWorker();
  await untilCalm();
});

it('no API: Prometheus says so although it has no figure', async () => {
  await watched.forget(watched.service.api);

  await untilFiring('NoApi');
  expect((await tiles())['APIs that answer']).toBe('red: 0');
});

it('every alert of the rules has fired', () => {
  expect([...fired].toSorted()).toEqual(
    readAlerts()
      .map(({ name }) => name)
      .toSorted(),
  );
});
