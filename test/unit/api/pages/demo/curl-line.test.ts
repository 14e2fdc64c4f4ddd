import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

interface Options {
  readonly url: string;
  readonly withKey: boolean;
  readonly files?: readonly (readonly [string, { readonly name: string }])[];
}

const { curlLine } = (await import(
  new URL('../../../../../src/api/pages/demo/curl-line.js', import.meta.url).href
)) as { curlLine: (body: object, options: Options) => string };

/** Runs the command in a real shell and returns the arguments that curl would get. */
function argumentsOf(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}`;
  const output = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { API_KEY: 'the key' } });
  return output.split('\0').slice(0, -1);
}

describe('curlLine', () => {
  it('gives curl exactly this request in a shell, whatever the fields contain', () => {
    const body = { user_id: `o'hara $(exit 3) \`x\` "q" \\ ! % \n é`, front_image1: "https://a/?b=1&c='" };

    const line = curlLine(body, { url: "http://host/it's/compare-faces", withKey: false });

    const given = argumentsOf(line);
    expect(given.slice(0, 2)).toEqual(['-sS', "http://host/it's/compare-faces"]);
    expect(JSON.parse(given.at(-1) ?? '')).toEqual(body);
  });

  it('takes the key from a shell variable', () => {
    const given = argumentsOf(curlLine({}, { url: 'http://host/compare-faces', withKey: true }));

    expect(given).toContain('X-API-Key: the key');
  });

  it('sends files as parts of a form, whatever their names contain', () => {
    const name = `my "best"; photo's, \\ 1.jpg`;

    const given = argumentsOf(
      curlLine(
        { user_id: '@me' },
        { url: 'http://host/jobs', withKey: false, files: [['back_image', { name }]] },
      ),
    );

    expect(given.slice(2, 4)).toEqual(['-F', String.raw`back_image=@"my \"best\"; photo's, \\ 1.jpg"`]);
    expect(given[4]).toBe('--form-string');
    expect(JSON.parse((given[5] ?? '').replace('request=', ''))).toEqual({ user_id: '@me' });
  });
});
