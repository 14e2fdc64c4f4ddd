import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../../src/cli/user-error.js';
import { type EvaluateArguments, evaluate } from '../../../../tools/evaluate/evaluate-command.js';
import type { EvaluationReport } from '../../../../tools/evaluate/results/report.js';

describe('evaluate', () => {
  let folder: string;
  const said: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
    said.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (args: Partial<EvaluateArguments>): Promise<void> =>
    evaluate(
      {
        ...{ 'max-listed': '10', 'max-verifications': '10', seed: '1' },
        ...{ pictures: true, calibration: false, threshold: '0.5', out: join(folder, 'out') },
        ...args,
      },
      { say: (line) => said.push(line), signal: new AbortController().signal },
    );
  const put = (text: string): string => {
    const path = join(folder, 'pairs.csv');
    writeFileSync(path, text);
    return path;
  };

  it('makes a report from scores without reading a photo', async () => {
    const path = put('file_x,file_y,decision,similarity\na,b,Yes,0.8\na,c,No,0.6\nb,d,No,0.1\n');

    await run({ scores: path, threshold: '0.55' });

    const report = JSON.parse(readFileSync(join(folder, 'out/report.json'), 'utf8')) as EvaluationReport;
    expect(report).toMatchObject({ dataset: { name: 'pairs', source: 'scores' }, threshold: 0.55, auc: 1 });
    expect(report.atThreshold.fmr).toMatchObject({ errors: 1, trials: 2 });
    expect(readFileSync(join(folder, 'out/report.html'), 'utf8')).toContain(
      'The scores come from another program',
    );
    expect(said.join()).toContain('report.html');
  });

  it('adds the error rates of groups to the report, the page and the terminal', async () => {
    const path = put('file_x,file_y,decision,similarity\na/1,a/2,Yes,0.8\na/1,b/1,No,0.6\nc/1,d/1,No,0.1\n');
    const groups = join(folder, 'groups.csv');
    writeFileSync(groups, 'person,group\na,x\nb,y\nc,x\nd,x\n');

    await run({ scores: path, groups });

    const report = JSON.parse(readFileSync(join(folder, 'out/report.json'), 'utf8')) as EvaluationReport;
    expect(report.groups?.each[0]?.at[0]).toMatchObject({
      fmr: { errors: 0, trials: 1 },
      fnmr: { trials: 1 },
    });
    expect(report.groups?.between[0]?.at[0]).toMatchObject({ fmr: { errors: 1, trials: 1 } });
    expect(readFileSync(join(folder, 'out/report.html'), 'utf8')).toContain('Too small to judge: x, y');
    expect(said.join()).toMatch(/Group x: too small: .*FMR 0 \(.*1\), FNMR/);
  });

  it('refuses a list of groups that does not exist', async () => {
    const path = put('file_x,file_y,decision,similarity\na,b,Yes,0.8\n');

    await expect(run({ scores: path, groups: 'nowhere.csv' })).rejects.toThrow('nowhere.csv does not exist');
  });

  it('names the missing photos of a list before it loads a model', async () => {
    const path = put('file_x,file_y,decision\nann.jpg,bob.jpg,No\n');

    await expect(run({ pairs: path })).rejects.toThrow(
      /2 of 2 photos do not exist in .*: ann\.jpg, bob\.jpg$/,
    );
  });

  it.each([
    ['no source', {}, 'Give one of'],
    ['two sources', { pairs: 'a.csv', folders: 'b' }, 'Give one of'],
    ['a list that does not exist', { pairs: 'nowhere.csv' }, 'nowhere.csv does not exist'],
    ['a folder that does not exist', { folders: 'nowhere' }, 'nowhere does not exist'],
    ['a threshold out of range', { pairs: 'a.csv', threshold: '1.5' }, '--threshold is 1.5'],
    ['an empty threshold', { pairs: 'a.csv', threshold: ' ' }, '--threshold'],
    ['a limit that is no number', { folders: 'a', 'max-listed': 'many' }, '--max-listed is many'],
  ])('refuses %s', async (_, args, message) => {
    const refused = run(args);

    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });
});
