import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

type CurlLine = (body: object, options: { url: string; withKey: boolean }) => string;

const { curlLine, explainUrl } = (await import(
  new URL('../../../../../src/api/pages/demo/request.js', import.meta.url).href
)) as { curlLine: CurlLine; explainUrl: (text: string) => string };

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
});

describe('explainUrl', () => {
  it.each(['', 'https://example.com/a.jpg', 'http://127.0.0.1:8336/front1.jpg'])('accepts %j', (text) => {
    expect(explainUrl(text)).toBe('');
  });

  it.each([
    ['front1.jpg', 'This is not a complete URL. It starts with https:// or http://.'],
    ['javascript:alert(1)', 'The URL must start with https:// or http://.'],
  ])('says what is wrong with %j', (text, reason) => {
    expect(explainUrl(text)).toBe(reason);
  });
});
