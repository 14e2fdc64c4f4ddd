const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const PATTERN = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/** A set of host names and `*.suffix` patterns. */
export interface HostPatterns {
  /** Returns whether `hostname` (lower case, as `URL.hostname` gives it) is listed; `*.a.b` covers x.a.b, not a.b. */
  has(hostname: string): boolean;
}

/** Returns what is wrong with an entry that is no address, as a sentence, or undefined when nothing is. */
export function findHostPatternProblem(entry: string): string | undefined {
  const problem = describeProblem(entry);
  return problem === undefined ? undefined : `"${entry}" ${problem}`;
}

function describeProblem(entry: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) return 'must be a host, not a URL';
  if (/^[^:]+:\d+$/.test(entry)) return 'must be a host without a port';
  if (/[^\x21-\x7e]/.test(entry)) return 'must be written in ASCII (punycode)';
  if (entry.includes('/')) return 'is no address range that can be used here';
  // A last label of digits would be read as an IPv4 address by every URL parser.
  if (/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(entry)) return 'is no address';
  return PATTERN.test(entry.toLowerCase()) && entry.length <= 253 ? undefined : 'is no host name';
}

/** Returns the set of these entries: names, `*.suffix`, and addresses, compared as text. */
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
