import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  type DataTransformerConfig,
  type Panel,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Bounds, ChartPanel, DashboardPanel, FigurePanel, ListPanel } from './dashboard-panel.js';
import { DASHBOARD_ROWS } from './dashboard-rows.js';

const SOURCE = { type: 'prometheus', uid: '$datasource' };
/** In Grafana's units of 30 px. */
const HEIGHT = { figure: 4, chart: 8 } as const;
/** Returns the Grafana dashboard as JSON. The builders of Grafana's SDK know its schema. */
export function renderDashboard(): string {
  const dashboard = new DashboardBuilder('Face verification')
    .uid('face-verification')
    .tags(['face-verification'])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  let id = 0;
  for (const { question, panels } of DASHBOARD_ROWS) {
    id += 1;
    dashboard.withRow(new RowBuilder(question).id(id));
    for (const panel of panels) {
      id += 1;
      dashboard.withPanel(buildPanel(panel, id));
    }
  }
  return `${JSON.stringify(dashboard.build(), null, 2)}\n`;
}

function buildPanel(panel: DashboardPanel, id: number): Builder<Panel> {
  const built = buildVisualization(panel);
  return built
    .id(id)
    .title(panel.title)
    .description(panel.help)
    .datasource(SOURCE)
    .span(panel.width)
    .height(panel.kind === 'list' ? panel.height : HEIGHT[panel.kind]);
}

function buildVisualization(panel: DashboardPanel): StatBuilder | TimeSeriesBuilder | TableBuilder {
  switch (panel.kind) {
    case 'figure':
      return buildFigure(panel);
    case 'chart':
      return buildChart(panel);
    case 'list':
      return new TableBuilder()
        .noValue('None')
        .withTarget(buildQuery(panel.query).instant().format(PromQueryFormat.Table))
        .withTransformation(arrangeColumns(panel.columns));
  }
}

function buildFigure({ target: [query, legend], unit = 'short', bounds, named }: FigurePanel): StatBuilder {
  const asked = buildQuery(query).legendFormat(legend);
  const built = new StatBuilder()
    .withTarget(named ? asked.instant() : asked.range())
    .unit(unit)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .textMode(named ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .colorMode(bounds ? BigValueColorMode.Background : BigValueColorMode.None);
  return bounds ? built.thresholds(buildThresholds(boundSteps(bounds))) : built;
}

function buildChart({ targets, unit = 'short', limit }: ChartPanel): TimeSeriesBuilder {
  const built = new TimeSeriesBuilder()
    .targets(targets.map(([query, legend], index) => buildQuery(query, index).range().legendFormat(legend)))
    .unit(unit)
    .min(0)
    .legend(new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (limit === undefined) return built;
  return built
    .thresholds(buildThresholds(boundSteps({ worse: 'above', red: limit })))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

function buildQuery(query: string, index = 0): DataqueryBuilder {
  return new DataqueryBuilder()
    .expr(query)
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE);
}

/** Orders and names the columns; the time of the values and, unless it is a column, the value itself are hidden. */
function arrangeColumns(columns: ListPanel['columns']): DataTransformerConfig {
  const labels = columns.map(([label]) => label);
  return {
    id: 'organize',
    options: {
      excludeByName: { Time: true, ...(labels.includes('Value') ? {} : { Value: true }) },
      indexByName: Object.fromEntries(labels.map((label, index) => [label, index])),
      renameByName: Object.fromEntries(columns),
    },
  };
}

/** Each colour begins at the value of its step; the first step has no value. */
function boundSteps({ worse, amber, red }: Bounds): readonly Threshold[] {
  const marks = [
    ...(amber === undefined ? [] : [{ value: amber, color: 'orange' }]),
    ...(red === undefined ? [] : [{ value: red, color: 'red' }]),
  ];
  if (worse === 'above') return [{ value: null, color: 'green' }, ...marks];
  const colours = [...marks.map(({ color }) => color).toReversed(), 'green'];
  const values = [null, ...marks.map(({ value }) => value).toReversed()];
  return values.map((value, index) => ({ value, color: colours[index] ?? 'green' }));
}

function buildThresholds(steps: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);
}
