import { VerificationError } from '../../shared/errors.js';

/**
 * Strings and punctuation marks of a body at most, two for each field with a number. A comparison has fewer than 100; a
 * body with room for photos could have so many that checking its fields would occupy the process for seconds.
 */
const MAX_TOKENS = 20_000;

/**
 * Parses a JSON text (RFC 8259).
 * @throws VerificationError `invalid_json`: not UTF-8, not JSON, nested too deeply, too many fields, or an object that names
 * a field twice. Programs differ in which of the two values they use, so a proxy before us may have checked a different
 * request.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  const value = parse(text);
  const problem = findProblem(text);
  if (problem !== undefined) throw new VerificationError('invalid_json', { detail: problem });
  return value;
}

function findProblem(text: string): string | undefined {
  try {
    return findFieldProblem(text);
  } catch (error) {
    // The regular expression keeps a state for each escape; beyond some millions of them there is no room.
    if (error instanceof RangeError) return 'The body has too many escapes in a string.';
    throw error;
  }
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
function findFieldProblem(json: string): string | undefined {
  let count = 0;
  /** The names in each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let latest = '';
  for (const [token] of json.matchAll(TOKEN)) {
    count += 1;
    if (count > MAX_TOKENS) return 'The body has too many fields.';
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') latest = token;
    else {
      const names = open.at(-1);
      const name = JSON.parse(latest) as string;
      if (names?.has(name)) return 'The body names a field twice.';
      names?.add(name);
    }
  }
  return undefined;
}
