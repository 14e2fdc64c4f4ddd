import { UserError } from './user-error.js';

/**
 * Does nothing when every argument is one that the command declares: citty passes over a misspelt one in silence.
 * @throws UserError naming the first that is not.
 */
export function refuseUnknown(
  given: Readonly<Record<string, unknown>>,
  declared: Readonly<Record<string, unknown>>,
): void {
  const known = new Set(Object.keys(declared).map(asWords));
  const unknown = Object.keys(given).find((name) => name !== '_' && !known.has(asWords(name)));
  if (unknown !== undefined) throw new UserError(`There is no option --${unknown}. See --help.`);
}

/** citty gives each argument under two spellings: `max-mated` and `maxMated`. */
function asWords(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}
