import { join } from 'node:path';
import type { DebianPrograms } from '../debian-programs.js';
import { buildGoProgram } from '../go-programs.js';
import { type Report, Skipped } from '../report.js';
import { runSuite } from '../run-suite.js';
import {
  type BaseImage,
  frontendImage,
  nodeImage,
  prometheusImage,
  provideImage,
  readBaseNames,
  redisImage,
} from './base-images.js';
import { type Engine, startEngine } from './engine.js';
import { buildImage, copyCheckout, measureImage, readComposeImages } from './project-images.js';

/** The image that no compose file names. */
const ALL_IN_ONE = { name: 'face-verification', dockerfile: 'Dockerfile.all-in-one', args: {} };

/** What the steps need once the engine runs. */
interface Workplace {
  readonly engine: Engine;
  readonly checkout: string;
  readonly images: Awaited<ReturnType<typeof readComposeImages>>;
}

/** Builds the images, runs the compose file and tests the service in it. */
export async function testCompose(report: Report, programs: DebianPrograms): Promise<void> {
  const compose = await report.step('docker compose from its Go module', async () => [
    await buildGoProgram('docker-compose'),
  ]);
  if (!compose) return;
  const engine = await report.step('Docker engine', async () => [await startEngine(programs)]);
  if (!engine) return;
  try {
    const checkout = await copyCheckout();
    const workplace = { engine, checkout, images: await readComposeImages(engine, checkout) };
    const isReady = (await provideImages(report, workplace)) && (await buildImages(report, workplace));
    if (isReady) await runCompose(report, workplace);
  } finally {
    await engine.stop();
  }
}

/** Ensures that the engine has what Dockerfiles and compose file name. */
async function provideImages(report: Report, { engine, checkout, images }: Workplace): Promise<boolean> {
  const names = images.built.map(({ dockerfile }) => readBaseNames(join(checkout, dockerfile)));
  const wanted: BaseImage[] = [
    ...[...new Set(names.map(({ frontend }) => frontend))].map(frontendImage),
    ...[...new Set(names.map(({ node }) => node))].map(nodeImage),
    ...images.used.filter((name) => name.startsWith('redis:')).map(redisImage),
  ];
  for (const image of wanted) {
    const origin = await report.step(`image ${image.name}`, async () => {
      const from = await provideImage(engine, image);
      return [from, `from ${from}`];
    });
    if (!origin) return false;
  }
  return true;
}

async function buildImages(report: Report, { engine, checkout, images }: Workplace): Promise<boolean> {
  for (const image of [...images.built, ALL_IN_ONE]) {
    const built = await report.step(`build ${image.name} from ${image.dockerfile}`, async () => {
      await buildImage(engine, checkout, image);
      const { node } = readBaseNames(join(checkout, image.dockerfile));
      const { totalMb, ownMb } = await measureImage(engine, { name: image.name, base: node });
      return [true, `${totalMb} MB, ${ownMb} MB of it above its base image`];
    });
    if (!built) return false;
  }
  return true;
}

async function runCompose(report: Report, { engine, checkout, images }: Workplace): Promise<void> {
  const env = { ...engine.env, DEPLOY_TEST_CHECKOUT: checkout };
  const suite = { env, prefix: engine.inNetwork };
  await report.step('compose: comparisons, a killed worker, a restart', async () => [
    true,
    await runSuite('deploy/compose.test.ts', suite),
  ]);
  const [{ dockerfile } = ALL_IN_ONE] = images.built;
  const bases = {
    node: readBaseNames(join(checkout, dockerfile)).node,
    redis: images.used.find((name) => name.startsWith('redis:')),
  };
  await report.step('compose: included in a project of a user', async () => [
    true,
    await runSuite('deploy/included.test.ts', {
      ...suite,
      env: { ...env, DEPLOY_TEST_BASE_IMAGES: JSON.stringify(bases) },
    }),
  ]);
  await report.step('all-in-one: comparisons in one container', async () => [
    true,
    await runSuite('deploy/all-in-one.test.ts', {
      ...suite,
      env: { ...env, DEPLOY_TEST_IMAGE: ALL_IN_ONE.name },
    }),
  ]);
  const prometheus = images.used.find((name) => name.startsWith('prom/prometheus:'));
  if (prometheus)
    await report.step('compose: Prometheus of the profile observability', async () => {
      const from = await provideImage(engine, prometheusImage(prometheus));
      return [true, `${await runSuite('deploy/observability.test.ts', suite)}, image from ${from}`];
    });
  for (const name of images.used.filter((image) => image.startsWith('grafana/')))
    await report.step(`compose: ${name}`, async () => {
      throw new Skipped('its image is not pulled: the dashboard is checked by npm run test:observability');
    });
}
