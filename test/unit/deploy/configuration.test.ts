import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_NAMES, loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { programsThatUse } from '../../../tools/docs/programs-that-use.js';
import { type ExplainedVariable, readEnvExample } from '../../../tools/docs/read-env-example.js';
import { COMPOSE_SECTION, renderConfiguration } from '../../../tools/docs/render-configuration.js';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const { variables } = readEnvExample(readFromRoot('.env.example'));
const ours = variables.filter(({ section }) => section !== COMPOSE_SECTION);
const load = {
  API: (env: Record<string, string>): Record<string, unknown> => ({ ...loadApiConfig(env).config }),
  worker: (env: Record<string, string>): Record<string, unknown> => ({ ...loadWorkerConfig(env).config }),
};
const programs = ['API', 'worker'] as const;
const readersOf = (name: string) => programs.filter((program) => name in load[program]({}));
/** Variables that both programs check and only one uses. */
const usedByOne = ours
  .map(({ name }) => ({ name, users: programsThatUse(name), readers: readersOf(name) }))
  .filter(({ users, readers }) => users.length < readers.length)
  .map(({ name, users }) => [name, users[0]] as const);

describe('.env.example', () => {
  it('explains every variable that the programs read', () => {
    const explained = ours.map(({ name }) => name);
    const missing = ENVIRONMENT_NAMES.filter((name) => !explained.includes(name));

    expect(missing, 'write a "# meaning" and a "#NAME=default" line for each into .env.example').toEqual([]);
  });

  it('lists only variables that are read, each once', () => {
    const names = ours.map(({ name }) => name);

    expect(
      names.filter((name) => !ENVIRONMENT_NAMES.includes(name)),
      'remove these',
    ).toEqual([]);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(ours)(
    'gives $name its default and a meaning',
    ({ name, value, explanation }: ExplainedVariable) => {
      expect(explanation.length).toBeGreaterThan(20);
      for (const program of readersOf(name)) {
        const env: Record<string, string> = value === '' ? {} : { [name]: value };
        const message = `the ${program} reads another default than .env.example shows`;
        const unset = load[program]({})[name];

        expect(load[program](env)[name], message).toEqual(unset);
        // A number of processors is worked out, so what is not set need not be empty.
        if (value === '' && !/WORKER_CONCURRENCY|VISION_PROCESSES/.test(name))
          expect(unset === undefined || (Array.isArray(unset) && unset.length === 0), message).toBe(true);
      }
    },
  );

  it('explains every variable that docker-compose.yml takes from the shell', () => {
    const taken = [...readFromRoot('docker-compose.yml').matchAll(/\$\{(\w+):-([^}]*)\}/g)];

    for (const [, name, fallback] of taken) {
      const explained = variables.find((variable) => variable.name === name);
      expect(explained?.value, `${name} in .env.example`).toBe(fallback);
    }
    const composeOnly = variables.filter(({ section }) => section === COMPOSE_SECTION);
    for (const { name } of composeOnly) expect(taken.map((match) => match[1])).toContain(name);
  });
});

describe('docs/configuration.md', () => {
  it.each(usedByOne)('shows %s as used by the %s alone, and the other does not use it', (name, user) => {
    const folder = user === 'API' ? 'src/worker' : 'src/api';
    const files = readdirSync(fromRoot(folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );

    const users = files.filter((file) => readFromRoot(`${folder}/${file}`).includes(`config.${name}`));

    expect(files.length).toBeGreaterThan(10);
    expect(users).toEqual([]);
  });

  it('is made from .env.example', () => {
    expect(readFromRoot('docs/configuration.md'), 'run npm run docs').toBe(
      renderConfiguration(readFromRoot('.env.example')),
    );
  });
});
