import { readFileSync } from 'node:fs';

/** Returns the lines of a JSON-lines file in test/fixtures; the caller says what a line holds. */
export function readJsonLines<T>(name: string): readonly T[] {
  const text = readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
