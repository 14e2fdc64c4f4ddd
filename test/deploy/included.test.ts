import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { otherPersonPhoto } from '../support/photos/photos.js';
import { uploadPhotos } from '../support/photos/upload-photos.js';
import { readSample } from '../support/programs/document-sample.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { cached } from './support/cache.js';
import { API_KEY, checkout, writeSettings } from './support/compose/compose-project.js';
import { TEST_ADDRESS } from './support/compose/engine.js';
import { run } from './support/run.js';

const folder = cached('including');
/** Calls the API as a backend of the project does, and prints what it answers. */
const CALL = `const response = await fetch(process.env.FACE_VERIFICATION_URL + '/compare-faces', {
  method: 'POST',
  headers: { authorization: 'Bearer ${API_KEY}', 'content-type': 'application/json' },
  body: process.argv[1],
});
console.log(await response.text());`;

let images: ImageServer;

/** Runs `docker compose` on the user's project. */
const compose = (...args: readonly string[]): Promise<string> =>
  run('docker', ['compose', ...args], { cwd: folder });

async function compare(photos: Readonly<Record<string, string>>): Promise<unknown> {
  const body = JSON.stringify({ user_id: 'user-1', ...photos });
  const answer = await compose(
    'exec',
    '--no-TTY',
    'backend',
    'node',
    '--input-type=module',
    '--eval',
    CALL,
    body,
  );
  return (JSON.parse(answer) as { matched?: boolean }).matched;
}

/** Writes the project of docs/migration.md with a Redis of its own, beside this repository. */
function writeProject(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(checkout, join(folder, 'face-verification'));
  const sample = parse(readSample({ path: 'docs/migration.md', language: 'yaml', mark: 'include:' }, {}));
  const images = JSON.parse(process.env.DEPLOY_TEST_BASE_IMAGES ?? '{}') as { node: string; redis: string };
  const backend = {
    ...sample.services.backend,
    image: images.node,
    command: ['sleep', 'infinity'],
    init: true,
    depends_on: {
      'face-verification': { condition: 'service_healthy' },
      'face-verification-worker': { condition: 'service_healthy' },
    },
  };
  const project = {
    name: 'face-verification-including-test',
    include: [{ path: [sample.include[0].path[0]] }],
    services: {
      backend,
      redis: { image: images.redis },
    },
  };
  writeFileSync(join(folder, 'docker-compose.yml'), stringify(project));
  writeFileSync(join(folder, '.env'), 'PORT=9\nREDIS_URL=redis://redis:6379\nLOG_LEVEL=loud\n');
}

beforeAll(async () => {
  images = await startImageServer({ host: TEST_ADDRESS, port: 80 });
  writeSettings();
  writeProject();
  await compose('down', '--volumes', '--remove-orphans');
  await compose('up', '--detach');
});

afterAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
  await images?.stop();
});

describe('a project that includes docker-compose.yml, as docs/migration.md shows', () => {
  it('reaches the API by its name, and keeps a Redis and settings of its own', async () => {
    const served = Object.entries(await uploadPhotos()).map(([name, photo]) => [
      name,
      images.serve(`/${name}`, photo),
    ]);
    const photos: Record<string, string> = Object.fromEntries(served);

    expect(await compare(photos)).toBe(true);
    expect(await compare({ ...photos, back_image: images.serve('/other', await otherPersonPhoto()) })).toBe(
      false,
    );
    expect((await compose('exec', '--no-TTY', 'redis', 'redis-cli', 'dbsize')).trim()).toBe('0');
    const environment = await compose('exec', '--no-TTY', 'face-verification', 'env');
    expect(environment).toContain('PORT=8333');
    expect(environment).not.toContain('LOG_LEVEL=loud');
  });
});
