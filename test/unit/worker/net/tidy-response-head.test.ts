import { request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { createGuardedAgent } from '../../../../src/worker/net/guarded-agent.js';
import { type Behaviour, type RawServer, startRawServer } from '../../../support/servers/raw-server.js';

let host: RawServer;

beforeAll(async () => {
  host = await startRawServer();
});
afterAll(() => host.stop());
afterEach(() => host.idle());

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function get(behaviour: Behaviour): Promise<Answer> {
  const policy = createAddressPolicy({
    allowedPrivateHosts: ['127.0.0.1'],
    allowedImageHosts: [],
    allowedPorts: [],
  });
  const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000 });
  onTestFinished(() => agent.destroy());
  host.answer(behaviour);
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${host.port}/`, {
    dispatcher: agent,
  });
  return { status: statusCode, headers, body: await body.text() };
}

const CHUNKED = '5\r\nphoto\r\n0\r\n\r\n';

describe('a response of a sloppy host', () => {
  it.each<[string, string]>([
    [
      'a length beside chunks',
      `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
    ],
    [
      'a wrong length beside chunks',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n${CHUNKED}`,
    ],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nphoto'],
    ['the same length twice in one line', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nphoto'],
    ['lines that end in LF', 'HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\nphoto'],
    ['lines that end in either', 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nphoto'],
    [
      '17 KB of headers',
      `HTTP/1.1 200 OK\r\nX-Policy: ${'x'.repeat(17_000)}\r\nContent-Length: 5\r\n\r\nphoto`,
    ],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 5\r\n\r\nphoto'],
    ['a line that is not a header', 'HTTP/1.1 200 OK\r\nhello\r\nContent-Length: 5\r\n\r\nphoto'],
    ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nphoto'],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nphoto'],
    ['early hints', 'HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Length: 5\n\nphoto'],
    ['no length', 'HTTP/1.0 200 OK\n\nphoto'],
  ])('is read with %s', async (_, bytes) => {
    expect(await get(bytes)).toMatchObject({ status: 200, body: 'photo' });
  });

  it('is read byte by byte', async () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\nphoto');

    const answer = await get((socket) => {
      socket.setNoDelay(true);
      for (const byte of bytes) socket.write(Buffer.of(byte));
    });

    expect(answer.body).toBe('photo');
  });

  it('keeps line ends in the body', async () => {
    const { body } = await get('HTTP/1.1 200 OK\nContent-Length: 9\n\nab\n\ncd\n\r\n');

    expect(body).toBe('ab\n\ncd\n\r\n');
  });

  it('keeps bytes that are not ASCII', async () => {
    const { headers } = await get(
      Buffer.from('HTTP/1.1 200 OK\nX-A: r\xc3\xa9\nContent-Length: 0\n\n', 'latin1'),
    );

    expect(headers['x-a']).toBe('r\xc3\xa9');
  });

  it('arrives whole when it is large and read slowly', async () => {
    const body = 'photo'.repeat(200_000);

    expect((await get(`HTTP/1.1 200 OK\nContent-Length: ${body.length}\n\n${body}`)).body).toBe(body);
  });

  it.each<[string, string]>([
    ['different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nphoto'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nphoto'],
    ['no status line', '<html>\n\nphoto'],
    ['nothing', ''],
    ['65 KB of headers', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(65_600)}\r\nContent-Length: 5\r\n\r\nphoto`],
  ])('is refused with %s', async (_, bytes) => {
    await expect(get(bytes)).rejects.toThrow();
  });
});
