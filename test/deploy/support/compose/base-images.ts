import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../cache.js';
import { buildGoProgram } from '../go-programs.js';
import { attempt, run } from '../run.js';
import type { Engine } from './engine.js';

const PULL_LIMIT_MS = 120_000;
const SUITE = 'bookworm';
const BASE = `face-verification-test-base:${SUITE}`;
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x64', arm64: 'arm64' };

/** Where an image of the test comes from. */
export type Origin = 'the cache' | 'its registry' | 'parts';

/** Programs that the images need at build time, below the root of the repository. */
export interface BaseImage {
  readonly name: string;
  /** Makes a stand-in of the image under its name. */
  make(engine: Engine): Promise<void>;
}

/** Returns the image that runs Node: a Debian system with the binary and npm that the npm registry publishes. */
export function nodeImage(name: string): BaseImage {
  const version = /^node:(\d+\.\d+\.\d+)-bookworm-slim$/.exec(name)?.[1];
  if (!version) throw new Error(`This test cannot make the base image ${name}.`);
  return {
    name,
    make: async (engine) => {
      await makeSystem(engine);
      const folder = newContext('node');
      await unpackNpm(`node-linux-${ARCHITECTURES[process.arch]}@${version}`, join(folder, 'node'));
      await unpackNpm('npm@11', join(folder, 'npm'));
      await writeNpmConfig(folder);
      const lines = [
        `FROM ${BASE}`,
        'COPY node/bin/node /usr/local/bin/node',
        'COPY npm /usr/local/lib/node_modules/npm',
        'COPY npmrc /usr/local/etc/npmrc',
        existsSync(join(folder, 'ca.crt')) ? `COPY ca.crt ${CERTIFICATES}` : '',
        'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\',
        ' && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && npm --version',
        'CMD ["node"]',
      ];
      await buildContext(engine, { name, folder, lines });
    },
  };
}

/** Returns the image of Redis: Debian's server with the user and the folder of the official image. */
export function redisImage(name: string): BaseImage {
  return debianImage(name, 'redis', [
    'RUN groupadd -g 999 redis && useradd -r -u 999 -g 999 redis && mkdir /data && chown redis:redis /data \\',
    ' && apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*',
    'VOLUME /data',
    'WORKDIR /data',
    'CMD ["redis-server"]',
  ]);
}

/** Returns the image of Prometheus: Debian's, which is older, with the user and the folder of the official image. */
export function prometheusImage(name: string): BaseImage {
  return debianImage(name, 'prometheus', [
    'RUN apt-get update && apt-get install -y --no-install-recommends prometheus wget && rm -rf /var/lib/apt/lists/* \\',
    ' && mkdir -p /prometheus && chown 65534:65534 /prometheus',
    'WORKDIR /prometheus',
    'ENTRYPOINT ["/usr/bin/prometheus"]',
  ]);
}

function debianImage(name: string, context: string, lines: readonly string[]): BaseImage {
  return {
    name,
    make: async (engine) => {
      await makeSystem(engine);
      await buildContext(engine, { name, folder: newContext(context), lines: [`FROM ${BASE}`, ...lines] });
    },
  };
}

/** Returns the image of BuildKit's Dockerfile frontend, which the first line of a Dockerfile names. */
export function frontendImage(name: string): BaseImage {
  return {
    name,
    make: async (engine) => {
      const folder = newContext('frontend');
      cpSync(await buildGoProgram('dockerfile-frontend'), join(folder, 'dockerfile-frontend'));
      const lines = [
        'FROM scratch',
        'COPY dockerfile-frontend /bin/dockerfile-frontend',
        // As in the official image: what makes BuildKit accept it.
        'LABEL moby.buildkit.frontend.network.none="true"',
        'LABEL moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts"',
        'ENTRYPOINT ["/bin/dockerfile-frontend"]',
      ];
      await buildContext(engine, { name, folder, lines });
    },
  };
}

/** Ensures that the engine has an image: from an earlier run, pulled from its registry, or made here. */
export async function provideImage(engine: Engine, image: BaseImage): Promise<Origin> {
  const { env } = engine;
  const inspected = await attempt('docker', ['image', 'inspect', image.name], { env });
  if (inspected.code === 0) return 'the cache';
  const pulled = await attempt('docker', ['pull', '-q', image.name], { env, timeoutMs: PULL_LIMIT_MS });
  if (pulled.code === 0) return 'its registry';
  await image.make(engine);
  return 'parts';
}

