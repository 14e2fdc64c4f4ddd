import { z } from 'zod';
import { toVerificationError } from '../errors.js';
import { parseJson } from '../queue/parse-json.js';
import { type AddressPolicy, checkUrl, isListedHost } from './address-policy.js';

type Headers = Readonly<Record<string, string>>;

/** Headers for the hosts of private photos, by host and port (`photos.acme.com:443`). Secret: never log it. */
export type HostHeaders = ReadonlyMap<string, Headers>;

/** Headers that the service sets itself, that frame or route a message, or that ask for something other than a whole photo. */
const FORBIDDEN =
  /^(?:host|user-agent|accept|accept-encoding|connection|keep-alive|content-.+|transfer-encoding|te|trailer|upgrade|expect|proxy-.+|range|if-.+)$/;
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/;
/** Visible ASCII, with spaces inside. */
const VALUE = /^[!-~](?:[ -~]{0,8190}[!-~])?$/;
const EXAMPLE = '{"photos.acme.com": {"Authorization": "Bearer …"}}';

const textSchema = z.record(z.string(), z.record(z.string(), z.string()));

/** Reads the text of IMAGE_HOST_HEADERS. Problems name hosts and headers, but quote no value. */
export function parseHostHeaders(text: string): { headers: HostHeaders; problems: readonly string[] } {
  const headers = new Map<string, Headers>();
  const parsed = textSchema.safeParse(parseJson(text)).data;
  if (!parsed || Object.keys(parsed).length === 0)
    return { headers, problems: [`must be a JSON object like ${EXAMPLE}`] };
  const problems = Object.entries(parsed).flatMap(([host, given]) => {
    const places = placesOf(host);
    const found = findProblems(given);
    if (places.length === 0) found.unshift('must be a host, or host:port, without * and path');
    if (places.some((place) => headers.has(place))) found.unshift('is listed twice');
    // One object for all places, so that headers can be compared by identity.
    for (const place of places) headers.set(place, given);
    return found.map((problem) => `${JSON.stringify(host)} ${problem}`);
  });
  return { headers, problems };
}

/** Describes each host that the policy forbids: its headers would never be sent. */
export function findUnusedHosts(headers: HostHeaders, policy: AddressPolicy): readonly string[] {
  const problems = [...headers.keys()].map((place) => {
    try {
      checkUrl(`https://${place}/`, policy, 'image');
      return undefined;
    } catch (error) {
      return `${place.replace(/:(?:443|80)$/, '')}: ${toVerificationError(error).message}`;
    }
  });
  return [...new Set(problems.filter((problem) => problem !== undefined))];
}

/**
 * Returns the headers for a request to `url`, the same object for every URL of an entry. Undefined if there are none, and
 * over http unless ALLOWED_PRIVATE_HOSTS lists the host: anybody on the way could read them.
 */
export function headersFor(url: URL, headers: HostHeaders, policy: AddressPolicy): Headers | undefined {
  const isSecure = url.protocol === 'https:';
  if (!isSecure && !isListedHost(url.hostname, policy)) return undefined;
  return headers.get(`${url.hostname}:${url.port || (isSecure ? 443 : 80)}`);
}

/** Returns `host:port` for each port that an entry means, spelt as in a parsed URL; none if it is not a host. */
function placesOf(host: string): readonly string[] {
  // The URL parser would drop a path, unescape a percent sign and accept an asterisk.
  if (/[\s/?#@\\%*]|:$|\.(?::\d+)?$/.test(host) || !URL.canParse(`https://${host}`)) return [];
  const { hostname, port } = new URL(`https://${host}`);
  if (port !== '') return [`${hostname}:${port}`];
  return (/:\d+$/.test(host) ? ['443'] : ['443', '80']).map((number) => `${hostname}:${number}`);
}

function findProblems(given: Headers): string[] {
  const names = Object.keys(given).map((name) => name.toLowerCase());
  const problems = names.length === 0 ? ['has no headers'] : [];
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    const quoted = JSON.stringify(name);
    if (!NAME.test(lower)) problems.push(`has a header ${quoted}, which is not a header name`);
    else if (FORBIDDEN.test(lower)) problems.push(`has the header ${quoted}, which cannot be set here`);
    else if (names.indexOf(lower) !== names.lastIndexOf(lower))
      problems.push(`has the header ${quoted} twice`);
    else if (!VALUE.test(value))
      problems.push(`has a value of ${quoted} that is not 1 to 8192 ASCII characters without line breaks`);
  }
  return problems;
}
