import type { z } from 'zod';
import { explainIssue } from '../explain-issue.js';
import { readText } from '../runtime/read-text.js';
import { quoteValue } from './number-text.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Problems and warnings of the settings read so far. */
export interface SettingFindings {
  /** Each of these stops the process. */
  readonly problems: string[];
  /** Wrong values of the Python service's variables, which were replaced by their defaults. */
  readonly fallbacks: string[];
  readonly warnings: string[];
}

/** Returns empty findings. */
export function noFindings(): SettingFindings {
  return { problems: [], fallbacks: [], warnings: [] };
}

/** The value that Kubernetes and Docker set for a service called `worker`: WORKER_PORT=tcp://10.0.0.7:80. */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\/(?:\[[0-9a-f:.]+\]|[0-9.]+):\d{1,5}$/i;

/**
 * Returns the trimmed text of the setting `name`, from the variable or from the file that `<name>_FILE` names; undefined if
 * it is not set. An empty variable counts as not set. An empty file, or both sources at once, is a problem: the operator
 * meant to set something. Variables that are links to a service are ignored with a warning.
 * @returns '' for a variable that contains only spaces; the caller decides what that means.
 */
export function readSetting(env: Environment, name: string, findings: SettingFindings): string | undefined {
  const direct = readVariable(env, name, findings);
  const path = env[`${name}_FILE`] || undefined;
  if (path === undefined) return direct?.trim();
  if (direct !== undefined) {
    findings.problems.push(`${name}: ${name}_FILE is set too; keep one of the two`);
    return undefined;
  }
  const text = readText(path)?.trim();
  if (text) return text;
  const state = text === undefined ? 'cannot be read' : 'is empty';
  findings.problems.push(`${name}_FILE: the file ${state}`);
  return undefined;
}

function readVariable(env: Environment, name: string, { warnings }: SettingFindings): string | undefined {
  const text = env[name] || undefined;
  if (text === undefined || !SERVICE_LINK.test(text.trim())) return text;
  warnings.push(
    `${name} is ignored: ${text.trim()} is a link to a service, which Kubernetes sets (enableServiceLinks: false stops it)`,
  );
  return undefined;
}

export interface Reading<T extends z.ZodType> {
  readonly schema: T;
  readonly env: Environment;
  readonly findings: SettingFindings;
}

/** Returns the value of a variable that is new in this service. A wrong value is a problem. */
export function readNew<T extends z.ZodType>(name: string, { schema, env, findings }: Reading<T>) {
  const text = readSetting(env, name, findings);
  if (text === '') findings.problems.push(`${name}: is set to spaces only; give it a value or unset it`);
  const parsed = schema.safeParse(text || undefined, { error: explainIssue });
  if (!parsed.success)
    findings.problems.push(...parsed.error.issues.map(({ message }) => `${name}: ${message}`));
  return parsed.data;
}

/** Returns the value of a variable of the Python service. A wrong value falls back to the default with a warning. */
export function readInherited(
  name: string,
  reading: Reading<z.ZodType> & { readonly fallback: unknown },
): unknown {
  const { schema, fallback, env, findings } = reading;
  const text = readSetting(env, name, findings);
  if (text === undefined) return fallback;
  const parsed = schema.safeParse(text, { error: explainIssue });
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map(({ message }) => message).join('; ');
  findings.fallbacks.push(`${name} is ${quoteValue(env[name] ?? text)}, but ${reasons}; using ${fallback}`);
  return fallback;
}
