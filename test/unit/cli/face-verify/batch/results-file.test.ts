import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openResultsFile,
  RESULT_COLUMNS,
  type ResultRow,
} from '../../../../../src/cli/face-verify/batch/results-file.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'face-results-'));
  path = join(folder, 'results.csv');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (ids: readonly string[], restart = false) => openResultsFile(path, { ids, restart });
const rowOf = (id: string, batchId: string, matched = 'true'): ResultRow => ({
  ...(Object.fromEntries(RESULT_COLUMNS.map((column) => [column, ''])) as ResultRow),
  user_id: 'Miller, "Jo"',
  matched,
  row_id: id,
  batch_id: batchId,
});
const linesOf = () => readFileSync(path, 'utf8').trimEnd().split('\n').slice(1);

describe('a results file', () => {
  it('continues with its answers and its batch id', () => {
    const first = open(['a', 'b']);
    first.append(rowOf('b', first.batchId));
    first.close();

    const second = open(['a', 'b']);

    expect(second.batchId).toBe(first.batchId);
    expect([...second.answers]).toEqual([['b', rowOf('b', first.batchId)]]);
    second.close();
  });

  it('keeps the last answer to a row, in the order of the input', () => {
    const file = open(['a', 'b']);
    for (const [id, matched] of [
      ['b', ''],
      ['a', 'true'],
      ['b', 'false'],
    ] as const)
      file.append(rowOf(id, file.batchId, matched));

    file.sort(['a', 'b']);
    file.close();

    const again = open(['a', 'b']);
    expect([...again.answers.values()].map(({ matched }) => matched)).toEqual(['true', 'false']);
    expect(linesOf()).toHaveLength(2);
    again.close();
  });

  it('drops a line that was not written to its end', () => {
    const first = open(['a', 'b']);
    first.append(rowOf('a', first.batchId));
    first.close();
    appendFileSync(path, '3,,"u-');

    const second = open(['a', 'b']);
    second.append(rowOf('b', second.batchId));
    second.close();

    expect(linesOf()).toHaveLength(2);
    expect(open(['a', 'b']).answers.size).toBe(2);
  });

  it('is not overwritten if it holds something else', () => {
    writeFileSync(path, 'name,city\nJo,Rome\n');

    expect(() => open(['a'])).toThrow('is not a results file of this command');
    expect(readFileSync(path, 'utf8')).toBe('name,city\nJo,Rome\n');
  });

  it('takes no answers of other rows, unless it starts over', () => {
    const first = open(['a']);
    first.append(rowOf('a', first.batchId));
    first.close();

    expect(() => open(['b'])).toThrow('has answers to other rows');
    const second = open(['b'], true);

    expect(second.answers.size).toBe(0);
    expect(second.batchId).not.toBe(first.batchId);
    second.close();
  });
});
