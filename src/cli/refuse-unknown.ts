import { UserError } from './user-error.js';

/**
 * Checks that the command declares every argument, because citty silently ignores misspelt ones.
 * @throws UserError that names the first unknown argument.
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
