/** A query and the legend of its series; `{{label}}` inserts the value of a label. */
type Target = readonly [query: string, legend: string];

/** How a figure is coloured: green below or above the first bound, red beyond the second. */
export interface Bounds {
  readonly amber: number;
  readonly red: number;
}

export interface DashboardPanel {
  /** `figure`: the last value; `chart`: lines over time; `list`: the series that exist now, as a table of labels. */
  readonly kind: 'figure' | 'chart' | 'list';
  readonly title: string;
  /** What a reader concludes from it. */
  readonly help: string;
  readonly targets: readonly Target[];
  /** One of Grafana's units; default: a plain number. */
  readonly unit?: 's' | 'percentunit' | 'reqps' | 'bytes';
  readonly bounds?: Bounds;
  /** Of 24 columns. */
  readonly width: number;
}

/** A question of the operator, and the panels that answer it. */
export interface DashboardRow {
  readonly question: string;
  readonly panels: readonly DashboardPanel[];
}
