import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readFromRoot } from '../../unit/deploy/read-dockerfile.js';
import { render, type Values } from './support/render-chart.js';
import { BUNDLED, EXTERNAL, withSetting } from './support/values.js';

const README = readFromRoot('deploy/helm/face-verification/README.md');
const samples = [...README.matchAll(/^ *```yaml\n([\s\S]*?)```$/gm)].map(([, text = '']) => {
  const values: Values = parse(text);
  return [Object.keys(values).join(', '), values] as const;
});

it.each(samples)('the values of the README work: %s', (_names, values) => {
  const brings = JSON.stringify(values).includes('REDIS_URL') ? EXTERNAL : BUNDLED;

  expect(render({ ...brings, ...values }).length).toBeGreaterThan(8);
});

it('the README has such values', () => {
  expect(samples.length).toBeGreaterThan(8);
});

/** Commands that set everything that the chart needs on their line. */
const commands = ['docs/deployment.md', 'docs/releasing.md'].flatMap((path) => {
  const text = readFromRoot(path).replaceAll(/\\\n\s*/g, '');
  return [...text.matchAll(/^helm install .* --set .*$/gm)].map(([command]) => [path, command] as const);
});

it.each(commands)('the command of %s installs the chart: %s', (_path, command) => {
  const settings = [...command.matchAll(/--set (\S+?)=(\S+)/g)];
  const values = settings.reduce<Values>(
    (all, [, path = '', text = '']) => withSetting(all, path, text === 'true' ? true : text),
    {},
  );

  expect(render(values).length).toBeGreaterThan(8);
});

it('the documents have such commands', () => {
  expect(commands.map(([path]) => path)).toEqual(['docs/deployment.md', 'docs/releasing.md']);
});
