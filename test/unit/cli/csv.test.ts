import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCsvRow, parseCsv } from '../../../src/cli/csv.js';

describe('parseCsv', () => {
  it('reads commas, semicolons and tabs, as in the header', () => {
    for (const separator of [',', ';', '\t']) {
      const text = `a${separator}b\n1${separator}2\n`;

      expect(parseCsv(text)).toEqual({ header: ['a', 'b'], rows: [['1', '2']] });
    }
  });

  it('ignores a byte order mark, Windows line ends, empty lines and a missing last line end', () => {
    expect(parseCsv('\uFEFFa,b\r\n1,2\r\n\r\n3,4')).toEqual({
      header: ['a', 'b'],
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
    });
  });

  it('keeps separators, line ends and quotes inside quotes', () => {
    expect(parseCsv('a,b\n"x, y","two\nlines"\n"say ""hi""",\n').rows).toEqual([
      ['x, y', 'two\nlines'],
      ['say "hi"', ''],
    ]);
  });

  it('names a row that is too short', () => {
    expect(() => parseCsv('a,b\n1,2\n3\n')).toThrow('Row 3');
  });

  it('names a row with an unclosed quote', () => {
    expect(() => parseCsv('a,b\n1,"2\n')).toThrow('Row 2');
  });

  it('reads everything that formatCsvRow writes', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', '\r', '\t', 'ü') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell)), (rows) => {
        const text = [['x', 'y', 'z'], ...rows].map((row) => formatCsvRow(row)).join('');

        expect(parseCsv(text).rows).toEqual(rows);
      }),
    );
  });
});
