import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { readText } from '../../../shared/runtime/read-text.js';

/** Time after which a file is read again, ms. */
const REREAD_MS = 1_000;

/** Rules for completing a short name. */
export interface SearchRules {
  /** Domains to append, in order. */
  readonly domains: readonly string[];
  /** A name with fewer dots than this may be short. */
  readonly ndots: number;
}

/** Addresses by lower-case name. */
type Hosts = ReadonlyMap<string, readonly LookupAddress[]>;

/** Returns a reader of a hosts file. A missing or unreadable file has no names; a changed one counts within a second. */
export function readHostsFile(path: string): () => Hosts {
  return followFile(path, parseHosts);
}

/** Returns a reader of the search rules in a resolv.conf. Its name servers are read by the resolver itself. */
export function readSearchRules(path: string): () => SearchRules {
  return followFile(path, parseSearchRules);
}

/**
 * Reads the file again after a second, synchronously: asynchronous file access waits for the same few threads that slow
 * look-ups can hold. A file that cannot be read counts as empty, as for the system's own resolver.
 */
function followFile<T>(path: string, parse: (text: string) => T): () => T {
  let parsed = parse('');
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - readAt < REREAD_MS) return parsed;
    readAt = performance.now();
    parsed = parse(readText(path) ?? '');
    return parsed;
  };
}

function parseHosts(text: string): Hosts {
  const hosts = new Map<string, LookupAddress[]>();
  for (const [address = '', ...names] of linesOf(text)) {
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names) {
      const addresses = hosts.get(name.toLowerCase()) ?? [];
      hosts.set(name.toLowerCase(), [...addresses, { address, family }]);
    }
  }
  return hosts;
}

function parseSearchRules(text: string): SearchRules {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const [keyword, ...values] of linesOf(text)) {
    // The last line of its kind counts, as for the system's own resolver.
    if (keyword === 'search' || keyword === 'domain') domains = values.map((one) => one.replace(/\.$/, ''));
    if (keyword !== 'options') continue;
    const option = values.findLast((one) => /^ndots:\d{1,2}$/.test(one));
    if (option !== undefined) ndots = Number(option.slice('ndots:'.length));
  }
  return { domains: domains.filter(Boolean), ndots };
}

/** Returns the words of each line, without comments. */
function linesOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .split(/\s+/)
      .filter(Boolean),
  );
}
