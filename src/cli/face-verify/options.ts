import type { ArgsDef } from 'citty';
import type { z } from 'zod';
import { loadClientSettings } from '../../shared/config/config.js';
import { decimalNumber, wholeNumber } from '../../shared/config/number-text.js';
import { EXIT } from '../exit-codes.js';
import { UserError } from '../user-error.js';
import type { ServiceOptions } from './call-service.js';
import type { Arguments } from './run-command-line.js';

/** Options of every command that calls the service. */
export const serviceArgs = {
  url: {
    type: 'string',
    valueHint: 'URL',
    description: 'The service (default: FACE_VERIFY_URL, else port PORT, or 8333, of this machine)',
  },
  'api-key': {
    type: 'string',
    valueHint: 'key',
    description: 'API key. Better FACE_VERIFY_API_KEY or FACE_VERIFY_API_KEY_FILE: other users see arguments',
  },
  timeout: {
    type: 'string',
    valueHint: 'seconds',
    default: '120',
    description: 'How long to wait for an answer, retries included',
  },
  json: { type: 'boolean', description: 'Print the answer as JSON' },
} as const satisfies ArgsDef;

/** Options of a comparison. */
export const comparisonArgs = {
  'user-id': {
    type: 'string',
    valueHint: 'id',
    default: 'face-verify',
    description: 'Your id of the person',
  },
  threshold: {
    type: 'string',
    valueHint: '0..1',
    description: 'Similarity from which a photo matches (default: that of the service)',
  },
  fmr: { type: 'string', valueHint: 'rate', description: 'False match rate, instead of a threshold' },
  'min-matches': {
    type: 'string',
    valueHint: '2|3',
    description: 'How many photos must match (default: that of the service)',
  },
  'review-margin': {
    type: 'string',
    valueHint: '0..0.2',
    description: 'Mark decisions this close to the threshold as borderline',
  },
  evidence: { type: 'boolean', description: 'Show the similarity of each photo. The service stores it, too' },
} as const satisfies ArgsDef;

/** Options of a single comparison. */
export const receiptArgs = {
  receipt: { type: 'boolean', description: 'Add a signed statement about the decision' },
} as const satisfies ArgsDef;

/** Options of a comparison without a service. */
export const localArgs = {
  local: { type: 'boolean', description: 'Compare on this machine, without a service; two to four files' },
  pack: {
    type: 'string',
    valueHint: 'name',
    description: 'With --local: model pack, name or folder (default: INSIGHTFACE_MODEL, else lite)',
  },
  out: { type: 'string', valueHint: 'file', description: 'With --local: draw a picture, .html or .png' },
} as const satisfies ArgsDef;

const { 'user-id': _userId, ...rowArgs } = comparisonArgs;
/** Options of `batch`. */
export const batchArgs = {
  file: {
    type: 'positional',
    description: 'CSV with the columns user_id, front_image1, front_image2, front_image3, back_image',
  },
  concurrency: { type: 'string', valueHint: 'n', default: '4', description: 'Rows at a time' },
  out: { type: 'string', valueHint: 'file', description: 'Results (default: beside the file, .results.csv)' },
  restart: { type: 'boolean', description: 'Ask again for every row, also those that have an answer' },
  ...rowArgs,
  ...serviceArgs,
} as const satisfies ArgsDef;

/** Returns the service that the options name. @throws UserError, ConfigError */
export function readServiceOptions(args: Arguments): ServiceOptions {
  const settings = loadClientSettings();
  const url = text(args.url) ?? settings.url;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UserError(`--url is ${JSON.stringify(url)}; it must be an http or https URL.`);
  const apiKey = text(args['api-key']) ?? settings.apiKey;
  const timeoutMs = readNumber('timeout', args.timeout, wholeNumber(1, 86_400)) ?? 120;
  return { url: url.replace(/\/+$/, ''), apiKey, timeoutMs: timeoutMs * 1_000 };
}

/** The fields of a request beside the photos. */
export interface ComparisonFields {
  readonly user_id: string;
  readonly threshold?: number;
  readonly fmr?: number;
  readonly min_matches?: number;
  readonly review_margin?: number;
  readonly evidence?: boolean;
  readonly receipt?: boolean;
  readonly callback_url?: string;
  readonly warnings?: boolean;
}

/** Returns the fields that the options name. @throws UserError */
export function readComparisonFields(args: Arguments): ComparisonFields {
  const threshold = readNumber('threshold', args.threshold, decimalNumber(0, 1));
  const fmr = readNumber('fmr', args.fmr, decimalNumber(0, 1));
  const minMatches = readNumber('min-matches', args['min-matches'], wholeNumber(2, 3));
  const margin = readNumber('review-margin', args['review-margin'], decimalNumber(0, 0.2));
  if (threshold !== undefined && fmr !== undefined)
    throw new UserError('--threshold and --fmr cannot be combined.');
  return {
    user_id: text(args['user-id']) ?? 'face-verify',
    ...(threshold === undefined ? {} : { threshold }),
    ...(fmr === undefined ? {} : { fmr }),
    ...(minMatches === undefined ? {} : { min_matches: minMatches }),
    ...(margin === undefined ? {} : { review_margin: margin }),
    ...(args.receipt ? { receipt: true } : {}),
    ...(args.evidence ? { evidence: true } : {}),
  };
}

/** Returns the number of an option; undefined if it is not given. @throws UserError */
export function readNumber(
  name: string,
  value: unknown,
  schema: z.ZodType<number, string>,
): number | undefined {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(`--${name} ${parsed.error.issues.map(({ message }) => message).join('; ')}.`, {
    exitCode: EXIT.usage,
  });
}

/** Returns the text of an option; undefined if it is not given. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
