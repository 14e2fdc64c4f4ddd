import { readFileSync } from 'node:fs';

/** Returns the text of a small UTF-8 file; undefined if it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
