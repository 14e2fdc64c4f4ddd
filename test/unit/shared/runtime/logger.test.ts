import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, ERROR_KINDS, VerificationError } from '../../../../src/shared/errors.js';
import { errorFields } from '../../../../src/shared/runtime/logger.js';

describe('errorFields', () => {
  it('shows the code, reason and context of a refusal', () => {
    const error = new VerificationError('low_quality', {
      reason: 'too_dark',
      context: { brightness: 7 },
      cause: new Error('inner'),
    });

    expect(errorFields(error)).toEqual({
      code: 'low_quality',
      reason: 'too_dark',
      context: { brightness: 7 },
    });
  });

  it('leaves out the image host, whose name can contain secrets', () => {
    const context = { host: 'album-of-jane.acme.com', status: 404 };

    const fields = errorFields(new VerificationError('image_not_available', { context }));

    expect(fields).toEqual({ code: 'image_not_available', context: { status: 404 } });
  });

  it('leaves the stack out of everything that a caller or an image host has caused', () => {
    const refusals = ERROR_CODES.filter((code) => ERROR_KINDS[code].fault !== 'service');

    for (const code of refusals) {
      const error = new VerificationError(code, { cause: new Error('inner') });
      expect(errorFields(error)).toEqual({ code });
    }
  });

  it('leaves it out of a service that is busy, too', () => {
    expect(errorFields(new VerificationError('overloaded'))).toEqual({ code: 'overloaded' });
  });

  it.each([
    ['an error of somebody else', new TypeError('x')],
    ['a bug', new VerificationError('internal')],
    ['a model that fails', new VerificationError('model_failure')],
    [
      'a fault of the service with a cause',
      new VerificationError('queue_unavailable', { cause: new Error() }),
    ],
  ])('hands on %s whole', (_what, error) => {
    expect(errorFields(error)).toEqual({ err: error });
  });
});

describe('createLogger', () => {
  const hasTerminal = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;
  const code = (format: string): string =>
    "import { createLogger } from './dist/shared/runtime/logger.js';" +
    `createLogger('api', 'info', '${format}').warn({ job_id: 'r_1', url: 'https://secret' }, 'hello')`;
  const run = (format: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code(format)], { encoding: 'utf8' }).stdout;
  const asText = /^\d\d:\d\d:\d\d api {4}WARN hello job_id=r_1 url=\[removed\]\r?\n$/;

  it.each(['json', 'auto'])('writes JSON to a pipe: %s', (format) => {
    expect(JSON.parse(run(format))).toMatchObject({ level: 'warn', msg: 'hello', url: '[removed]' });
  });

  it('writes short lines where they are wanted', () => {
    expect(run('text')).toMatch(asText);
  });

  it.skipIf(!hasTerminal)('writes short lines to a terminal', () => {
    const command = `${process.execPath} --input-type=module -e "${code('auto')}"`;

    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });

    expect(stdout).toMatch(asText);
  });
});
