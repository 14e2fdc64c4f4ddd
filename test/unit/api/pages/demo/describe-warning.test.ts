import { describe, expect, it } from 'vitest';

const { describeWarning } = (await import(
  new URL('../../../../../src/api/pages/demo/describe-warning.js', import.meta.url).href
)) as { describeWarning: (code: string) => string };

describe('describeWarning', () => {
  it.each([
    ['small_face', 'the face is small'],
    ['rotated_90', 'the photo is sideways'],
    ['identical_to_front_image2', 'the same file as probe photo 2'],
    ['near_identical_to_back_image', 'the same picture as reference photo'],
  ])('describes %s in plain words', (code, words) => {
    expect(describeWarning(code)).toBe(words);
  });

  it('shows an unknown warning as its code', () => {
    expect(describeWarning('a_warning_to_come')).toBe('a warning to come');
  });
});
