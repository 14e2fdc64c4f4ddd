import { MAX_URL_LENGTH } from '../contract/compare-request.js';
import { VerificationError } from '../errors.js';
import { createHostPatterns, findHostPatternProblem, type HostPatterns } from './host-patterns.js';
import { createNat64, findNat64Problem, type Nat64 } from './nat64.js';
import {
  type Address,
  type AddressRange,
  isInRange,
  isPublicAddress,
  parseAddress,
  parseAddressRange,
} from './public-address.js';

/** Addresses that the operator allows in addition to public ones on ports 80 and 443. */
export interface AddressPolicySettings {
  /** Host names (`minio`, `*.storage.internal`), addresses and CIDR ranges that can be private, on any port. */
  readonly allowedPrivateHosts: readonly string[];
  /** If not empty, the only hosts of images: names, `*.example.com`, addresses. */
  readonly allowedImageHosts: readonly string[];
  /** Ports that are allowed for every host, in addition to 80 and 443. */
  readonly allowedPorts: readonly number[];
  /** IPv6 prefixes of the network's own NAT64 gateways, in addition to 64:ff9b::/96. */
  readonly nat64Prefixes?: readonly string[];
}

/** The rules for every URL and address that the service connects to. See `createAddressPolicy`. */
export interface AddressPolicy {
  readonly privateNames: HostPatterns;
  readonly privateRanges: readonly AddressRange[];
  readonly imageHosts: HostPatterns | undefined;
  /** The only hosts of one tenant's images. */
  readonly ownImageHosts?: HostPatterns | undefined;
  readonly ports: ReadonlySet<number>;
  readonly nat64: Nat64;
}

/** Purpose of a URL: `allowedImageHosts` restricts images, but not callbacks. */
export type UrlPurpose = 'image' | 'callback';

/** Suffixes that no public host has: RFC 6761, 6762 appendix G, 7686, 8375, 9476, and common private ones. */
const PRIVATE_SUFFIXES = new Set(
  'alt arpa consul corp example home internal intranet invalid lan local localdomain localhost onion private svc test'.split(
    ' ',
  ),
);

const REFUSALS = {
  characters: 'The URL contains a backslash, a space or a control character; percent-encode it.',
  scheme: 'Only http and https URLs are accepted.',
  credentials: 'URLs with credentials are not accepted.',
  host: 'The URL’s host is not a public host name or address, and ALLOWED_PRIVATE_HOSTS does not list it.',
  image_host: 'Images from this host are not accepted: ALLOWED_IMAGE_HOSTS does not list it.',
  own_image_host:
    'Images from this host are not accepted with this API key: its allowed_image_hosts do not list it.',
  port: 'The URL’s port is not 80 or 443, and ALLOWED_PORTS does not list it.',
} as const;

/** The variable that can allow a refused URL, for the log. */
const SETTINGS: Readonly<Partial<Record<keyof typeof REFUSALS, string>>> = {
  host: 'ALLOWED_PRIVATE_HOSTS',
  image_host: 'ALLOWED_IMAGE_HOSTS',
  own_image_host: 'TENANTS_FILE',
  port: 'ALLOWED_PORTS',
};

/** Describes the problem of an entry of ALLOWED_PRIVATE_HOSTS in a sentence; undefined if there is none. */
export function findPrivateHostProblem(entry: string): string | undefined {
  return parseAddressRange(unbracket(entry)) ? undefined : findHostPatternProblem(entry);
}

/** Describes the problem of an entry of ALLOWED_IMAGE_HOSTS in a sentence; undefined if there is none. */
export function findImageHostProblem(entry: string): string | undefined {
  return parseAddress(unbracket(entry)) ? undefined : findHostPatternProblem(entry);
}

/**
 * Returns the policy of these settings.
 * @throws Error that names every wrong entry. config.ts reports them before it calls this.
 */
