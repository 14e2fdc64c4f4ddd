import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_NAMES } from '../../../src/shared/config/config.js';
import { fromRoot, type Instruction, lastStage, readDockerfile, readFromRoot } from './read-dockerfile.js';

const IMAGES = ['Dockerfile.api', 'Dockerfile.worker', 'Dockerfile.all-in-one'] as const;
/** Variables of Node, the shell and the loader, which no setting of ours names. */
const FOREIGN_ENVIRONMENT = ['NODE_ENV', 'HOME', 'LD_PRELOAD', 'ORT_DISABLE_TELEMETRY'];

const textsOf = (instructions: readonly Instruction[], name: string): readonly string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);

/** Paths that COPY takes from the build context, not from another stage. */
function contextSources(path: string): readonly string[] {
  return textsOf(readDockerfile(path), 'COPY')
    .filter((text) => !text.startsWith('--from='))
    .flatMap((text) => text.split(' ').slice(0, -1));
}

function isIgnored(path: string): boolean {
  const kept = readFromRoot('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  return !kept.includes(path);
}

describe.each(IMAGES)('%s', (path) => {
  it('runs as a numeric user other than root', () => {
    expect(textsOf(lastStage(readDockerfile(path)), 'USER')).toEqual([
      expect.stringMatching(/^[1-9]\d+:[1-9]\d+$/),
    ]);
  });

  it('pins every base image to a full version', () => {
    const instructions = readDockerfile(path);
    const images = textsOf(instructions, 'ARG').filter((text) => text.includes('IMAGE='));
    const bases = textsOf(instructions, 'FROM').map((text) => text.split(' ')[0]);

    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/=[a-z0-9./_-]+:\d+\.\d+\.\d+-[a-z0-9.-]+$/);
    for (const base of bases) expect(base).toMatch(/^(\$\{\w+\}|(build|base)(-\$\{VARIANT\})?)$/);
  });

  it('copies only what is in the tree and passes .dockerignore', () => {
    const sources = contextSources(path);

    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources) {
      expect(isIgnored(source), `${source} is not in .dockerignore`).toBe(false);
      expect(existsSync(fromRoot(source.includes('*') ? dirname(source) : source)), source).toBe(true);
    }
  });

  it('installs exactly what the lock file lists', () => {
    const runs = textsOf(readDockerfile(path), 'RUN').join('\n');

    expect(runs).toMatch(/npm ci\b/);
    expect(runs).not.toMatch(/npm (i|install|update|add)\b/);
  });

  it('has a health check of its program and starts it under an init process without core dumps', () => {
    const stage = lastStage(readDockerfile(path));

    expect(textsOf(stage, 'HEALTHCHECK').join()).toMatch(
      /healthcheck\.mjs http:\/\/127\.0\.0\.1:\$\{\w*PORT\}\/health/,
    );
    expect(textsOf(stage, 'ENTRYPOINT')).toEqual(['["tini", "--", "/app/entrypoint.sh"]']);
    expect(readFromRoot('deploy/entrypoint.sh')).toMatch(/^ulimit -c 0$/m);
  });

  it('sets only variables that the programs read', () => {
    const names = textsOf(lastStage(readDockerfile(path)), 'ENV').flatMap((text) =>
      [...text.matchAll(/(\w+)=/g)].map((match) => match[1]),
    );

    for (const name of names) expect([...ENVIRONMENT_NAMES, ...FOREIGN_ENVIRONMENT]).toContain(name);
  });

  it('contains no weights, and no secret in a variable', () => {
    const text = readFromRoot(path);

    expect(text).not.toMatch(/\.onnx\b/);
    expect(textsOf(readDockerfile(path), 'ENV').join()).not.toMatch(/KEY|SECRET|PASSWORD|TOKEN/);
  });
});

describe('the image of the worker', () => {
  it('keeps npm in both variants, because it fetches packs from npm packages', () => {
    const text = readFromRoot('Dockerfile.worker');

    expect(readFromRoot('src/cli/models/npm-tarball.ts')).toContain("runClient('npm'");
    expect(text).not.toMatch(/rm -rf[^\n]*(bin\/npm|lib\/node_modules)/);
    expect(text).toContain('ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm');
  });

  it('offers the variants cpu and cuda, each with a base and a build', () => {
    const stages = textsOf(readDockerfile('Dockerfile.worker'), 'FROM').map((text) => text.split(' AS ')[1]);

    expect(stages).toEqual(expect.arrayContaining(['build-cpu', 'build-cuda', 'base-cpu', 'base-cuda']));
  });
});

describe('the image of the whole service', () => {
  const stage = lastStage(readDockerfile('Dockerfile.all-in-one'));

  it('fetches the models, then runs the supervisor, which ends on the signal that Docker sends', () => {
    const [command = ''] = textsOf(stage, 'CMD');

    expect(command).toContain('/app/fetch-models.sh && exec node deploy/all-in-one.mjs /data/');
    expect(existsSync(fromRoot('src/cli/all-in-one.ts'))).toBe(true);
    expect(textsOf(stage, 'STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  it('keeps everything that outlives the container below one folder, which its user owns', () => {
    const text = readFromRoot('Dockerfile.all-in-one');

    expect(text).toContain('MODELS_DIR=/data/models');
    expect(text).toContain('chown -R 10001:10001 /data');
  });

  it('installs the Redis that the supervisor starts', () => {
    expect(readFromRoot('Dockerfile.all-in-one')).toMatch(/apt-get install[^&]*redis-server/);
    expect(readFromRoot('deploy/all-in-one.mjs')).toContain("redis = 'redis-server'");
  });
});
