import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { askNameServers, type FoundAddresses, type LookupFailure } from './ask-name-servers.js';
import { readHostsFile, readSearchRules } from './system-files.js';

/** Time for one look-up together, search domains included, ms. */
const LOOKUP_TIMEOUT_MS = 4_000;
/** Longest time an answer is reused, ms; a shorter time to live counts. */
const MAX_REUSE_MS = 10_000;
/** How long a name that does not exist, or whose name servers were slow to fail, is not asked for again, ms. */
const FAILURE_REUSE_MS = 5_000;
/** A failure that took this long is worth remembering, ms; a quicker one may pass. */
const SLOW_FAILURE_MS = 1_000;
const MAX_REMEMBERED = 1_000;

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The codes by which Node itself reports these failures. */
const CODES: Record<LookupFailure, string> = {
  not_found: 'ENOTFOUND',
  timeout: 'ETIMEOUT',
  failed: 'EAI_AGAIN',
};

/** The addresses of a host could not be found. Its code is ENOTFOUND, ETIMEOUT or EAI_AGAIN. */
class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly code: string;

  constructor(failure: LookupFailure) {
    super(`look-up failed: ${failure}`);
    this.code = CODES[failure];
  }
}

export interface HostResolverOptions {
  /** Name servers to ask, `ip` or `ip:port`, instead of those in resolv.conf. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolverFile?: string;
}

/**
 * Returns a look-up with the signature of `dns.lookup` that name servers cannot exhaust: `dns.lookup` holds one of four
 * threads of the process until the name servers answer; this one uses a socket for each name, four seconds at most.
 *
 * Order: the hosts file; `localhost`; the name servers. A name with a dot is asked for as it is. If it does not exist
 * and has fewer dots than `ndots`, the search domains of resolv.conf follow; a name without a dot starts with them.
 * Callers that ask for one name at a time share the question. Answers are reused for their time to live, ten seconds at
 * most, failures for five. Callers must judge the addresses on every use.
 */
export function createHostResolver(options: HostResolverOptions = {}): LookupFunction {
  const resolver = new CachingResolver(options);
  return (hostname, { all }, callback) => {
    resolver.resolve(hostname.toLowerCase()).then(
      ({ addresses, failure }) => {
        const [first] = addresses;
        if (first === undefined) callback(new LookupError(failure ?? 'not_found'), []);
        else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

interface Remembered {
  readonly found: FoundAddresses;
  readonly until: number;
}

class CachingResolver {
  readonly #servers: readonly string[];
  readonly #hosts: ReturnType<typeof readHostsFile>;
  readonly #searchRules: ReturnType<typeof readSearchRules>;
  readonly #asked = new Map<string, Promise<FoundAddresses>>();
  readonly #remembered = new Map<string, Remembered>();

  constructor({
    servers = [],
    hostsFile = '/etc/hosts',
    resolverFile = '/etc/resolv.conf',
  }: HostResolverOptions) {
    this.#servers = servers;
    this.#hosts = readHostsFile(hostsFile);
    this.#searchRules = readSearchRules(resolverFile);
  }

  async resolve(name: string): Promise<FoundAddresses> {
    const listed = this.#hosts().get(name);
    if (listed !== undefined) return { addresses: listed, ttlSeconds: 0 };
    if (name === 'localhost' || name.endsWith('.localhost')) return { addresses: LOOPBACK, ttlSeconds: 0 };
    const remembered = this.#remembered.get(name);
    if (remembered !== undefined && remembered.until > performance.now()) return remembered.found;
    const asked = this.#asked.get(name) ?? this.#ask(name);
    this.#asked.set(name, asked);
    return asked;
  }

  async #ask(name: string): Promise<FoundAddresses> {
    const startedAt = performance.now();
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), LOOKUP_TIMEOUT_MS);
    try {
      const found = await this.#askInOrder(this.#fullNames(name), timeout.signal);
      this.#remember(name, found, performance.now() - startedAt);
      return found;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(name);
    }
  }

  /** Goes on to the next name only while names do not exist: silence says nothing about a name. */
  async #askInOrder(names: readonly string[], signal: AbortSignal): Promise<FoundAddresses> {
    let found: FoundAddresses = { addresses: [], failure: 'not_found', ttlSeconds: 0 };
    for (const name of names) {
      found = await askNameServers(name, { servers: this.#servers, signal });
      if (found.failure !== 'not_found') return found;
    }
    return found;
  }

  #fullNames(name: string): readonly string[] {
    const { domains, ndots } = this.#searchRules();
    const dots = name.split('.').length - 1;
    const completed = dots < ndots ? domains.map((domain) => `${name}.${domain}`) : [];
    return dots === 0 ? [...completed, name] : [name, ...completed];
  }

  #remember(name: string, found: FoundAddresses, tookMs: number): void {
    const reuseMs = reuseOf(found, tookMs);
    this.#remembered.delete(name);
    if (reuseMs === 0) return;
    this.#remembered.set(name, { found, until: performance.now() + reuseMs });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

function reuseOf({ failure, ttlSeconds }: FoundAddresses, tookMs: number): number {
  if (failure === undefined) return Math.min(ttlSeconds * 1_000, MAX_REUSE_MS);
  return failure === 'not_found' || tookMs >= SLOW_FAILURE_MS ? FAILURE_REUSE_MS : 0;
}
