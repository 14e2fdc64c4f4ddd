import { ENVIRONMENT_NAMES } from '../../src/shared/config/config.js';
import { SECRET_SETTINGS } from '../../src/shared/config/program-environment.js';
import { type Program, programsThatUse } from './programs-that-use.js';

/** Variables that the chart sets itself. */
const SET_BY_CHART = [
  'INSIGHTFACE_MODEL',
  'MODELS_DIR',
  'HOST',
  'PORT',
  'METRICS_HOST',
  'METRICS_PORT',
  'WORKER_HOST',
  'WORKER_PORT',
];
/** Settings that the chart's Redis and network policies follow, and that API and workers must share. */
const SAME = ['REDIS_PREFIX', 'ALLOWED_PORTS'];
/** Secrets with one value for the API and another for the workers. */
const DIFFERENT = ['RECEIPT_KEYS'];

/** Returns values.schema.json of the Helm chart with the variables that the programs read. */
export function renderChartSchema(present: string): string {
  const schema = JSON.parse(present);
  const plain = ENVIRONMENT_NAMES.filter(
    (name) => !SET_BY_CHART.includes(name) && !SECRET_SETTINGS.includes(name),
  );
  const own = plain.filter((name) => !SAME.includes(name));
  Object.assign(schema.definitions, {
    sharedConfig: mapOf(plain.filter(isShared), 'setting'),
    apiConfig: mapOf(own.filter(isUsedBy('API')), 'setting'),
    workerConfig: mapOf(own.filter(isUsedBy('worker')), 'setting'),
    sharedSecrets: mapOf(
      SECRET_SETTINGS.filter((name) => isShared(name) && !DIFFERENT.includes(name)),
      'secret',
    ),
    apiSecrets: mapOf(secretsOf('API'), 'secret'),
    workerSecrets: mapOf(secretsOf('worker'), 'secret'),
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const isUsedBy = (program: Program) => (name: string) => programsThatUse(name).includes(program);
const isShared = (name: string): boolean => isUsedBy('API')(name) && isUsedBy('worker')(name);
const secretsOf = (program: Program): string[] =>
  SECRET_SETTINGS.filter((name) => isUsedBy(program)(name) && (!isShared(name) || DIFFERENT.includes(name)));

/** A schema of a map with these keys and no others. */
function mapOf(names: readonly string[], definition: string) {
  const value = { $ref: `#/definitions/${definition}` };
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(names.toSorted().map((name) => [name, value])),
  };
}
