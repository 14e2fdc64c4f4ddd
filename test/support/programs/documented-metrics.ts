import { readFileSync } from 'node:fs';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  /** Sorted, without `service`, which every metric has. */
  readonly labels: readonly string[];
}

/** Returns the rows of the table under a heading of docs/metrics.md, by name. */
export function documentedMetrics(heading: 'API' | 'Worker' | 'Shadow worker'): readonly DocumentedMetric[] {
  const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const [, section = ''] = document.split(`## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').matchAll(/^\| `(face_\w+)` \| (\w+) \| ([^|]*)\|/gm);
  return byName(
    [...rows].map(([, name = '', type = '', labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(),
    })),
  );
}

/**
 * Returns the service's own metrics in a text that Prometheus scrapes, by name. A metric without samples has no labels
 * there.
 */
export function exportedMetrics(text: string): readonly DocumentedMetric[] {
  const metrics = [...text.matchAll(/^# TYPE (face_\w+) (\w+)$/gm)];
  return byName(
    metrics.map(([, name = '', type = '']) => {
      const samples = text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} \\S+$`, 'gm'));
      const labels = new Set(
        [...samples].flatMap(([, list = '']) =>
          [...list.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
        ),
      );
      for (const common of ['service', 'le']) labels.delete(common);
      return { name, type, labels: [...labels].toSorted() };
    }),
  );
}

function byName(metrics: readonly DocumentedMetric[]): readonly DocumentedMetric[] {
  return metrics.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
