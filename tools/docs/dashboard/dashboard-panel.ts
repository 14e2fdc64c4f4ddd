/** A query and the legend of its series; `{{label}}` inserts the value of a label. */
type Target = readonly [query: string, legend: string];

/** How a tile is coloured: amber and red from these values on, in the direction that is worse; green otherwise. */
export interface Bounds {
  readonly worse: 'above' | 'below';
  readonly amber?: number;
  readonly red?: number;
}

interface CommonParts {
  readonly title: string;
  /** What a reader concludes from it. */
  readonly help: string;
  /** Of 24 columns. */
  readonly width: number;
}

/** The last value, on a tile in the colour of its bounds, if it has any. */
export interface FigurePanel extends CommonParts {
  readonly kind: 'figure';
  readonly target: Target;
  readonly unit?: Unit;
  /** Default: no colour. */
  readonly bounds?: Bounds;
  /** Shows the legend beside the value: the query returns the one series that matters now. */
  readonly named?: true;
}

/** Lines over time. */
export interface ChartPanel extends CommonParts {
  readonly kind: 'chart';
  readonly targets: readonly Target[];
  readonly unit?: Unit;
  /** A dashed red line, for example where an alert fires. */
  readonly limit?: number;
}

/** The series that exist now, as a table of labels. */
export interface ListPanel extends CommonParts {
  readonly kind: 'list';
  readonly query: string;
  /** Columns from left to right, of all labels of the answer: a label, or `Value`, and its heading. */
  readonly columns: readonly (readonly [label: string, heading: string])[];
  /** In units of 30 px. */
  readonly height: number;
}

export type DashboardPanel = FigurePanel | ChartPanel | ListPanel;

/** One of Grafana's; default: `short`, a plain number. */
type Unit = 'short' | 's' | 'percentunit' | 'reqps' | 'bytes';

/** A question of the operator, and the panels that answer it. */
export interface DashboardRow {
  readonly question: string;
  readonly panels: readonly DashboardPanel[];
}
