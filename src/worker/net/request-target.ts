/**
 * Returns path and query of `url` byte for byte, because a store may have signed them as they are: quotes, braces, dot
 * segments and an empty query stay. Only non-ASCII characters are percent-encoded, and the fragment is dropped. `url`: a
 * text that checkUrl has accepted.
 */
export function requestTargetOf(url: string): string {
  const target = url
    .replace(ORIGIN, '')
    .replace(/#.*$/s, '')
    .replace(/\P{ASCII}+/gu, encodeURIComponent);
  return target.startsWith('/') ? target : `/${target}`;
}

/**
 * Returns the URL that a Location header means, as it is written there where possible. Its bytes are read as UTF-8 and its
 * spaces are encoded, as browsers and curl do. `header`: the bytes as Latin-1. `base`: a text that checkUrl has accepted.
 */
export function resolveLocation(header: string, base: string): string {
  const location = readAsUtf8(header).trim().replaceAll(' ', '%20');
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  const [origin = '', scheme = ''] = ORIGIN.exec(base) ?? [];
  if (location.startsWith('//')) return scheme + location;
  if (location.startsWith('/')) return origin + location;
  const target = requestTargetOf(base);
  if (/^(?:#|$)/.test(location)) return origin + target;
  const path = target.replace(/\?.*$/s, '');
  return origin + (location.startsWith('?') ? path + location : resolvePath(location, path));
}

const ORIGIN = /^([a-z]+:)\/\/[^/?#]+/i;

/** Returns the target of a relative reference. Source: RFC 3986, section 5.2. */
function resolvePath(reference: string, base: string): string {
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(reference) ?? [];
  const folder = base.slice(0, base.lastIndexOf('/') + 1);
  // checkUrl refuses it, whatever ".." would remove.
  if (/[\\\p{Cc}]/u.test(path)) return folder + reference;
  const segments = (folder + path).split('/').slice(1);
  const resolved: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const dots = segment.replace(/%2e/gi, '.');
    if (dots === '..') resolved.pop();
    if (dots !== '.' && dots !== '..') resolved.push(segment);
    else if (index === segments.length - 1) resolved.push('');
  }
  return `/${resolved.join('/')}${rest}`;
}

/** Bytes that are not UTF-8 are percent-encoded one by one. */
function readAsUtf8(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1.replace(/\P{ASCII}/gu, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  }
}
