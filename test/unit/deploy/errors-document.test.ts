import { describe, expect, it } from 'vitest';
import { STAGES } from '../../../src/shared/error-kind.js';
import { ERROR_CODES, ERROR_KINDS, errorCodesOf } from '../../../src/shared/errors.js';
import { NAMED_REASONS, textOfReason } from '../../../src/shared/reasons.js';
import { readFromRoot } from './read-dockerfile.js';

const document = readFromRoot('docs/errors.md');

/** The rows of the tables in docs/errors.md: code → cells after it. */
const rows = new Map(
  [...document.matchAll(/^\| <a id="(\w+)"><\/a>`(\w+)` \| (.*) \|$/gm)].map(
    ([, anchor, code = '', cells = '']) => [code, { anchor, cells: cells.split(' | ') }],
  ),
);

describe('docs/errors.md', () => {
  it('has a row for every code and for nothing else, by stage', () => {
    expect([...rows.keys()], 'run npm run docs').toEqual(STAGES.flatMap((stage) => errorCodesOf(stage)));
    expect(rows.size).toBe(ERROR_CODES.length);
  });

  it.each(ERROR_CODES)('says about %s what the service does', (code) => {
    const { status, retryable, fault, text } = ERROR_KINDS[code];
    const cells = rows.get(code)?.cells ?? [];
    const advice = cells[4];

    const expected = [String(status), retryable ? 'yes' : 'no', fault, text];
    expect(cells.slice(0, 4), 'run npm run docs').toEqual(expected);
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

  it('gives every row the anchor that a problem’s type points to', () => {
    for (const [code, { anchor }] of rows) expect(anchor).toBe(code);
  });
});
