import { formOf, resembles } from '../shared/resembles.js';
import { UserError } from './user-error.js';

/** What citty declares of an option. */
interface Declared {
  readonly type?: string | undefined;
}

/**
 * Checks that the command declares every option, because citty silently ignores misspelt ones, and that options which need
 * a value have one: without a value, citty takes the next option for it.
 * @throws UserError that names the first wrong option, and the one that was probably meant.
 */
export function refuseUnknown(
  given: Readonly<Record<string, unknown>>,
  declared: Readonly<Record<string, Declared>>,
): void {
  const options = Object.keys(declared).filter((name) => declared[name]?.type !== 'positional');
  for (const [name, value] of Object.entries(given)) {
    // citty gives each option under two spellings: `max-mated` and `maxMated`.
    const found = Object.keys(declared).find((known) => formOf(known) === formOf(name));
    if (name === '_' || (found !== undefined && declared[found]?.type === 'positional')) continue;
    if (found === undefined) throw new UserError(describeUnknown(name, options));
    const isText = declared[found]?.type === 'string';
    if (isText && (value === '' || value === false || String(value).startsWith('--')))
      throw new UserError(`--${found} needs a value. See --help.`);
  }
}

function describeUnknown(name: string, options: readonly string[]): string {
  const meant = findMeant(name, options);
  const dashes = name.length === 1 ? '-' : '--';
  return `There is no option ${dashes}${name}.${meant ? ` Did you mean --${meant}?` : ''} See --help.`;
}

/** Returns the known name that a misspelt one probably stands for. */
export function findMeant(name: string, known: readonly string[]): string | undefined {
  return known.find((other) => resembles(formOf(name), formOf(other)));
}
