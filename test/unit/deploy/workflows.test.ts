import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const FOLDER = '.github/workflows';
const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
const workflow = z.looseObject({
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(z.string(), z.looseObject({ 'timeout-minutes': z.number(), steps: z.array(step) })),
});

const files = readdirSync(fromRoot(FOLDER)).map((name) => `${FOLDER}/${name}`);
const readWorkflow = (path: string) => workflow.parse(parse(readFromRoot(path)));
const stepsOf = (path: string) => Object.values(readWorkflow(path).jobs).flatMap(({ steps }) => steps);

describe.each(files)('%s', (path) => {
  it('can only read, and has a time limit', () => {
    expect(() => readWorkflow(path)).not.toThrow();
  });

  it('pins every action to a commit', () => {
    for (const { uses } of stepsOf(path)) if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  });

  it('runs only scripts that exist', () => {
    const { scripts } = JSON.parse(readFromRoot('package.json'));

    for (const { run = '' } of stepsOf(path))
      for (const [, name] of run.matchAll(/npm run (\S+)/g)) expect(Object.keys(scripts)).toContain(name);
  });

  it('installs from the lock file only', () => {
    for (const { run = '' } of stepsOf(path)) expect(run).not.toMatch(/npm (i|install|update)\b/);
  });
});

it('tests run on the oldest Node that is supported and on the one of the images', () => {
  const nodes = /node: \[(.*)\]/.exec(readFromRoot(`${FOLDER}/ci.yml`))?.[1] ?? '';
  const { engines } = JSON.parse(readFromRoot('package.json'));
  const image = /NODE_IMAGE=node:(\d+)/.exec(readFromRoot('Dockerfile.api'))?.[1] ?? 'none';

  expect(nodes).toContain(/\d+/.exec(engines.node)?.[0] ?? 'none');
  expect(nodes).toContain(image);
});
