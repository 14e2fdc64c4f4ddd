import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** A rule of deploy/observability/alerts.yaml. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
}

const rule = z.object({ alert: z.string(), expr: z.string() });
const schema = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) });

/** Returns every alert, by its name without `FaceVerification`, as the dashboard shows it. */
export function readAlerts(): readonly Alert[] {
  const { groups } = schema.parse(parse(readFileSync('deploy/observability/alerts.yaml', 'utf8')));
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({ name: alert.replace(/^FaceVerification/, ''), expr })),
  );
}
