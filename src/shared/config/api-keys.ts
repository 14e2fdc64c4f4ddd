import { hash } from 'node:crypto';

/** The tenant of every caller if no key is configured. No key can have this name. */
export const ANONYMOUS = 'anonymous';

/** Something that is valid for a while. */
export interface Expiring {
  /** When it stops being valid, ms since 1970; never if absent. */
  readonly expiresAt?: number | undefined;
}

/** A key as it is kept in memory: its name and the SHA-256 of its text, never the text itself. */
export interface ApiKey extends Expiring {
  readonly name: string;
  readonly digest: Uint8Array;
}

/** True unless it has expired at `now`, ms since 1970. */
export function isValidAt({ expiresAt }: Expiring, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
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
      const digest = digestOf(secret);
      const known = keys.find((key) => digest.equals(key.digest));
      if (!known) keys.push({ name, digest });
      else if (known.name !== name) problems.push(`${name} has the same key as ${known.name}`);
    }
  }
  return { keys, problems };
}

/** Returns the key whose text is the given one, if there is one that has not expired at `now`, ms since 1970. */
export type FindKey = (secret: string, now: number) => ApiKey | undefined;

/**
 * Returns the look-up of these keys. It goes by the SHA-256 of a text, so the time that it takes says nothing about the
 * text of any key, and does not grow with their number.
 */
export function createKeyIndex(keys: readonly ApiKey[]): FindKey {
  const byDigest = new Map(keys.map((key) => [Buffer.from(key.digest).toString('latin1'), key]));
  return (secret, now) => {
    const key = byDigest.get(digestOf(secret).toString('latin1'));
    return key && isValidAt(key, now) ? key : undefined;
  };
}

/** Returns the SHA-256 of the text of a key. */
export function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
