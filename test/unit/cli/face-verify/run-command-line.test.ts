import { describe, expect, it } from 'vitest';
import { faceVerify } from '../../../../src/cli/face-verify/program.js';
import { runCommandLine } from '../../../../src/cli/face-verify/run-command-line.js';

const PHOTOS = ['1', '2', '3', '0'].map((name) => `https://photos.acme.com/${name}.jpg`);

async function run(...args: readonly string[]) {
  const lines: { out: string[]; err: string[] } = { out: [], err: [] };
  const code = await runCommandLine(faceVerify, args, {
    print: (line) => lines.out.push(line),
    say: (line) => lines.err.push(line),
  });
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

describe('the command line of face-verify', () => {
  it.each<[string, readonly string[], string]>([
    ['no command', [], 'COMMANDS'],
    ['an unknown command', ['comprae'], 'Did you mean compare?'],
    ['a command that resembles no other', ['x'], 'There are: compare, submit, job, batch, health.'],
    ['a name of every object', ['constructor'], 'There is no command constructor.'],
    ['an option before the command', ['--json', 'compare'], 'There is no command --json.'],
    ['a missing argument', ['job'], 'Missing required positional argument: ID. See --help.'],
    ['an argument too many', ['job', 'a', 'b'], '"b" is one argument too many.'],
    ['three photos', ['compare', ...PHOTOS.slice(1)], 'Give four photos'],
    ['an unknown option', ['compare', ...PHOTOS, '--treshold', '1'], 'Did you mean --threshold?'],
    ['an unknown short option', ['compare', ...PHOTOS, '-x'], 'There is no option -x.'],
    ['a negated text option', ['compare', ...PHOTOS, '--no-threshold'], '--threshold needs a value.'],
    ['no value at the end', ['compare', ...PHOTOS, '--threshold'], '--threshold needs a value.'],
    ['no value before an option', ['compare', ...PHOTOS, '--user-id', '--json'], '--user-id needs a value.'],
    ['a wrong number', ['compare', ...PHOTOS, '--threshold', '0,5'], '--threshold must be a decimal number'],
    ['two thresholds', ['compare', ...PHOTOS, '--threshold=.5', '--fmr=.1'], 'cannot be combined'],
    ['a picture without --local', ['compare', ...PHOTOS, '--out', 'a.html'], '--out needs --local.'],
    ['a receipt with --local', ['compare', '--local', '--receipt', 'a', 'b'], '--receipt needs a service'],
    ['standard input twice', ['compare', '-', '-', 'a.jpg', 'b.jpg'], 'Only one photo'],
    ['a wrong URL', ['health', '--url', 'localhost:8333'], '--url is "localhost:8333"; it must be'],
    ['a URL with --local', ['compare', '--local', ...PHOTOS], 'With --local, photos are files.'],
    ['one photo with --local', ['compare', '--local', 'a.jpg'], 'Give two to four photos'],
  ])('ends with 64 for %s and says why', async (_, args, why) => {
    const { code, out, err } = await run(...args);

    expect(err).toContain(why);
    expect([code, out]).toEqual([64, '']);
  });

  it.each([[['--help']], [['help']], [['batch', '--help']], [['batch', 'people.csv', '-h']]])(
    'prints help for %j to standard output',
    async (args) => {
      const { code, out } = await run(...args);

      expect([code, out]).toEqual([0, expect.stringContaining('USAGE face-verify')]);
    },
  );

  it('ends with 78 for a wrong setting', async () => {
    process.env.FACE_VERIFY_URL = 'ftp://photos.acme.com';

    const { code, err } = await run('health').finally(() => delete process.env.FACE_VERIFY_URL);

    expect([code, err]).toEqual([78, expect.stringContaining('FACE_VERIFY_URL')]);
  });
});
