const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const PATTERN = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/** A set of host names and `*.suffix` patterns. */
export interface HostPatterns {
  /** True if `hostname` (in lower case, from `URL.hostname`) is listed. `*.a.b` covers x.a.b, but not a.b. */
  has(hostname: string): boolean;
}

/** Describes the problem of an entry that is not an address in a sentence; undefined if there is none. */
export function findHostPatternProblem(entry: string): string | undefined {
  const problem = describeProblem(entry);
  return problem === undefined ? undefined : `"${entry}" ${problem}`;
}

function describeProblem(entry: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) return 'must be a host, not a URL';
  if (/^[^:]+:\d+$/.test(entry)) return 'must be a host without a port';
  if (/[^\x21-\x7e]/.test(entry)) return 'must be written in ASCII (punycode)';
  if (entry.includes('/')) return 'is not an address range that can be used here';
  // URL parsers read a last label of digits as an IPv4 address.
  if (/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(entry)) return 'is not an address';
  return PATTERN.test(entry.toLowerCase()) && entry.length <= 253 ? undefined : 'is not a host name';
}

/** Returns the set of these entries: names, `*.suffix` and addresses, compared as text. */
export function createHostPatterns(entries: readonly string[]): HostPatterns {
  const lower = entries.map((entry) => entry.toLowerCase());
  const names = new Set(lower.filter((entry) => !entry.startsWith('*.')));
  const suffixes = lower.filter((entry) => entry.startsWith('*.')).map((entry) => entry.slice(1));
  return {
    has: (hostname) =>
      names.has(hostname) ||
      suffixes.some((suffix) => hostname.endsWith(suffix) && hostname.length > suffix.length),
  };
}
