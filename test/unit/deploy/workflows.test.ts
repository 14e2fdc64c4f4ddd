import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { fromRoot, readDockerfile, readFromRoot } from './read-dockerfile.js';
import { jobsOf, stepsOf, textsOf, WORKFLOWS } from './read-workflow.js';

const CI = '.github/workflows/ci.yml';
const RELEASE = '.github/workflows/release.yml';
/** Jobs that can write, and what. */
const WRITERS = {
  [RELEASE]: {
    images: ['id-token', 'packages'],
    chart: ['id-token', 'packages'],
    publish: ['contents', 'id-token'],
  },
};
/** Folders that a clone has; others in a workflow are made by it. */
const FOLDERS = readdirSync(fromRoot(''), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['.git', 'node_modules', 'dist', 'reports'].includes(entry.name))
  .map(({ name }) => name);

const compose: { services: Record<string, { image?: string }> } = parse(readFromRoot('docker-compose.yml'));
const release = z.object({
  jobs: z.object({
    images: z.object({
      strategy: z.object({
        matrix: z.object({
          include: z.array(
            z.object({
              name: z.string(),
              file: z.string(),
              variant: z.string().optional(),
              platforms: z.string(),
            }),
          ),
        }),
      }),
    }),
  }),
});
const images = release.parse(parse(readFromRoot(RELEASE))).jobs.images.strategy.matrix.include;

/** Returns the files and folders of this repository that a text of a workflow names. */
function pathsIn(text: string): readonly string[] {
  const tokens = text.match(/(?<![\w./@-])(?:\.\/)?[\w.-]+(?:\/[\w.*-]+)*/g) ?? [];
  return tokens
    .map((token) => token.replace(/^\.\//, ''))
    .filter(
      (token) => FOLDERS.includes(token.split('/')[0] ?? '') || /^(Dockerfile|docker-compose)\./.test(token),
    )
    .filter((token) => token.includes('/') || token.includes('.'));
}

describe.each(WORKFLOWS)('%s', (path) => {
  it('can only read unless a job says otherwise, and has time limits', () => {
    expect(() => jobsOf(path)).not.toThrow();
  });

  it('lets no other job write than those that publish, and nothing else than they need', () => {
    const writers = Object.entries(jobsOf(path)).map(([name, { permissions = {} }]) => {
      const written = Object.keys(permissions).filter((scope) => permissions[scope] === 'write');
      return [name, written.sort()] as const;
    });

    expect(Object.fromEntries(writers.filter(([, written]) => written.length > 0))).toEqual(
      WRITERS[path as keyof typeof WRITERS] ?? {},
    );
  });

  it('pins every action to a commit, and says which version that is', () => {
    const lines = readFromRoot(path).match(/uses: .*/g) ?? [];

    expect(lines).toHaveLength(stepsOf(path).filter(({ uses }) => uses).length);
    for (const line of lines) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('names only files and folders that exist', () => {
    for (const name of textsOf(path).flatMap(pathsIn)) {
      const place = name.includes('*') ? dirname(name) : name;
      expect(existsSync(fromRoot(place)), name).toBe(true);
    }
  });

  it('runs only scripts that exist', () => {
    const { scripts } = JSON.parse(readFromRoot('package.json'));

    for (const { run = '' } of stepsOf(path))
      for (const [, name] of run.matchAll(/npm run (?:-\S+ )*([\w:-]+)/g))
        expect(Object.keys(scripts)).toContain(name);
  });

  it('asks only for services of the compose file and for workflows that exist', () => {
    for (const { run = '' } of stepsOf(path)) {
      for (const [, service = ''] of run.matchAll(/docker compose (?:exec -T|config --images) ([\w-]+)/g))
        expect(Object.keys(compose.services)).toContain(service);
      for (const [, name] of run.matchAll(/actions\/workflows\/([\w.-]+)/g))
        expect(WORKFLOWS).toContain(`.github/workflows/${name}`);
    }
  });

  it('installs from the lock file only', () => {
    for (const { run = '' } of stepsOf(path)) expect(run).not.toMatch(/npm (i|install|update)\b/);
  });

  it('puts no expression into a script, where its text would be run', () => {
    for (const { run = '' } of stepsOf(path)) expect(run).not.toContain('${{');
  });
});

it('finds what a workflow names', () => {
  const text =
    'bash .ci/run && helm package deploy/helm/x --to out/y && docker build --file Dockerfile.api ./clients/a';

  expect(pathsIn(text)).toEqual(['.ci/run', 'deploy/helm/x', 'Dockerfile.api', 'clients/a']);
});

it('all workflows use the same commit of an action', () => {
  const used = new Set(WORKFLOWS.flatMap((path) => stepsOf(path).flatMap(({ uses }) => uses ?? [])));
  const names = [...used].map((uses) => uses.split('@')[0]);

  expect(names).toHaveLength(new Set(names).size);
});

it('tests run on the oldest Node that is supported and on the one of the images', () => {
  const nodes = /node: \[(.*)\]/.exec(readFromRoot(CI))?.[1] ?? '';
  const { engines } = JSON.parse(readFromRoot('package.json'));
  const image = /NODE_IMAGE=node:(\d+)/.exec(readFromRoot('Dockerfile.api'))?.[1] ?? 'none';

  expect(nodes).toContain(/\d+/.exec(engines.node)?.[0] ?? 'none');
  expect(nodes).toContain(image);
});

describe('a release', () => {
  it('builds every Dockerfile, each in all its variants', () => {
    const built = images.map(({ file, variant }) => ({ file, variant }));
    const wanted = readdirSync(fromRoot(''))
      .filter((name) => name.startsWith('Dockerfile.'))
      .flatMap((file) => {
        const stages = readDockerfile(file).flatMap(({ name, text }) => (name === 'FROM' ? text : []));
        const variants = stages.flatMap((text) => / AS build-(\w+)$/.exec(text)?.[1] ?? []);
        const all: readonly (string | undefined)[] = variants.length > 0 ? variants : [undefined];
        return all.map((variant) => ({ file, variant }));
      });

    expect(new Set(built)).toEqual(new Set(wanted));
  });

  it('builds for x64 and arm64, with CUDA for x64 only', () => {
    for (const { variant, platforms } of images)
      expect(platforms).toBe(variant === 'cuda' ? 'linux/amd64' : 'linux/amd64,linux/arm64');
  });

  it('has every image that the compose file and the chart name', () => {
    const names = images.map(({ name }) => name);
    const values = readFromRoot('deploy/helm/face-verification/values.yaml');
    const inChart = [...values.matchAll(/repository: (face-verification\S*)/g)].map((match) => match[1]);
    const inCompose = Object.values(compose.services).flatMap(
      ({ image = '' }) => /^(face-\S+):/.exec(image)?.[1] ?? [],
    );

    expect(inChart.length).toBeGreaterThan(1);
    expect(names).toEqual(expect.arrayContaining([...inChart, ...inCompose]));
  });

  it('starts nothing before the version and the tests are checked', () => {
    for (const [name, job] of Object.entries(jobsOf(RELEASE)))
      if (name !== 'check') expect([job.needs].flat(), name).toContain('check');
  });

  it('runs no code of the repository where it can write to it', () => {
    const { publish, chart } = jobsOf(RELEASE);

    for (const job of [publish, chart])
      expect(job?.steps.map(({ uses = '' }) => uses.split('@')[0])).not.toContain('actions/checkout');
  });
});
