import { z } from 'zod';

const lineSchema = z.looseObject({
  level: z.string(),
  time: z.string(),
  service: z.string(),
  msg: z.string().default(''),
});
type LogLine = z.output<typeof lineSchema>;

/** Fields that are shown elsewhere in a line, or that are not needed on a terminal. */
const LEFT_OUT = new Set(
  'level time service msg method route status duration_ms request_id trace_id tenant sync queued_ms attempt duplicates timings_ms frames'.split(
    ' ',
  ),
);

/**
 * Returns a log line of one of the programs (JSON) as a short line for people: time of day, program, event. Anything else
 * stays unchanged.
 */
export function formatLogLine(text: string): string {
  const line = parseLogLine(text);
  if (!line) return text;
  const time = new Date(line.time).toTimeString().slice(0, 8);
  const level = line.level === 'info' ? '' : `${line.level.toUpperCase()} `;
  return `${time} ${line.service.padEnd(6)} ${level}${describeEvent(line)}${describeFields(line)}`;
}

/** Returns the fields of a log line; undefined for anything else. */
export function parseLogLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function describeEvent(line: LogLine): string {
  const took = line.duration_ms;
  const duration = typeof took === 'number' ? ` in ${Math.round(took)} ms` : '';
  if (line.msg === 'request') return `${line.method} ${line.route} ${line.status}${duration}`;
  return `${line.msg}${duration}`;
}

/** Returns the remaining fields as name=value, without empty ones. */
function describeFields(line: LogLine): string {
  return Object.entries(line)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== null && !isEmpty(value))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
