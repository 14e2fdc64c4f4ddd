import { VerificationError } from '../../shared/errors.js';

/**
 * Returns what a JSON text says (RFC 8259).
 * @throws VerificationError `invalid_json`: not UTF-8, not JSON, nested too deep, or an object that names a field twice.
 * Programs differ in which of the two they take, so whoever checked the request before us may have read another one.
 */
export function parseJson(bytes: ArrayBuffer): unknown {
  const text = decodeUtf8(bytes);
  const value = parse(text);
  if (namesFieldTwice(text))
    throw new VerificationError('invalid_json', { detail: 'The body names a field twice.' });
  return value;
}

function decodeUtf8(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new VerificationError('invalid_json', { detail: 'The body is not UTF-8.', cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VerificationError('invalid_json', { cause });
  }
}

/** Strings, and what opens, closes and parts in JSON; numbers and literals lie between. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** `json` must be valid: then a colon outside of strings always follows a name. Linear in time. */
function namesFieldTwice(json: string): boolean {
  /** Names of each open object, undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let latest = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') latest = token;
    else {
      const names = open.at(-1);
      const name = JSON.parse(latest) as string;
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
}
