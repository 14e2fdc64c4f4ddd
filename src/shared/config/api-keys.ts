import { hash, timingSafeEqual } from 'node:crypto';

/** The tenant of every caller if no key is configured. No key can have this name. */
export const ANONYMOUS = 'anonymous';

/** A key as it is kept in memory: its name and the SHA-256 of its text, never the text itself. */
export interface ApiKey {
  readonly name: string;
  readonly digest: Uint8Array;
}

export interface ParsedApiKeys {
  readonly keys: readonly ApiKey[];
  readonly problems: readonly string[];
}

/** Minimum length of a key, characters. 128 bits take 22 characters in base64. */
const MIN_KEY_LENGTH = 16;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** True if `name` can be the name of an API key: 1 to 64 letters, digits, `_`, `.` and `-`. */
export function isKeyName(name: string): boolean {
  return NAME.test(name);
}

/** Reads `name:key,name:key` (or one entry per line). Returns the keys, hashed, and the problems of the other entries. */
export function parseApiKeys(text: string): ParsedApiKeys {
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  for (const [index, entry] of text
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter(Boolean)
    .entries()) {
    const colon = entry.indexOf(':');
    const name = entry.slice(0, Math.max(0, colon));
    const secret = entry.slice(colon + 1);
    if (!isKeyName(name)) problems.push(`entry ${index + 1} must look like name:key`);
    else if (name === ANONYMOUS)
      problems.push(`entry ${index + 1}: the name ${ANONYMOUS} stands for callers without a key`);
    else if (secret.length < MIN_KEY_LENGTH)
      problems.push(`the key of ${name} is shorter than ${MIN_KEY_LENGTH} characters`);
    else {
      const known = findApiKey(keys, secret);
      if (!known) keys.push({ name, digest: digestOf(secret) });
      else if (known.name !== name) problems.push(`${name} has the same key as ${known.name}`);
    }
  }
  return { keys, problems };
}

/** Returns the key whose text is `secret`, if any. Compares with every key in constant time. */
export function findApiKey(keys: readonly ApiKey[], secret: string): ApiKey | undefined {
  const digest = digestOf(secret);
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key;
  return found;
}

function digestOf(secret: string): Uint8Array {
  return hash('sha256', secret, 'buffer');
}
