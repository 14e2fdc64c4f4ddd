import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { otherPersonPhoto } from '../support/photos/photos.js';
import { uploadPhotos } from '../support/photos/upload-photos.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { API_KEY, type Container, readContainers } from './support/compose/compose-project.js';
import { TEST_ADDRESS } from './support/compose/engine.js';
import { attempt, run } from './support/run.js';

const NAME = 'face-verification-all-in-one-test';
/** It downloads the models at the first start. */
const START_LIMIT_MS = 600_000;

let images: ImageServer;
let photos: Record<string, string>;
let other: string;

const inspect = async (): Promise<Container> => {
  const [container] = await readContainers([NAME]);
  if (!container) throw new Error('no container');
  return container;
};

async function remove(): Promise<void> {
  await attempt('docker', ['rm', '--force', '--volumes', NAME]);
}

beforeAll(async () => {
  images = await startImageServer({ host: TEST_ADDRESS, port: 80 });
  const served = Object.entries(await uploadPhotos()).map(([name, photo]) => [
    name,
    images.serve(`/${name}`, photo),
  ]);
  photos = Object.fromEntries(served) as Record<string, string>;
  other = images.serve('/other', await otherPersonPhoto());
  await remove();
  const settings = [
    'INSIGHTFACE_MODEL=lite',
    `API_KEYS=tester:${API_KEY}`,
    `ALLOWED_PRIVATE_HOSTS=${TEST_ADDRESS}`,
  ];
  const words = settings.flatMap((setting) => ['--env', setting]);
  // As docs/deployment.md starts it.
  const options = ['--detach', '--name', NAME, '--volume', '/data', '--memory', '4g', '--stop-timeout', '80'];
  await run('docker', ['run', ...options, ...words, process.env.DEPLOY_TEST_IMAGE ?? '']);
});

afterAll(async () => {
  await remove();
  await images?.stop();
});

describe('the all-in-one image', () => {
  it('answers comparisons, and ends with 0 when it is stopped', async () => {
    await vi.waitFor(async () => expect((await inspect()).State.Health?.Status).toBe('healthy'), {
      timeout: START_LIMIT_MS,
      interval: 500,
    });
    const address = (await inspect()).NetworkSettings.Networks.bridge?.IPAddress;
    const compare = async (changes: Record<string, string>): Promise<unknown> => {
      const response = await fetch(`http://${address}:8333/compare-faces`, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: 'user-1', ...photos, ...changes }),
      });
      return ((await response.json()) as { matched?: boolean }).matched;
    };

    expect(await compare({})).toBe(true);
    expect(await compare({ back_image: other })).toBe(false);
    await run('docker', ['stop', NAME]);
    expect((await inspect()).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
  });
});
