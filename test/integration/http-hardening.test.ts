import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCEPTABLE, type Api, postJson, startApi } from '../support/programs/api.js';

let api: Api;

beforeAll(async () => {
  api = await startApi();
});

afterAll(async () => {
  await api?.stop();
});

/** Sends raw bytes and resolves with all received text and the time until the server closed, ms. */
function exchange(
  parts: readonly string[],
  { halfOpen = false } = {},
): Promise<{ text: string; ms: number }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const socket = createConnection({ port: api.port, host: '127.0.0.1' });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ text, ms: performance.now() - startedAt }));
    for (const part of parts) socket.write(part);
    if (!halfOpen) socket.end();
  });
}

const body = JSON.stringify(ACCEPTABLE);
const head = (lines: readonly string[]): string =>
  `POST /jobs HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`;
const json = 'Content-Type: application/json';
const statuses = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1] ?? '');

describe('slow and malformed clients', () => {
  it('has no queue board without keys of operators', async () => {
    for (const path of ['/admin/queues', '/admin/queues/api/queues'])
      expect((await fetch(`${api.origin}${path}`)).status).toBe(404);
  });

  it('disconnects a client that never ends its headers', async () => {
    const { text, ms } = await exchange(['POST /jobs HTTP/1.1\r\nHost: x\r\nX-Slow: '], { halfOpen: true });

    expect(statuses(text)).toEqual(['408']);
    expect(ms).toBeLessThan(9_000);
  });

  it('disconnects a client that never ends its body', async () => {
    const { text, ms } = await exchange([head([json, 'Content-Length: 500']), '{"user_id":'], {
      halfOpen: true,
    });

    expect(statuses(text)).toEqual(['408']);
    expect(ms).toBeLessThan(14_000);
  });

  const ambiguous: readonly (readonly [string, string])[] = [
    [
      'length and chunks together',
      `${head([json, 'Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
    ],
    ['two lengths', `${head([json, 'Content-Length: 5', 'Content-Length: 6'])}{}{}{}`],
    ['a folded header', `${head([json, 'Transfer-Encoding:\r\n chunked', 'Content-Length: 3'])}{}`],
    ['two hosts', 'GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n'],
    ['one host twice', 'GET /health HTTP/1.1\r\nHost: x\r\nHOST: x\r\nConnection: close\r\n\r\n'],
    ['one length twice', `${head([json, 'Content-Length: 2', 'Content-Length: 2'])}{}`],
    [
      'chunks announced twice',
      `${head([json, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
    ],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['no HTTP at all', 'hello there\r\n\r\n'],
    [
      'a bare line feed in a header',
      `POST /jobs HTTP/1.1\r\nHost: x\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n`,
    ],
  ];
  for (const [what, bytes] of ambiguous) {
    it(`refuses ${what} with 400 and closes`, async () => {
      expect(statuses((await exchange([bytes])).text)).toEqual(['400']);
    });
  }

  it.each(['xn--', '1.2.3.4.5', 'a b', 'x:99999', '[::1', 'user@x', 'x/y', '%41'])(
    'refuses the host %s with 400',
    async (host) => {
      const { text } = await exchange([`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]);

      expect(statuses(text)).toEqual(['400']);
    },
  );

  it.each(['TRACE', 'OPTIONS', 'HEAD', 'PUT', 'PROPFIND'])('does not support %s', async (method) => {
    const { text } = await exchange([`${method} /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]);

    expect(statuses(text)).toEqual(['405']);
  });

  it.each([
    '/../../etc/passwd',
    '/assets/..%2f..%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '//etc/passwd',
  ])('finds nothing at %s', async (path) => {
    const { text } = await exchange([`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]);

    expect(statuses(text)).toEqual(['404']);
  });

  it('refuses headers of more than 16 kilobytes', async () => {
    expect(statuses((await exchange([head([`X-Big: ${'x'.repeat(17_000)}`])])).text)).toEqual(['431']);
  });

  it('refuses a chunked body over the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const { text } = await exchange([
      head([json, 'Transfer-Encoding: chunked', 'Connection: close']),
      chunk,
      chunk,
      '0\r\n\r\n',
    ]);

    expect(statuses(text)[0]).toBe('413');
  });

  it('accepts a chunked body within the limit', async () => {
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const { text } = await exchange(
      [head([json, 'Transfer-Encoding: chunked', 'Connection: close']), chunk],
      { halfOpen: true },
    );

    expect(statuses(text)).toEqual(['202']);
  });

  it('answers pipelined requests in order', async () => {
    const get = (path: string, extra = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${extra}\r\n`;
    const { text } = await exchange([
      get('/health'),
      get('/nothing'),
      get('/health', 'Connection: close\r\n'),
    ]);

    expect(statuses(text)).toEqual(['200', '404', '200']);
  });

  it('refuses a duplicate content type that is not JSON first', async () => {
    const { text } = await exchange([
      `${head(['Content-Type: text/plain', json, `Content-Length: ${body.length}`, 'Connection: close'])}${body}`,
    ]);

    expect(statuses(text)).toEqual(['415']);
  });
});

describe('what answers reveal', () => {
  it('names no software and sets security headers', async () => {
    const { headers } = await fetch(`${api.origin}/health`);

    for (const name of ['x-powered-by', 'server', 'access-control-allow-origin'])
      expect(headers.get(name)).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  it('does not answer preflights of other origins by default', async () => {
    const answer = await fetch(`${api.origin}/jobs`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });

    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('keeps answers with results out of caches', async () => {
    const accepted = await postJson(`${api.origin}/jobs`, ACCEPTABLE);
    const view = await fetch(`${api.origin}${accepted.headers.get('location')}`);

    expect(view.headers.get('cache-control')).toBe('no-store');
  });

  it('does not write to a prototype', async () => {
    const answer = await fetch(`${api.origin}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `${body.slice(0, -1)},"__proto__":{"threshold":0},"constructor":{"prototype":{"x":1}}}`,
    });

    expect(answer.status).toBe(202);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
