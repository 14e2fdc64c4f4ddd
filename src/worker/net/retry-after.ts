/** Every form of an HTTP date starts with the name of the day; Date.parse accepts much that is not a date. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? .* GMT$/;

/**
 * Returns the pause that a Retry-After header asks for, ms from `now`, in seconds or as a date (RFC 9110 10.2.3);
 * undefined for anything else. Not limited: the caller decides how long it waits. `now`: ms since 1970.
 */
export function readRetryAfterMs(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const date = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
