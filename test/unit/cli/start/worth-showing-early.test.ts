import { describe, expect, it } from 'vitest';
import { isWorthShowingEarly } from '../../../../src/cli/start/worth-showing-early.js';

const line = (fields: object): string =>
  JSON.stringify({ level: 'info', time: '2026-11-28T10:00:00.000Z', service: 'api', ...fields });

describe('isWorthShowingEarly', () => {
  it.each([
    [line({ msg: 'listening' }), false],
    [line({ level: 'warn', msg: 'configuration' }), false],
    [line({ level: 'warn', msg: 'Redis keeps no append-only file' }), true],
    ['There is no model pack', true],
  ])('of %s: %s', (text, expected) => {
    expect(isWorthShowingEarly(text)).toBe(expected);
  });
});
