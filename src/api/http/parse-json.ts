import { VerificationError } from '../../shared/errors.js';

/**
 * Parses a JSON text (RFC 8259).
 * @throws VerificationError `invalid_json`: not UTF-8, not JSON, nested too deeply, or an object that names a field twice.
 * Programs differ in which of the two values they use, so a proxy before us may have checked a different request.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  const value = parse(text);
  if (namesFieldTwice(text))
    throw new VerificationError('invalid_json', { detail: 'The body names a field twice.' });
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
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

/** Strings and the punctuation of JSON; numbers and literals are skipped. */
// A photo makes a string of millions of characters: no step of the loop may keep a state for each.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/** `json` must be valid: then a colon outside strings always follows a name. Takes linear time. */
function namesFieldTwice(json: string): boolean {
  /** The names in each open object; undefined for an array. */
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
