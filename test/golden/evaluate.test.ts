import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../tools/evaluate/results/report.js';
import { cropFace, photoWithoutFace, samePersonPhotos, sampleFace } from '../support/photos/photos.js';
import { startFaceVerify } from '../support/programs/face-verify.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts one of our programs as `npm run` does, with the model pack `lite` and one vision process. */
const ENV = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  INSIGHTFACE_MODEL: 'lite',
  VISION_PROCESSES: '1',
};

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'tools/evaluate/main.ts'), ...args], {
    cwd: ROOT,
    env: ENV,
  });
}

async function untilEnded(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

const run = (args: readonly string[]): Promise<Ended> => untilEnded(start(args));

describe.skipIf(process.platform === 'win32')(
  'evaluate and face-verify, on real photos with lite',
  { timeout: 90_000 },
  () => {
    let folder: string;
    const at = (...names: readonly string[]): string => join(folder, ...names);
    const readReport = (name: string): EvaluationReport =>
      JSON.parse(readFileSync(at(name, 'report.json'), 'utf8')) as EvaluationReport;
    const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').trim().split('\n');

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
      const others = [0, 8, 9, 13].map((index) => cropFace(sampleFace(index), { margin: 0.3 }));
      const people = { ann: await samePersonPhotos(), others: await Promise.all(others) };
      for (const [index, bytes] of people.ann.entries()) put(`people/ann/${index}.jpg`, bytes);
      for (const [index, bytes] of people.others.entries()) put(`people/other${index}/1.jpg`, bytes);
      put('people/other0/wall.jpg', await photoWithoutFace());
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const put = (name: string, bytes: Uint8Array): void => {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(at(name), bytes);
    };

    it('measures a folder of people and writes report, scores and page', async () => {
      const { code, stderr } = await run(['--folders', at('people'), '--out', at('whole')]);

      expect(stderr).toContain('10 photos of 5 persons');
      expect(stderr).toContain('none of 26 non-mated pairs matches');
      expect(code).toBe(0);
      const report = readReport('whole');
      // Ann's photos are of two shots, see samePersonPhotos; every other woman is somebody else.
      expect(report.pairs).toMatchObject({ mated: 11, matedScored: 10, nonMated: 34, nonMatedScored: 26 });
      expect(report.auc).toBe(1);
      expect(report.atThreshold.fmr.errors).toBe(0);
      expect(report.atThreshold.fnmr.errors).toBe(0);
      expect(report.acquisition.failures).toEqual([{ photo: 'other0/wall.jpg', code: 'face_not_found' }]);
      expect(report.rules[0]?.mated).toEqual({ matched: 5, notMatched: 0, undecided: 0 });
      expect(report.rules[0]?.nonMated.matched).toBe(0);
      expect(linesOf(at('whole/scores.csv'))).toHaveLength(1 + 36);
      const page = readFileSync(at('whole/report.html'), 'utf8');
      expect(page.match(/<img class="chart"/g)).toHaveLength(5);
      expect(page).toContain('data:image/jpeg;base64,');
    });

    it('counts all pairs without listing them, by group', async () => {
      writeFileSync(at('groups.csv'), 'person,group\nann,x\nother0,y\nother1,x\nother2,y\nother3,y\n');
      const args = ['--folders', at('people'), '--max-listed', '0', '--groups', at('groups.csv')];

      const { code, stderr } = await run([...args, '--out', at('counted'), '--no-pictures']);

      expect(stderr).toContain('Comparing 45 pairs.');
      expect(code).toBe(0);
      const [whole, counted] = [readReport('whole'), readReport('counted')];
      const { pairs, atThreshold, acquisition, rules, worst } = whole;
      expect(counted).toMatchObject({ pairs, atThreshold, acquisition, rules, worst });
      expect(counted.groups?.each.map(({ acquisition: { errors, trials } }) => [errors, trials])).toEqual([
        [0, 6],
        [1, 4],
      ]);
      expect(linesOf(at('counted/scores.csv'))).toHaveLength(1);
    });

    it('stops at Ctrl-C, keeps its scores, and continues to the same scores, without pictures if requested', async () => {
      const args = ['--folders', at('people'), '--out', at('halves')];
      const child = start(args);
      const ended = untilEnded(child);
      const hasScores = () =>
        existsSync(at('halves/scores.csv')) && linesOf(at('halves/scores.csv')).length > 1;
      await until(() => child.exitCode !== null || hasScores());

      child.kill('SIGINT');
      const stopped = await ended;
      const scoredBefore = linesOf(at('halves/scores.csv'));
      const hadReport = existsSync(at('halves/report.json'));
      const resumed = await run([...args, '--no-pictures']);

      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toContain('Finished scores are kept');
      expect(hadReport).toBe(false);
      expect(resumed.code).toBe(0);
      const scores = linesOf(at('halves/scores.csv'));
      expect(scores).toEqual(expect.arrayContaining([...scoredBefore]));
      expect(readFileSync(at('halves/report.html'), 'utf8')).not.toContain('data:image/jpeg');
      expect([...scores].sort()).toEqual([...linesOf(at('whole/scores.csv'))].sort());
    });

    it('prints and draws the result of the service for four photos', async () => {
      const photos = ['1', '2', '3', '0'].map((name) => at(`people/ann/${name}.jpg`));

      const command = startFaceVerify(['compare', '--local', ...photos, '--out', at('compare.png')], ENV);
      const { code, out: stdout } = await command.ended;

      expect(code).toBe(0);
      expect(stdout).toContain('The last photo is the reference');
      expect(stdout).toMatch(/^1\.jpg +probe .* yes$/m);
      expect(stdout).toMatch(/^0\.jpg +reference /m);
      expect(stdout).toContain('The service would answer: matched: true (3 of 3 match, 2 required)');
      const picture = readFileSync(at('compare.png'));
      expect(picture.subarray(1, 4).toString()).toBe('PNG');
    });
  },
);

/** Resolves as soon as `condition` holds; the test's own time limit ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
