import { readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { fromRoot, readFromRoot } from './read-dockerfile.js';

const FOLDER = '.github/workflows';
const permissions = z.record(z.string(), z.enum(['read', 'write']));
const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
const job = z.looseObject({
  'timeout-minutes': z.number(),
  permissions: permissions.optional(),
  steps: z.array(step),
});
const workflow = z.looseObject({
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(z.string(), job),
});

export type Job = z.infer<typeof job>;
export type Step = z.infer<typeof step>;

/** Paths of all workflows, from the root of the repository. */
export const WORKFLOWS = readdirSync(fromRoot(FOLDER)).map((name) => `${FOLDER}/${name}`);

/** Returns the jobs of a workflow by name. Throws if it could write by default, or a job has no time limit. */
export function jobsOf(path: string): Readonly<Record<string, Job>> {
  return workflow.parse(parse(readFromRoot(path))).jobs;
}

/** Returns the steps of all jobs. */
export function stepsOf(path: string): readonly Step[] {
  return Object.values(jobsOf(path)).flatMap(({ steps }) => steps);
}

/** Returns every text in a workflow: names, commands, arguments. */
export function textsOf(path: string): readonly string[] {
  const texts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (value !== null && typeof value === 'object') Object.values(value).forEach(visit);
  };
  visit(parse(readFromRoot(path)));
  return texts;
}
