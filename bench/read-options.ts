/** Returns the words of an option in the order of `known`. @throws Error that names a word that is not known. */
export function chooseWords<T extends string>(
  option: string,
  words: readonly string[],
  known: readonly T[],
): readonly T[] {
  const unknown = words.filter((word) => !known.some((each) => each === word));
  if (unknown.length > 0) throw new Error(`--${option} needs ${known.join(', ')}, not ${unknown.join(', ')}`);
  return known.filter((each) => words.includes(each));
}

/** Returns the only word of an option. @throws Error if it is not known. */
export function chooseWord<T extends string>(option: string, word: string, known: readonly T[]): T {
  return chooseWords(option, [word], known)[0] as T;
}

/** Returns the number of an option. @throws Error that names the option if it is not a number of at least 0. */
export function readNumber(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0)) throw new Error(`--${option} needs a number, not ${text}`);
  return number;
}
