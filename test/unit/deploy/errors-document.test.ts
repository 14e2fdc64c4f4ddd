import { describe, expect, it } from 'vitest';
import { STATUS_OF } from '../../../src/shared/contract/problem.js';
import { ERROR_CODES, ERROR_KINDS, NAMED_REASONS, textOfReason } from '../../../src/shared/errors.js';
import { readFromRoot } from './read-dockerfile.js';

const document = readFromRoot('docs/errors.md');

/** The rows of the table in docs/errors.md: code → cells after it. */
const rows = new Map(
  [...document.matchAll(/^\| <a id="(\w+)"><\/a>`(\w+)` \| (.*) \|$/gm)].map(
    ([, anchor, code = '', cells = '']) => [code, { anchor, cells: cells.split(' | ') }],
  ),
);

describe('docs/errors.md', () => {
  it('has a row for every code and for nothing else, in the order of the code', () => {
    expect([...rows.keys()], 'add or move the rows of docs/errors.md').toEqual(ERROR_CODES);
  });

  it.each(ERROR_CODES)('says of %s what the service does', (code) => {
    const { retryable, fault, text } = ERROR_KINDS[code];
    const [status, again, turn, sentence, advice] = rows.get(code)?.cells ?? [];

    expect([status, again, turn, sentence], 'change the row in docs/errors.md').toEqual([
      String(STATUS_OF[code]),
      retryable ? 'yes' : 'no',
      fault,
      text,
    ]);
    expect(advice?.length).toBeGreaterThan(5);
  });

  it('lists every reason with the sentence that a client reads', () => {
    const listed = [...document.matchAll(/^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$/gm)].map(
      ([, reason, sentence]) => [reason, sentence],
    );

    expect(listed).toEqual([
      ...NAMED_REASONS.map((reason) => [reason, textOfReason(reason)]),
      ['http_404', textOfReason('http_404')],
    ]);
  });

  it('gives every row the anchor that a problem’s type points at', () => {
    for (const [code, { anchor }] of rows) expect(anchor).toBe(code);
  });
});
