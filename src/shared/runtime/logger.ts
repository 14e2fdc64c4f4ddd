import { type Logger, pino } from 'pino';
import { ERROR_KINDS, type ErrorCode, VerificationError } from '../errors.js';
import { formatLogLine } from './format-log-line.js';

export type { Logger };

/** Names of fields that are removed from every log line, in any object. */
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

/** Log lines kept in memory while the disk is full, bytes. Further lines are dropped. */
const MAX_HELD_BYTES = 1_048_576;

/** `auto`: text on a terminal, JSON elsewhere. */
export type LogFormat = 'auto' | 'json' | 'text';

/**
 * Returns a logger that writes one line per event to standard output. Callers log only ids, codes, durations and sizes.
 * A full disk loses lines, but never stops the program.
 */
export function createLogger(service: string, level: string, format: LogFormat = 'json'): Logger {
  const output = pino.destination({ fd: process.stdout.fd, sync: true, maxLength: MAX_HELD_BYTES });
  // Without a listener, a failed write would end the process. There is no other place to report it.
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
    isText(format) ? { write: (line) => output.write(`${formatLogLine(line.trimEnd())}\n`) } : output,
  );
}

function isText(format: LogFormat): boolean {
  return format === 'text' || (format === 'auto' && process.stdout.isTTY);
}

/** Codes that always mean a fault of this service. */
const UNEXPECTED_CODES: ReadonlySet<string> = new Set(['internal', 'model_failure']);

/**
 * Returns the fields of a log line for an error. A refusal has its code, reason and context; an error that needs
 * investigation is under `err`, with stack frames.
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

/** Without the name of an image host, which can contain an account, an album or a person. */
function contextOf({ context }: VerificationError): VerificationError['context'] {
  const { host: _host, ...rest } = context;
  return rest;
}

/** True for unknown errors, and for faults of the service that have a cause to investigate. */
export function isUnexpected(error: unknown): boolean {
  if (!(error instanceof VerificationError) || UNEXPECTED_CODES.has(error.code)) return true;
  return ERROR_KINDS[error.code].fault === 'service' && error.cause !== undefined;
}

/** Returns name, code, context and stack frames of an error. Only our own messages: others can quote URLs or bodies. */
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
