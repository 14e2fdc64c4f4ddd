import { type Logger, pino } from 'pino';

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

/** Returns a logger that writes one JSON line an event to standard output. Callers log ids, codes, durations and sizes only. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[removed]' },
    serializers: { err: describeError },
  });
}

/** Name, code and stack frames of an error; its message only when we wrote it, since others may quote URLs or bodies. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: 'NonError' };
  const own = error.name === 'VerificationError' || error.name === 'ConfigError';
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(own ? { message: error.message } : {}),
    frames: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 6)
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
