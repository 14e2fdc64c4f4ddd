import { readFileSync } from 'node:fs';

/** Returns the version of the service, from package.json. Works in src and in dist, and reads the file on each call. */
export function readServiceVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
