import { parseLogLine } from '../../shared/runtime/format-log-line.js';

/** False for lines of a normal start. The greeting repeats warnings about settings. */
export function isWorthShowingEarly(text: string): boolean {
  const line = parseLogLine(text);
  if (!line) return true;
  return line.msg !== 'configuration' && !['trace', 'debug', 'info'].includes(line.level);
}
