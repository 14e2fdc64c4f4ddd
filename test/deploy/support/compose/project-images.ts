import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cache.js';
import { run } from '../run.js';
import type { Engine } from './engine.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** An image that the compose file builds. */
export interface ProjectImage {
  readonly name: string;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
}

interface ComposeConfig {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly build?: { readonly dockerfile: string; readonly args?: Readonly<Record<string, string>> };
      }
    >
  >;
}

/**
 * Copies what git tracks, or would track, to a folder of its own, as a user has it after a clone: without this
 * checkout's .env and node_modules. Returns the folder.
 */
export async function copyCheckout(): Promise<string> {
  const folder = cached('checkout');
  rmSync(folder, { recursive: true, force: true });
  const options = { cwd: ROOT };
  const list = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], options);
  const deleted = await run('git', ['ls-files', '-z', '--deleted'], options);
  const gone = new Set(deleted.split('\0'));
  for (const path of list.split('\0').filter((name) => name !== '' && !gone.has(name))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
  return folder;
}

/** Returns the images that compose builds and those that it only uses, without services that need a GPU. */
export async function readComposeImages(
  { env }: Engine,
  checkout: string,
): Promise<{ readonly built: readonly ProjectImage[]; readonly used: readonly string[] }> {
  const words = ['compose', '--profile', 'observability', 'config', '--format', 'json'];
  const config = JSON.parse(await run('docker', words, { env, cwd: checkout })) as ComposeConfig;
  const built = new Map<string, ProjectImage>();
  const used = new Set<string>();
  for (const { image, build } of Object.values(config.services)) {
    if (build) built.set(image, { name: image, dockerfile: build.dockerfile, args: build.args ?? {} });
    else used.add(image);
  }
  return { built: [...built.values()], used: [...used] };
}

/** Builds an image from the checkout with its Dockerfile as it is. */
export async function buildImage(engine: Engine, checkout: string, image: ProjectImage): Promise<void> {
  const args = Object.entries(image.args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const words = [
    'build',
    '--progress',
    'plain',
    '--file',
    image.dockerfile,
    '--tag',
    image.name,
    ...args,
    '.',
  ];
  await run('docker', words, { env: engine.env, cwd: checkout });
}

/** Returns the size of an image and the part of it that is not in its base, MB. */
export async function measureImage(
  { env }: Engine,
  { name, base }: { readonly name: string; readonly base: string },
): Promise<{ readonly totalMb: number; readonly ownMb: number }> {
  const sizeOf = async (image: string): Promise<number> =>
    Number(await run('docker', ['image', 'inspect', '--format', '{{.Size}}', image], { env }));
  const total = await sizeOf(name);
  return { totalMb: Math.round(total / 1e6), ownMb: Math.round((total - (await sizeOf(base))) / 1e6) };
}
