import { parseArgs } from 'node:util';
import type { PhotoKind } from '../speed/make-photos.js';
import { ROUTES } from './measure-routes.js';
import { ASSUMED } from './scale-report.js';
import type { SizingInput } from './size-fleet.js';

/**
 * Returns what a fleet is sized for, from arguments of a command line.
 * @throws Error with a message for the operator
 */
export function readSizingInput(args: readonly string[], kinds: readonly PhotoKind[]): SizingInput {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'per-minute': { type: 'string' },
      price: { type: 'string', default: String(ASSUMED.coreHourPrice) },
      kind: { type: 'string', default: ASSUMED.kind },
      route: { type: 'string', default: ASSUMED.route },
      'worker-cores': { type: 'string', default: String(ASSUMED.workerCores) },
      'retention-seconds': { type: 'string', default: String(ASSUMED.retentionSeconds) },
    },
  });
  const perMinute = values['per-minute'];
  if (perMinute === undefined)
    throw new Error('--per-minute is missing: npm run -s size -- --per-minute 5000');
  const workerCores = readNumber('worker-cores', values['worker-cores']);
  if (!Number.isInteger(workerCores))
    throw new Error(`--worker-cores must be a whole number, one for each vision process: ${workerCores}`);
  return {
    perMinute: readNumber('per-minute', perMinute),
    coreHourPrice: readNumber('price', values.price),
    kind: choose('kind', values.kind, kinds),
    route: choose('route', values.route, ROUTES),
    workerCores,
    retentionSeconds: readNumber('retention-seconds', values['retention-seconds']),
  };
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`--${name} must be a number above 0, without separators: ${text}`);
  return value;
}

function choose<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new Error(`--${name} must be one of ${choices.join(', ')}: ${text}`);
  return found;
}
