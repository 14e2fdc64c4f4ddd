/** The forms of an HTTP date (RFC 9110 5.6.7); Date.parse accepts much that is not a date. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .* GMT$/;
/** The form without a time zone, which is UTC. */
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/**
 * Returns the pause that a Retry-After header asks for, ms from `now`, in seconds or as a date (RFC 9110 10.2.3);
 * undefined for anything else. Not limited: the caller decides how long it waits. `now`: ms since 1970.
 */
export function readRetryAfterMs(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = parseDate(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function parseDate(text: string): number {
  if (ASCTIME_DATE.test(text)) return Date.parse(`${text} GMT`);
  return HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
}
