import { describe, expect, it } from 'vitest';
import { ConfigError, loadWorkerConfig } from '../../../../src/shared/config/config.js';
import { createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { headersFor, parseHostHeaders } from '../../../../src/shared/net/host-headers.js';

const policy = createAddressPolicy({
  allowedPrivateHosts: ['minio', '10.1.0.0/16', '[::1]'],
  allowedImageHosts: [],
  allowedPorts: [8443],
});
const given = { Authorization: 'Bearer abc' };

/** Returns whether the headers of `host` are sent to `url`. */
function isSent(host: string, url: string): boolean {
  const { headers, problems } = parseHostHeaders(JSON.stringify({ [host]: given }));
  expect(problems).toEqual([]);
  return headersFor(new URL(url), headers, policy) !== undefined;
}

describe('the headers of a host', () => {
  it.each([
    ['photos.acme.com', 'https://photos.acme.com/a.jpg'],
    ['photos.acme.com', 'https://PHOTOS.acme.com:443/a.jpg'],
    ['Photos.Acme.com', 'https://photos.acme.com/'],
    ['photos.acme.com:443', 'https://photos.acme.com/'],
    ['photos.acme.com:8443', 'https://photos.acme.com:8443/'],
    ['bücher.de', 'https://xn--bcher-kva.de/'],
    ['xn--bcher-kva.de', 'https://bücher.de/'],
    ['minio', 'http://minio/'],
    ['minio', 'https://minio/'],
    ['minio:9000', 'http://minio:9000/'],
    ['10.1.2.3:9000', 'http://10.1.2.3:9000/'],
    ['[::1]:9000', 'http://[0:0::1]:9000/'],
  ])('%s are sent to %s', (host, url) => {
    expect(isSent(host, url)).toBe(true);
  });

  it.each([
    ['photos.acme.com', 'http://photos.acme.com/'],
    ['photos.acme.com:80', 'http://photos.acme.com/'],
    ['photos.acme.com', 'https://photos.acme.com:8443/'],
    ['photos.acme.com:443', 'https://photos.acme.com:8443/'],
    ['photos.acme.com', 'https://acme.com/'],
    ['photos.acme.com', 'https://a.photos.acme.com/'],
    ['photos.acme.com', 'https://photos.acme.com.evil.com/'],
    ['minio', 'http://minio:9000/'],
    ['minio:9000', 'http://minio/'],
    ['minio:443', 'http://minio/'],
    ['10.2.0.1', 'http://10.2.0.1/'],
  ])('%s are not sent to %s', (host, url) => {
    expect(isSent(host, url)).toBe(false);
  });
});

describe('IMAGE_HOST_HEADERS', () => {
  const problemsOf = (value: unknown, env = {}): readonly string[] => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    try {
      loadWorkerConfig({ IMAGE_HOST_HEADERS: text, ...env });
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
    }
    return [];
  };

  it.each(['{', '[]', 'null', '{}', '"a"', '{"a.com": "Bearer secret"}', '{"a.com": {"b": 1}}'])(
    'stops the process when it is %s',
    (text) => {
      expect(problemsOf(text)).toEqual([
        'IMAGE_HOST_HEADERS: must be a JSON object like {"photos.acme.com": {"Authorization": "Bearer …"}}',
      ]);
    },
  );

  it.each([
    ['*.acme.com', 'must be a host'],
    ['https://photos.acme.com', 'must be a host'],
    ['photos.acme.com/a', 'must be a host'],
    ['photos.acme.com.', 'must be a host'],
    ['photos.acme.com:', 'must be a host'],
    ['photos.acme.com:99999', 'must be a host'],
    ['user@photos.acme.com', 'must be a host'],
    ['', 'must be a host'],
    ['minio', 'ALLOWED_PRIVATE_HOSTS does not list it'],
    ['photos.acme.com:8443', 'ALLOWED_PORTS does not list it'],
  ])('stops the process when it names the host %j', (host, problem) => {
    const problems = problemsOf({ [host]: given });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('stops the process when it names a host that ALLOWED_IMAGE_HOSTS does not list', () => {
    const [problem] = problemsOf({ 'photos.acme.com': given }, { ALLOWED_IMAGE_HOSTS: 'cdn.acme.com' });

    expect(problem).toMatch(/^IMAGE_HOST_HEADERS: photos\.acme\.com: .*ALLOWED_IMAGE_HOSTS does not list it/);
  });

  it('stops the process when it lists a host in two spellings', () => {
    expect(problemsOf({ 'bücher.de': given, 'xn--bcher-kva.de': given })[0]).toContain('is listed twice');
    expect(problemsOf({ 'a.com': given, 'a.com:443': given })[0]).toContain('is listed twice');
  });

  it.each([
    ...['Host', 'User-Agent', 'accept', 'Accept-Encoding', 'Connection', 'Content-Length', 'content-type'],
    ...['Transfer-Encoding', 'TE', 'Upgrade', 'Proxy-Authorization', 'Range', 'If-None-Match', 'Expect'],
    ...['', 'two words', 'naïve', 'a:b', 'a\r\nb'],
  ])('stops the process when it sets the header %j', (name) => {
    expect(problemsOf({ 'photos.acme.com': { [name]: 'a-secret-value' } })).toHaveLength(1);
  });

  it.each([
    '',
    ' a-secret',
    'a-secret ',
    'a-secret\r\nX: y',
    'a-secret\n',
    'é-secret',
    `secret${'x'.repeat(8_192)}`,
  ])('stops the process for the value %j without quoting it', (value) => {
    const problems = problemsOf({ 'photos.acme.com': { 'X-Token': value } });

    expect(problems.join()).toContain('"X-Token"');
    expect(problems.join()).not.toContain('secret');
  });

  it('stops the process for a header given twice or a host without headers', () => {
    expect(problemsOf({ 'photos.acme.com': { Cookie: 'a=b', cookie: 'c=d' } })[0]).toContain('twice');
    expect(problemsOf({ 'photos.acme.com': {} })[0]).toContain('has no headers');
  });
});
