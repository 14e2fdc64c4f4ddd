import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readFromRoot } from '../../unit/deploy/read-dockerfile.js';
import { render, type Values } from './support/render-chart.js';
import { BUNDLED, EXTERNAL } from './support/values.js';

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
