import { describe, expect, it } from 'vitest';
import { readPreferences } from '../../../../src/api/http/read-request.js';

describe('readPreferences', () => {
  const cases: readonly (readonly [string | undefined, object])[] = [
    [undefined, { respondAsync: false }],
    ['respond-async', { respondAsync: true }],
    ['Respond-Async, wait=10', { respondAsync: true, waitSeconds: 10 }],
    ['wait="5"; respond-async', { respondAsync: true, waitSeconds: 5 }],
    ['wait=-1', { respondAsync: false }],
    ['wait=1.5, handling=lenient', { respondAsync: false }],
  ];
  for (const [header, expected] of cases) {
    it(`reads ${header ?? 'no header'}`, () => {
      expect(readPreferences(header)).toEqual(expected);
    });
  }
});
