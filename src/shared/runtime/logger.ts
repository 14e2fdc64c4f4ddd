import { type Logger, pino } from 'pino';
import { ERROR_KINDS, type ErrorCode, VerificationError } from '../errors.js';

export type { Logger };

/** Names of fields that never reach a log line, whatever object they hide in. */
const SECRET_FIELDS = [
  'url',
  'images',
  'callback_url',
  'authorization',
  'headers',
  'body',
  'embedding',
  'secret',
  'password',
];

/** Lines that wait for room on a full disk, bytes; what comes beyond is dropped. */
const MAX_HELD_BYTES = 1_048_576;

/**
 * Returns a logger that writes one JSON line an event to standard output. Callers log ids, codes, durations and sizes
 * only. A disk without room costs lines and never the program.
 */
export function createLogger(service: string, level: string): Logger {
  const output = pino.destination({ fd: process.stdout.fd, sync: true, maxLength: MAX_HELD_BYTES });
  // Without a listener the error of a write would end the process. There is nowhere left to report it to.
  output.on('error', () => undefined);
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[removed]' },
      serializers: { err: describeError },
    },
    output,
  );
}

/** Codes that only a fault of ours leads to. */
const UNEXPECTED_CODES: ReadonlySet<string> = new Set(['internal', 'model_failure']);

/**
 * Returns what a log line says of an error. A refusal reads as its code, its reason and the context it came with; what
 * somebody has to look into goes under `err`, with stack frames.
 */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof VerificationError) || isUnexpected(error)) return { err: error };
  const { code, reason } = error;
  const context = contextOf(error);
  return {
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(Object.keys(context).length === 0 ? {} : { context }),
  };
}

/**
 * Returns the level of the line about a request or a comparison that failed with this code: `error` for what somebody has
 * to look into, `warn` for other troubles of the service or of an image host, `info` for faults of the caller.
 */
export function levelOf(code: ErrorCode | undefined): 'info' | 'warn' | 'error' {
  if (code === undefined || ERROR_KINDS[code].fault === 'client') return 'info';
  return UNEXPECTED_CODES.has(code) ? 'error' : 'warn';
}

/** The name of an image host can hold what its URL must not show: an account, an album, a person. */
function contextOf({ context }: VerificationError): VerificationError['context'] {
  const { host: _host, ...rest } = context;
  return rest;
}

/** True for what is not ours, and for faults of the service that have a cause to look into. */
export function isUnexpected(error: unknown): boolean {
  if (!(error instanceof VerificationError) || UNEXPECTED_CODES.has(error.code)) return true;
  return ERROR_KINDS[error.code].fault === 'service' && error.cause !== undefined;
}

/** Name, code, context and stack frames of an error; its message only when we wrote it, since others may quote URLs or bodies. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: 'NonError' };
  const own = error.name === 'VerificationError' || error.name === 'ConfigError';
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(own ? { message: error.message } : {}),
    ...(error instanceof VerificationError ? { reason: error.reason, context: contextOf(error) } : {}),
    frames: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 6)
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
