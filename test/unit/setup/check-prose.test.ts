import { describe, expect, it } from 'vitest';
import { findUnwantedPhrases } from '../../../scripts/check-prose.mjs';

const phrasesOf = (text: string): readonly string[] => findUnwantedPhrases(text).map(({ phrase }) => phrase);

describe('findUnwantedPhrases', () => {
  it.each([
    ['The caller is told of it.', 'is told'],
    ['// Waits while Redis is away.', 'Redis is away'],
    ['It starts anew.', 'anew'],
    ['/** Whether the pool is closed. */', 'Whether'],
    ['Run this to mend the file.', 'mend'],
    ['A face that is none is refused.', 'is none'],
    ['It takes a second look.', 'second look'],
    ['A photo that costs processes their lives is refused.', 'costs processes their lives'],
    ['A package that cannot be had is skipped.', 'cannot be had'],
  ])('finds the phrase in "%s"', (text, phrase) => {
    expect(phrasesOf(text)).toEqual([phrase]);
  });

  it.each([
    'The two formats are told apart by their first bytes.',
    'Whether this is fast depends on the machine.',
    'const lookups = recommended.lastIndexOf(tillage);',
    'Look at the log first.',
    'NaN where there is none.',
    'One is in profile and one looks down.',
    'In other words, it stops.',
    'return self if value is None else value',
  ])('leaves "%s" alone', (text) => {
    expect(phrasesOf(text)).toEqual([]);
  });

  it('names the line and the plain alternative', () => {
    expect(findUnwantedPhrases('one\ntwo\nthree anew')).toEqual([
      { line: 3, phrase: 'anew', instead: 'again' },
    ]);
  });

  it('skips a part that a document marks', () => {
    expect(phrasesOf('<!-- prose: off -->\nanew\n<!-- prose: on -->\nwhoever')).toEqual(['whoever']);
  });
});
