import { expect, it } from 'vitest';
import { parseDashboard, readDashboard } from './support/dashboard/dashboard-schema.js';
import { drawPage } from './support/dashboard/draw-page.js';
import { formatValue } from './support/dashboard/format-value.js';
import type { Shown } from './support/dashboard/show-panel.js';

it('a panel with a type or an option that the drawn page does not follow is refused', () => {
  const [tile] = readDashboard().filter(({ type }) => type === 'stat');

  expect(parseDashboard({ panels: [tile] })).toHaveLength(1);
  expect(() => parseDashboard({ panels: [{ ...tile, type: 'gauge' }] })).toThrow('panels');
  expect(() => parseDashboard({ panels: [{ ...tile, interval: '5m' }] })).toThrow('interval');
});

it.each([
  [0, 's', '0 s'],
  [0.109, 's', '109 ms'],
  [90, 's', '1.5 mins'],
  [0.0255, 'percentunit', '2.55%'],
  [1, 'percentunit', '100%'],
  [389, 'short', '389'],
  [1_500, 'short', '1.5 K'],
  [268_435_456, 'bytes', '256 MiB'],
] as const)('%f in %s is written %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

it('a page shows the name of a tile, its text and its colour, and nothing of it as markup', async () => {
  const [tile] = readDashboard().filter(({ type }) => type === 'stat');
  const shown: Shown = { type: 'stat', text: '<b> 389', colour: 'orange', graph: [] };

  const page = await drawPage(tile ? [tile] : [], [shown]);

  expect(page).toContain('class="stat orange"');
  expect(page).toContain(tile?.title);
  expect(page).toContain('&#60;b&#62; 389');
});