/** Imports a minimal Debian system as BASE. */
async function makeSystem({ env }: Engine): Promise<void> {
  const { code } = await attempt('docker', ['image', 'inspect', BASE], { env });
  if (code === 0) return;
  const archive = cached('files', `${SUITE}.tar`);
  if (!existsSync(archive)) await debootstrap(archive, env);
  await run('docker', ['import', archive, BASE], { env });
}

async function debootstrap(archive: string, env: Readonly<Record<string, string>>): Promise<void> {
  const folder = cached('system');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cached('files'), { recursive: true });
  const mirror = await debianMirror();
  // In namespaces of its own, because it mounts /proc in the folder.
  const words = ['--mount', '--pid', '--fork', '--kill-child=KILL', 'debootstrap', '--variant=minbase'];
  await run('unshare', [...words, SUITE, folder, ...(mirror ? [mirror] : [])], { env });
  writeFileSync(join(folder, 'etc/apt/apt.conf.d/99-of-the-machine'), await aptSettings());
  const without = ['var/cache/apt/archives/*.deb', 'var/lib/apt/lists/*', 'proc/*', 'sys/*'];
  const excludes = without.map((path) => `--exclude=./${path}`);
  await run('tar', ['-C', folder, ...excludes, '-cf', `${archive}.unfinished`, '.']);
  renameSync(`${archive}.unfinished`, archive);
  rmSync(folder, { recursive: true });
}

/** Returns the address from which this machine gets Debian's packages, if it is one with this suite. */
async function debianMirror(): Promise<string | undefined> {
  const format = '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)';
  const { stdout } = await attempt('apt-get', ['indextargets', '--format', format]);
  return new RegExp(`^Packages ${SUITE} main (\\S+)$`, 'm').exec(stdout)?.[1];
}

/** Returns the proxies and checks that this machine's apt is set to. */
async function aptSettings(): Promise<string> {
  const { stdout } = await attempt('apt-config', ['dump']);
  return stdout
    .split('\n')
    .filter((line) => /^Acquire::(https?::Proxy|Check-)\S* /.test(line))
    .join('\n');
}

/** Gives the image the registry, the certificates and the proxies with which npm works on this machine. */
async function writeNpmConfig(folder: string): Promise<void> {
  const settings = ['registry', 'cafile', 'proxy', 'https-proxy', 'strict-ssl'];
  const lines: string[] = [];
  for (const name of settings) {
    const value = (await run('npm', ['config', 'get', name], { cwd: folder })).trim();
    if (name === 'cafile' && existsSync(value)) {
      cpSync(value, join(folder, 'ca.crt'));
      lines.push(`cafile=${CERTIFICATES}`);
    } else if (value !== '' && value !== 'null' && value !== 'undefined') lines.push(`${name}=${value}`);
  }
  writeFileSync(join(folder, 'npmrc'), `${lines.join('\n')}\n`);
}

async function unpackNpm(specifier: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const args = ['pack', '--json', '--pack-destination', folder, specifier];
  const [packed] = JSON.parse(await run('npm', args, { cwd: folder })) as { filename: string }[];
  const archive = join(folder, packed?.filename ?? '');
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components', '1', '--no-same-owner']);
  rmSync(archive);
}

function newContext(name: string): string {
  const folder = cached('contexts', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function buildContext(
  { env }: Engine,
  {
    name,
    folder,
    lines,
  }: { readonly name: string; readonly folder: string; readonly lines: readonly string[] },
): Promise<void> {
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  await run('docker', ['build', '--tag', name, folder], { env });
  rmSync(folder, { recursive: true });
}

/** Returns the value that a Dockerfile gives to NODE_IMAGE, and the frontend that its first line names. */
export function readBaseNames(dockerfile: string): { readonly node: string; readonly frontend: string } {
  const text = readFileSync(dockerfile, 'utf8');
  const node = /^ARG NODE_IMAGE=(\S+)$/m.exec(text)?.[1];
  const frontend = /^# syntax=(\S+)$/m.exec(text)?.[1];
  if (!node || !frontend) throw new Error(`${dockerfile} names no NODE_IMAGE or no syntax.`);
  return { node, frontend };
}