export function createAddressPolicy(settings: AddressPolicySettings): AddressPolicy {
  const problems = [
    ...settings.allowedPrivateHosts.map(findPrivateHostProblem),
    ...settings.allowedImageHosts.map(findImageHostProblem),
    ...(settings.nat64Prefixes ?? []).map(findNat64Problem),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new Error(`Wrong address policy: ${problems.join('; ')}`);
  const ranges = settings.allowedPrivateHosts.map((entry) => parseAddressRange(unbracket(entry)));
  const names = settings.allowedPrivateHosts.filter((_, index) => !ranges[index]);
  const privateRanges = ranges.filter((range) => range !== undefined);
  // An operator who allows 127.0.0.1 also means localhost.
  const loopback = parseAddress('127.0.0.1');
  const allowsLoopback = loopback && privateRanges.some((range) => isInRange(loopback, range));
  return {
    privateNames: createHostPatterns(allowsLoopback ? [...names, 'localhost'] : names),
    privateRanges,
    imageHosts:
      settings.allowedImageHosts.length > 0
        ? createHostPatterns(settings.allowedImageHosts.map(toHostname))
        : undefined,
    ports: new Set([80, 443, ...settings.allowedPorts]),
    nat64: createNat64(settings.nat64Prefixes ?? []),
  };
}

/** Returns the policy of a tenant whose images can only come from these hosts; `policy` itself without a list. */
export function narrowImageHosts(policy: AddressPolicy, hosts: readonly string[] | undefined): AddressPolicy {
  return hosts ? { ...policy, ownImageHosts: createHostPatterns(hosts.map(toHostname)) } : policy;
}

/**
 * Returns the parsed URL unless its text alone forbids it. Does not resolve names: the code that connects calls
 * `isAddressAllowed` for the actual address.
 * @throws VerificationError `invalid_request` if it is not a URL or longer than 8,192 characters; `image_url_forbidden` (also
 * for callbacks) for scheme, credentials, odd characters, a private name or address in any spelling, host list, port.
 */
export function checkUrl(text: string, policy: AddressPolicy, purpose: UrlPurpose): URL {
  if (text.length > MAX_URL_LENGTH) throw notAUrl(`The URL has more than ${MAX_URL_LENGTH} characters.`);
  if (text.length === 0) throw notAUrl();
  // The URL parser silently drops tabs and line breaks and turns backslashes into slashes.
  if (!/^(?:[\x21-\x5b\x5d-\x7e]|[^\p{ASCII}\p{C}\p{Z}])+$/u.test(text)) throw refusal('characters');
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(text)?.[0].toLowerCase();
  if (scheme === undefined) throw notAUrl();
  if (scheme !== 'http' && scheme !== 'https') throw refusal('scheme');
  const authority = /^[a-z]+:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) throw notAUrl();
  // Some programs end the authority at the first slash only, so an "@" after ? or # counts until then.
  if (/^[a-z]+:\/\/[^/]*@/i.test(text)) throw refusal('credentials');
  if (/%|\.(:\d*)?$/.test(authority) || !isWrittenPlainly(authority)) throw refusal('host');
  const url = parseUrl(text);
  checkHost(url, policy, purpose);
  return url;
}

/**
 * True if the policy allows a connection to `address` (from a resolver or a socket, without brackets) for `hostname` (from
 * `URL.hostname`).
 */
export function isAddressAllowed(address: string, hostname: string, policy: AddressPolicy): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  const reached = policy.nat64.translate(parsed);
  return isPublicAddress(reached) || policy.privateNames.has(hostname) || isListed(reached, policy);
}

/** True if ALLOWED_PRIVATE_HOSTS lists a host, by its name or its literal address. `hostname`: from `URL.hostname`. */
export function isListedHost(hostname: string, policy: AddressPolicy): boolean {
  const literal = parseAddress(unbracket(hostname));
  return literal === undefined
    ? policy.privateNames.has(hostname)
    : isListed(policy.nat64.translate(literal), policy);
}

function checkHost(url: URL, policy: AddressPolicy, purpose: UrlPurpose): void {
  const literal = parseAddress(unbracket(url.hostname));
  const named = isListedHost(url.hostname, policy);
  const open =
    literal === undefined
      ? isPublicName(url.hostname)
      : isPublicAddress(literal) && !policy.nat64.covers(literal);
  if (!named && !open) throw refusal('host');
  if (purpose === 'image' && policy.imageHosts?.has(url.hostname) === false) throw refusal('image_host');
  if (purpose === 'image' && policy.ownImageHosts?.has(url.hostname) === false)
    throw refusal('own_image_host');
  if (url.port !== '' && !named && !policy.ports.has(Number(url.port))) throw refusal('port');
}

function isListed(address: Address, { privateRanges }: AddressPolicy): boolean {
  return privateRanges.some((range) => isInRange(address, range));
}

/**
 * True if a host in other letters is written as the URL parser reads it. It would read wide digits, circled letters and
 * the like as ASCII, and so see another host than a person does.
 */
function isWrittenPlainly(authority: string): boolean {
  return (
    /^\p{ASCII}*$/u.test(authority) ||
    (/^[\p{L}\p{M}\p{N}.:-]+$/u.test(authority) && authority.normalize('NFKC') === authority)
  );
}

/** A dotted name of RFC 1123 labels (underscores, which old buckets have, too) whose last label is no private suffix. */
function isPublicName(hostname: string): boolean {
  const labels = hostname.split('.');
  const top = labels.at(-1) ?? '';
  return (
    labels.length > 1 &&
    hostname.length <= 253 &&
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    /^[a-z][a-z0-9-]*[a-z0-9]$/.test(top) &&
    !PRIVATE_SUFFIXES.has(top)
  );
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The parser's own error quotes the URL, so it is not passed on as the cause.
    throw notAUrl();
  }
}

/** Returns an address in the spelling of `URL.hostname`, so that it can be compared as text. Names stay unchanged. */
function toHostname(entry: string): string {
  if (parseAddress(unbracket(entry)) === undefined) return entry;
  return new URL(entry.includes(':') ? `http://[${unbracket(entry)}]` : `http://${entry}`).hostname;
}

function unbracket(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function notAUrl(detail = 'This is not an absolute http or https URL.'): VerificationError {
  return new VerificationError('invalid_request', { detail });
}

function refusal(reason: keyof typeof REFUSALS): VerificationError {
  const setting = SETTINGS[reason];
  const context = { reason, ...(setting ? { setting } : {}) };
  return new VerificationError('image_url_forbidden', { detail: REFUSALS[reason], context });
}
