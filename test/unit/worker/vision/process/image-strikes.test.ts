import { describe, expect, it } from 'vitest';
import { createImageStrikes } from '../../../../../src/worker/vision/process/image-strikes.js';

const photo = 'digest of a photo';
const other = 'digest of another';

describe('image strikes', () => {
  it('count each photo for itself', () => {
    const strikes = createImageStrikes();

    expect([strikes.add(photo), strikes.add(other), strikes.add(photo)]).toEqual([1, 1, 2]);
    expect([strikes.count(photo), strikes.count(other)]).toEqual([2, 1]);
  });

  it('are forgotten when the photo succeeds', () => {
    const strikes = createImageStrikes();
    strikes.add(photo);

    strikes.clear(photo);

    expect(strikes.count(photo)).toBe(0);
  });

  it('are forgotten after ten minutes', () => {
    let now = 0;
    const strikes = createImageStrikes(() => now);
    strikes.add(photo);
    now = 599_999;
    const before = strikes.count(photo);
    now = 600_000;

    expect([before, strikes.count(photo), strikes.add(photo)]).toEqual([1, 0, 1]);
  });

  it('say whether any photo still counts', () => {
    let now = 0;
    const strikes = createImageStrikes(() => now);
    const before = strikes.isEmpty();
    strikes.add(photo);
    now = 599_999;
    strikes.add(other);
    now = 600_000;
    const withOne = strikes.isEmpty();
    now += 599_999;

    expect([before, withOne, strikes.isEmpty()]).toEqual([true, false, true]);
  });

  it('keep the latest thousand photos', () => {
    const strikes = createImageStrikes();
    const numbered = (index: number) => `photo ${index}`;
    for (let index = 0; index <= 1_000; index++) strikes.add(numbered(index));

    expect([strikes.count(numbered(0)), strikes.count(numbered(1)), strikes.count(numbered(1_000))]).toEqual([
      0, 1, 1,
    ]);
  });
});
