import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { otherPersonPhoto } from '../support/photos/photos.js';
import { uploadPhotos } from '../support/photos/upload-photos.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import {
  API,
  API_KEY,
  addressOf,
  compose,
  containersOf,
  healthyContainers,
  inContainer,
  PRIVATE_KEY,
  PUBLIC_KEYS,
  WORKER,
  writeSettings,
} from './support/compose/compose-project.js';
import { TEST_ADDRESS } from './support/compose/engine.js';

const JOBS = 30;
const WORKERS = 3;

let images: ImageServer;
let references: Readonly<Record<'match' | 'other', Uint8Array>>;
let match: Record<string, string>;
let noMatch: Record<string, string>;
let origin: string;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls the API from outside its containers, as a service on the network `default` does. */
async function call(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A restarted container gets another address. */
async function findOrigin(): Promise<void> {
  const [api] = await healthyContainers(API, 1);
  if (!api) throw new Error('no API');
  origin = `http://${addressOf(api, 'default')}:8333`;
}

const liveWorkers = async (): Promise<unknown> => (await call('/health/ready')).body.workers;

beforeAll(async () => {
  images = await startImageServer({ host: TEST_ADDRESS, port: 80 });
  const photos = await uploadPhotos();
  const served = Object.entries(photos).map(([name, photo]) => [name, images.serve(`/${name}`, photo)]);
  match = { user_id: 'user-1', ...Object.fromEntries(served) };
  references = { match: photos.back_image, other: await otherPersonPhoto() };
  noMatch = { ...match, back_image: images.serve('/other', references.other) };
  writeSettings();
  await compose('down', '--volumes', '--remove-orphans');
  await compose('up', '--detach');
  await findOrigin();
  await healthyContainers(WORKER, 1);
});

afterAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
  await images?.stop();
});

describe('docker compose', () => {
  it('answers true for photos of one person and false for another', async () => {
    expect(await call('/compare-faces', match)).toMatchObject({ status: 200, body: { matched: true } });
    expect(await call('/compare-faces', noMatch)).toMatchObject({ status: 200, body: { matched: false } });
  });

  it('refuses callers without a key', async () => {
    const response = await fetch(`${origin}/compare-faces`, { method: 'POST', body: '{}' });

    expect(response.status).toBe(401);
  });

  it('runs our programs without root, capabilities or a writable image', async () => {
    for (const service of [API, WORKER]) {
      const [container] = await containersOf(service);
      if (!container) throw new Error(`no ${service}`);
      const status = await inContainer(container, 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/1/status');
      expect(status.split(/\s+/)).toEqual(['10001', 'CapEff:', '0000000000000000', 'NoNewPrivs:', '1', '']);
      await expect(inContainer(container, 'echo text > /app/file')).rejects.toThrow('Read-only file system');
    }
  });

  it('keeps the keys of callers from the workers, and the key of receipts from the API', async () => {
    const [[worker], [api]] = [await containersOf(WORKER), await containersOf(API)];
    if (!worker || !api) throw new Error('no worker or no API');

    expect(await inContainer(worker, 'env')).not.toContain(API_KEY);
    expect(await inContainer(worker, 'env')).toContain(PRIVATE_KEY);
    expect(await inContainer(api, 'env')).not.toContain(PRIVATE_KEY);
    expect((await call('/.well-known/jwks.json')).body).toEqual(PUBLIC_KEYS);
    const { body } = await call('/compare-faces', { ...match, receipt: true });
    expect(body).toMatchObject({ matched: true, receipt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) });
  });

  it(`loses none of ${JOBS} jobs when one of ${WORKERS} workers is killed while it has some`, async () => {
    await compose('up', '--detach', '--no-recreate', '--scale', `${WORKER}=${WORKERS}`);
    const workers = await healthyContainers(WORKER, WORKERS);
    await vi.waitFor(async () => expect(await liveWorkers()).toBe(WORKERS), { timeout: 120_000 });
    const held = holdReferences();
    const expected = Array.from({ length: JOBS }, (_, index) => index % 3 !== 0);
    const accepted = await Promise.all(
      expected.map((isMatch, index) => {
        const photos = { ...match, back_image: isMatch ? held.match : held.other };
        return call('/jobs', { ...photos, user_id: `user-${index}` });
      }),
    );
    const victim = await vi.waitFor(
      () => {
        const found = workers.find((worker) => held.isAskedBy(addressOf(worker, `${API}-egress`)));
        if (!found) throw new Error('no worker waits for a reference');
        return found;
      },
      { timeout: 120_000 },
    );
    // Everything that the container runs, so that it ends at once, with jobs that nobody can have ended.
    await inContainer(victim, 'kill -9 -1').catch(() => undefined);
    await vi.waitFor(
      async () => {
        const found = (await containersOf(WORKER)).find(({ Id }) => Id === victim.Id);
        expect(found?.RestartCount).toBe(1);
      },
      { timeout: 120_000 },
    );
    held.release();

    expect(accepted.map(({ status }) => status)).toEqual(expected.map(() => 202));
    const results = await Promise.all(accepted.map(({ body }) => finished(String(body.job_id))));
    expect(results.map(({ matched }) => matched)).toEqual(expected);
    expect(results.map(({ user_id }) => user_id)).toEqual(expected.map((_, index) => `user-${index}`));
    await healthyContainers(WORKER, WORKERS);
  });

  it('ends every program with 0 when it is stopped, and keeps results over a restart', async () => {
    const { body } = await call('/jobs', match);
    const before = await finished(String(body.job_id));

    await compose('stop');
    const ended = [...(await containersOf(API)), ...(await containersOf(WORKER))];
    expect(ended.map(({ State }) => [State.Status, State.ExitCode])).toEqual(ended.map(() => ['exited', 0]));
    await compose('start');
    await findOrigin();

    expect(await finished(String(body.job_id))).toEqual(before);
    expect(await call('/compare-faces', match)).toMatchObject({ status: 200, body: { matched: true } });
  });
});

/** Serves two references that no worker gets before they are released, so no job ends before. */
function holdReferences() {
  const waiting: { readonly address: string | undefined; readonly send: () => void }[] = [];
  let isReleased = false;
  const hold = (path: string, photo: Uint8Array): string =>
    images.serve(path, ({ socket }, response) => {
      const send = (): void => void response.end(photo);
      if (isReleased) send();
      else waiting.push({ address: socket.remoteAddress, send });
    });
  return {
    match: hold('/held-match', references.match),
    other: hold('/held-other', references.other),
    isAskedBy: (address: string): boolean => waiting.some((each) => each.address === address),
    release: (): void => {
      isReleased = true;
      for (const { send } of waiting) send();
    },
  };
}

/** Resolves with the result of a job. */
function finished(id: string): Promise<Readonly<Record<string, unknown>>> {
  return vi.waitFor(
    async () => {
      const { body } = await call(`/jobs/${id}`);
      if (body.status !== 'completed') throw new Error(`job ${id} is ${body.status}`);
      return (body.result ?? body) as Record<string, unknown>;
    },
    { timeout: 300_000, interval: 500 },
  );
}
