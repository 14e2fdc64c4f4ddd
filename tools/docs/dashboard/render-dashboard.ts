import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
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
import type { Bounds, DashboardPanel } from './dashboard-panel.js';
import { DASHBOARD_ROWS } from './dashboard-rows.js';

const SOURCE = { type: 'prometheus', uid: '$datasource' };
/** Columns of a table: the labels of the series, and their count. */
const LABELS_AND_COUNT = {
  id: 'organize',
  options: { excludeByName: { Time: true }, renameByName: { Value: 'count' } },
};
/** Of a row, in Grafana's units of 30 px. */
const HEIGHT = 8;

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
  const { kind, title, help, targets, unit = 'short', bounds, width } = panel;
  const builder = { figure: StatBuilder, chart: TimeSeriesBuilder, list: TableBuilder }[kind];
  const built = new builder()
    .id(id)
    .title(title)
    .description(help)
    .datasource(SOURCE)
    .unit(unit)
    .span(width)
    .height(HEIGHT)
    .targets(targets.map(([query, legend], index) => buildQuery({ query, legend, index, kind })));
  if (built instanceof StatBuilder)
    built.reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  if (built instanceof TableBuilder) built.withTransformation(LABELS_AND_COUNT);
  if (built instanceof TimeSeriesBuilder) built.min(0);
  return bounds ? built.thresholds(buildThresholds(bounds)) : built;
}

interface QueryOptions {
  readonly query: string;
  readonly legend: string;
  readonly index: number;
  readonly kind: DashboardPanel['kind'];
}

function buildQuery({ query, legend, index, kind }: QueryOptions): DataqueryBuilder {
  const built = new DataqueryBuilder()
    .expr(query)
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE);
  if (kind === 'list') return built.instant().format(PromQueryFormat.Table);
  return built.range().legendFormat(legend);
}

/** A red bound above the amber one: more is worse. */
function buildThresholds({ amber, red }: Bounds): ThresholdsConfigBuilder {
  const steps: Threshold[] =
    red > amber
      ? [
          { value: null, color: 'green' },
          { value: amber, color: 'orange' },
          { value: red, color: 'red' },
        ]
      : [
          { value: null, color: 'red' },
          { value: red, color: 'orange' },
          { value: amber, color: 'green' },
        ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}
