import { describe, expect, it } from 'vitest';
import { refuseUnknown } from '../../../src/cli/refuse-unknown.js';

const DECLARED = { out: {}, 'max-mated': {}, pictures: {} };

describe('refuseUnknown', () => {
  it('accepts both spellings that citty gives a declared option, and photos without a name', () => {
    const given = { _: ['a.jpg'], out: 'x', 'max-mated': '1', maxMated: '1', pictures: false };

    expect(() => refuseUnknown(given, DECLARED)).not.toThrow();
  });

  it('names a misspelt option', () => {
    expect(() => refuseUnknown({ _: [], picture: false }, DECLARED)).toThrow('--picture');
  });

  it('names the option that was meant', () => {
    expect(() => refuseUnknown({ _: [], picturse: true }, DECLARED)).toThrow('Did you mean --pictures?');
  });

  it('names an option of text without a value', () => {
    const declared = { from: { type: 'string' } };

    for (const from of ['', '--dir', false])
      expect(() => refuseUnknown({ _: [], from }, declared)).toThrow('--from needs a value');
  });
});
