import { readFileSync } from 'node:fs';
import { z } from 'zod';

// Of Grafana's options, those that our dashboard uses and the drawn page follows, with the values that it follows. Any
// other option fails here: a page that ignored it would show something else than Grafana.

const source = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('$datasource') });

const query = z.strictObject({
  expr: z.string(),
  refId: z.string(),
  datasource: source,
  range: z.boolean(),
  instant: z.boolean(),
  legendFormat: z.string().optional(),
  format: z.literal('table').optional(),
});
export type DashboardQuery = z.infer<typeof query>;

const thresholds = z.strictObject({
  mode: z.literal('absolute'),
  steps: z
    .array(z.strictObject({ value: z.number().nullable(), color: z.enum(['green', 'orange', 'red']) }))
    .min(1),
});
export type Thresholds = z.infer<typeof thresholds>;

const unit = z.enum(['short', 's', 'percentunit', 'reqps', 'bytes']);
export type Unit = z.infer<typeof unit>;

const place = z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });
export type Place = z.infer<typeof place>;

const common = {
  id: z.int(),
  title: z.string(),
  description: z.string(),
  transparent: z.literal(false),
  repeatDirection: z.literal('h'),
  datasource: source,
  gridPos: place,
};

const row = z.strictObject({
  type: z.literal('row'),
  id: z.int(),
  title: z.string(),
  collapsed: z.literal(false),
  panels: z.tuple([]),
  gridPos: place,
});

const stat = z.strictObject({
  ...common,
  type: z.literal('stat'),
  targets: z.tuple([query]),
  options: z.strictObject({
    graphMode: z.literal('area'),
    colorMode: z.enum(['background', 'none']),
    justifyMode: z.literal('auto'),
    textMode: z.enum(['value', 'value_and_name']),
    wideLayout: z.literal(true),
    showPercentChange: z.literal(false),
    percentChangeColorMode: z.literal('standard'),
    orientation: z.literal('auto'),
    reduceOptions: z.strictObject({ calcs: z.tuple([z.literal('lastNotNull')]) }),
  }),
  fieldConfig: z.strictObject({
    defaults: z.strictObject({ unit, thresholds: thresholds.optional() }),
    overrides: z.tuple([]),
  }),
});

const timeseries = z.strictObject({
  ...common,
  type: z.literal('timeseries'),
  targets: z.array(query).min(1),
  options: z.strictObject({
    legend: z.strictObject({
      showLegend: z.literal(true),
      displayMode: z.literal('list'),
      placement: z.literal('bottom'),
      calcs: z.tuple([]),
    }),
    // Shown under a pointer alone.
    tooltip: z.strictObject({ mode: z.literal('multi'), sort: z.literal('desc') }),
  }),
  fieldConfig: z.strictObject({
    defaults: z.strictObject({
      unit,
      min: z.literal(0),
      thresholds: thresholds.optional(),
      custom: z.strictObject({
        thresholdsStyle: z.strictObject({ mode: z.literal('dashed') }).optional(),
      }),
    }),
    overrides: z.tuple([]),
  }),
});

const table = z.strictObject({
  ...common,
  type: z.literal('table'),
  targets: z.tuple([query]),
  options: z.strictObject({
    frameIndex: z.literal(0),
    showHeader: z.literal(true),
    showTypeIcons: z.literal(false),
    footer: z.strictObject({ show: z.literal(false), reducer: z.tuple([]), countRows: z.literal(false) }),
    cellHeight: z.literal('sm'),
  }),
  fieldConfig: z.strictObject({
    defaults: z.strictObject({
      noValue: z.literal('None'),
      custom: z.strictObject({ align: z.literal('auto'), inspect: z.literal(false) }),
    }),
    overrides: z.tuple([]),
  }),
  transformations: z.tuple([
    z.strictObject({
      id: z.literal('organize'),
      options: z.strictObject({
        excludeByName: z.record(z.string(), z.literal(true)),
        indexByName: z.record(z.string(), z.int()),
        renameByName: z.record(z.string(), z.string()),
      }),
    }),
  ]),
});

const panel = z.discriminatedUnion('type', [row, stat, timeseries, table]);
export type Panel = z.infer<typeof panel>;
export type StatPanel = z.infer<typeof stat>;
export type TimeSeriesPanel = z.infer<typeof timeseries>;
export type TablePanel = z.infer<typeof table>;

const PATH = 'deploy/observability/grafana/dashboards/face-verification.json';

/** Returns the panels of the committed dashboard. */
export function readDashboard(): readonly Panel[] {
  return parseDashboard(JSON.parse(readFileSync(PATH, 'utf8')));
}

/** Returns the panels of a dashboard. Throws if one has an option that the drawn page does not follow. */
export function parseDashboard(dashboard: unknown): readonly Panel[] {
  return z.object({ panels: z.array(panel) }).parse(dashboard).panels;
}
