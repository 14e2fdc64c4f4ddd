import type { PrometheusServer, Sample, Series } from '../prometheus-server.js';
import type {
  DashboardQuery,
  Panel,
  StatPanel,
  TablePanel,
  Thresholds,
  TimeSeriesPanel,
  Unit,
} from './dashboard-schema.js';
import { formatValue } from './format-value.js';

type Colour = Thresholds['steps'][number]['color'];

/** What a panel shows now. */
export type Shown =
  | { readonly type: 'row' }
  | {
      readonly type: 'stat';
      readonly text: string;
      readonly colour: Colour | 'none';
      readonly graph: Series[];
    }
  | {
      readonly type: 'timeseries';
      readonly series: readonly Line[];
      readonly unit: Unit;
      /** Of the time axis, ms since 1970. */
      readonly range: readonly [start: number, end: number];
      /** Where each further colour begins. */
      readonly limits: readonly { readonly value: number; readonly colour: Colour }[];
    }
  | {
      readonly type: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export interface Line {
  readonly name: string;
  readonly points: Series['points'];
}

/** Asks Prometheus as Grafana would, and returns what the panel shows. */
export async function showPanel(panel: Panel, prometheus: PrometheusServer): Promise<Shown> {
  switch (panel.type) {
    case 'row':
      return { type: 'row' };
    case 'stat':
      return showStat(panel, prometheus);
    case 'timeseries':
      return showTimeSeries(panel, prometheus);
    case 'table':
      return showTable(panel, await prometheus.query(panel.targets[0].expr));
  }
}

async function showStat(panel: StatPanel, prometheus: PrometheusServer): Promise<Shown> {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const graph = await readSeries(panel.targets[0], prometheus);
  const [only, ...others] = graph;
  if (others.length > 0) throw new Error(`${panel.title}: a tile shows one series, not ${graph.length}`);
  const value = only?.points.findLast(([, each]) => Number.isFinite(each))?.[1];
  if (!only || value === undefined) return { type: 'stat', text: 'No data', colour: 'none', graph: [] };
  const hasName = panel.options.textMode === 'value_and_name';
  const name = hasName ? `${legendOf(panel.targets[0], only.labels)} ` : '';
  const colour = thresholds?.steps.findLast((step) => step.value === null || value >= step.value)?.color;
  return { type: 'stat', text: `${name}${formatValue(value, unit)}`, colour: colour ?? 'none', graph };
}

async function showTimeSeries(panel: TimeSeriesPanel, prometheus: PrometheusServer): Promise<Shown> {
  const { unit, thresholds, custom } = panel.fieldConfig.defaults;
  const answers = panel.targets.map(async (target) =>
    (await readSeries(target, prometheus)).map(({ labels, points }) => ({
      name: legendOf(target, labels),
      points,
    })),
  );
  const steps = custom.thresholdsStyle ? (thresholds?.steps ?? []) : [];
  return {
    type: 'timeseries',
    series: (await Promise.all(answers)).flat(),
    unit,
    range: prometheus.range(),
    limits: steps.flatMap(({ value, color }) => (value === null ? [] : [{ value, colour: color }])),
  };
}

async function readSeries(target: DashboardQuery, prometheus: PrometheusServer): Promise<Series[]> {
  if (target.range === target.instant) throw new Error(`${target.expr}: either range or instant`);
  if (target.range) return prometheus.queryRange(target.expr);
  const samples = await prometheus.query(target.expr);
  return samples.map(({ labels, value }) => ({ labels, points: [[Date.now() / 1_000, value]] }));
}

function legendOf({ legendFormat, expr }: DashboardQuery, labels: Sample['labels']): string {
  if (legendFormat === undefined) throw new Error(`${expr}: no legend`);
  return legendFormat.replace(/\{\{(\w+)\}\}/g, (_text, label: string) => labels[label] ?? '');
}

function showTable(panel: TablePanel, samples: readonly Sample[]): Shown {
  const { excludeByName, indexByName, renameByName } = panel.transformations[0].options;
  const records = samples.map(({ labels, value }) => ({ ...labels, Value: String(value) }));
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
    .filter((name) => !excludeByName[name])
    .toSorted((one, other) => (indexByName[one] ?? 99) - (indexByName[other] ?? 99));
  return {
    type: 'table',
    head: names.map((name) => renameByName[name] ?? name),
    rows: records.map((record: Readonly<Record<string, string>>) => names.map((name) => record[name] ?? '')),
  };
}
