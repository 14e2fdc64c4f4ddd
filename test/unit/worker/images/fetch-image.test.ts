import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { type FetchImageOptions, fetchImage } from '../../../../src/worker/images/fetch-image.js';
import { createGuardedAgent } from '../../../../src/worker/net/guarded-agent.js';
import { createByteBudget } from '../../../../src/worker/tenant-shares/byte-budget.js';
import { samplePhoto } from '../../../support/photos/photos.js';
import { catchVerificationError } from '../../../support/programs/errors.js';
import { type RawServer, startRawServer } from '../../../support/servers/raw-server.js';

let host: RawServer;
let url: string;

beforeAll(async () => {
  host = await startRawServer();
  url = `http://127.0.0.1:${host.port}/a.jpg`;
});
afterAll(() => host.stop());
beforeEach(() => host.reset());
afterEach(() => host.idle());

const head = (status: string, ...headers: readonly string[]) =>
  `${[`HTTP/1.1 ${status}`, ...headers, 'Connection: keep-alive'].join('\r\n')}\r\n\r\n`;
const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;

function fetchWith(options: Partial<FetchImageOptions> = {}, from = url): Promise<Uint8Array> {
  const policy = createAddressPolicy({
    allowedPrivateHosts: ['127.0.0.1'],
    allowedImageHosts: [],
    allowedPorts: [],
  });
  const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000 });
  onTestFinished(() => agent.destroy());
  return fetchImage(from, {
    policy,
    agent,
    userAgent: 'a test',
    maxBytes: 100,
    timeoutMs: 5_000,
    ...options,
  });
}

describe('the size limit', () => {
  it('accepts exactly that many bytes', async () => {
    host.answer(head('200 OK', 'Content-Length: 100') + 'x'.repeat(100));

    expect(await fetchWith()).toHaveLength(100);
  });

  it('refuses by Content-Length before a byte of the body', async () => {
    host.answer((socket) => socket.write(head('200 OK', 'Content-Length: 101')));

    expect(await catchVerificationError(() => fetchWith())).toMatchObject({
      code: 'image_too_large',
      context: { maxBytes: 100 },
    });
  });

  it('refuses while reading when the length is not announced', async () => {
    host.answer((socket) => {
      socket.write(head('200 OK', 'Transfer-Encoding: chunked') + chunk(60) + chunk(60));
    });

    expect((await catchVerificationError(() => fetchWith())).code).toBe('image_too_large');
  });

  it('refuses an answer without length or end', async () => {
    host.answer((socket) => {
      socket.write(head('200 OK') + 'x'.repeat(101));
    });

    expect((await catchVerificationError(() => fetchWith())).code).toBe('image_too_large');
  });

  it('bounds the headers to 64 KB', async () => {
    host.answer((socket) => socket.write(head('200 OK', `X-Large: ${'x'.repeat(65_536)}`)));

    expect(await catchVerificationError(() => fetchWith())).toMatchObject({
      code: 'image_fetch_failed',
      reason: 'protocol',
      retryable: false,
    });
    expect(host.connections()).toBe(1);
  });
});

describe('the body', () => {
  it('arrives in its own memory', async () => {
    host.answer(`${head('200 OK', 'Transfer-Encoding: chunked') + chunk(3) + chunk(4)}0\r\n\r\n`);

    const bytes = await fetchWith();

    expect([bytes.byteLength, bytes.byteOffset, bytes.buffer.byteLength]).toEqual([7, 0, 7]);
  });

  it('can end with the connection', async () => {
    host.answer('HTTP/1.1 200 OK\r\n\r\nabc');

    expect(await fetchWith()).toHaveLength(3);
  });

  it.each([
    '',
    'Identity',
    'identity, identity',
    'aws-chunked',
    'aws-chunked,identity',
    'utf-8',
    'UTF-8',
    'binary',
    'none',
    ',',
  ])('may say the content encoding %j, which changes nothing', async (encoding) => {
    host.answer(`${head('200 OK', 'Content-Length: 1', `Content-Encoding: ${encoding}`)}x`);

    expect(await fetchWith()).toHaveLength(1);
  });

  it('can say twice that it has no encoding', async () => {
    const twice = ['Content-Encoding: identity', 'Content-Encoding: aws-chunked'];
    host.answer(`${head('200 OK', 'Content-Length: 1', ...twice)}x`);

    expect(await fetchWith()).toHaveLength(1);
  });

  it.each([
    ['gzip', 'the content encoding gzip'],
    ['aws-chunked, br', 'the content encoding br'],
    ['<script>', 'an unknown content encoding'],
  ])('is refused with the encoding %s as %s', async (encoding, name) => {
    host.answer(`${head('200 OK', 'Content-Length: 1', `Content-Encoding: ${encoding}`)}x`);

    const error = await catchVerificationError(() => fetchWith());

    expect(error.message).toBe(`The image host sent the image with ${name}.`);
  });

  const JPEG = samplePhoto(1);
  it.each<[string, Promise<Buffer>]>([
    ['JPEG', Promise.resolve(JPEG)],
    ['PNG', sharp(JPEG).resize(90).png().toBuffer()],
    ['WebP', sharp(JPEG).resize(90).webp().toBuffer()],
  ])('that ends with the connection in the middle of a %s is asked for again', async (_, made) => {
    const photo = await made;
    host.answer((socket, nth) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.end(nth === 1 ? photo.subarray(0, photo.length * 0.7) : photo);
    });

    const bytes = await fetchWith({ maxBytes: 1_000_000 });

    expect([Buffer.compare(bytes, photo), host.requests.length]).toEqual([0, 2]);
  });

  it.each([
    ['in the middle of a chunk', `${head('200 OK', 'Transfer-Encoding: chunked')}9\r\nxxx`],
    ['between two chunks', head('200 OK', 'Transfer-Encoding: chunked') + chunk(9)],
    ['before its announced length', `${head('200 OK', 'Content-Length: 9')}xxx`],
    [
      'before its announced length, as announced',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nxxx',
    ],
    ['within its head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['before its head', ''],
  ])('that is cut off %s is asked for again, and is worth a later try', async (_, answer) => {
    host.answer(answer);

    const error = await catchVerificationError(() => fetchWith());

    expect(error).toMatchObject({ code: 'image_fetch_failed', reason: 'interrupted', retryable: true });
    expect(host.requests).toHaveLength(2);
  });

  it('that ends twice in the middle of an image is worth a later try', async () => {
    host.answer(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), JPEG.subarray(0, 9_000)]));

    const error = await catchVerificationError(() => fetchWith({ maxBytes: 1_000_000 }));

    expect(error).toMatchObject({ code: 'image_fetch_failed', reason: 'interrupted', retryable: true });
  });

  it.each(['br', 'zstd', 'x-gzip', 'identity, gzip', 'aes128gcm', 'unheard-of'])(
    'may not come with the encoding %s',
    async (encoding) => {
      host.answer((socket) =>
        socket.write(head('200 OK', 'Content-Length: 9', `Content-Encoding: ${encoding}`)),
      );

      expect((await catchVerificationError(() => fetchWith())).code).toBe('image_unsupported');
    },
  );

  it.each([
    ['a chunked body cut off', head('200 OK', 'Transfer-Encoding: chunked') + chunk(9)],
    ['two different lengths', `${head('200 OK', 'Content-Length: 1', 'Content-Length: 2')}xx`],
    ['a length and chunks', `${head('200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked')}x`],
    ['a broken chunk size', `${head('200 OK', 'Transfer-Encoding: chunked')}zz\r\n`],
    ['a negative length', `${head('200 OK', 'Content-Length: -1')}x`],
  ])('fails with %s', async (_, answer) => {
    host.answer(answer);

    expect((await catchVerificationError(() => fetchWith())).code).toBe('image_fetch_failed');
  });

  it.each(['201 A', '202 A', '205 A', '206 A', '300 A', '304 A', '305 A', '399 A', '418 A'])(
    'is not taken from an answer with status %s',
    async (status) => {
      host.answer(`${head(status, 'Content-Length: 1', 'Location: /b')}x`);

      expect(await catchVerificationError(() => fetchWith())).toMatchObject({
        code: 'image_not_available',
        reason: `http_${status.slice(0, 3)}`,
        retryable: false,
        context: { host: '127.0.0.1', status: Number(status.slice(0, 3)) },
      });
    },
  );
});

describe('the request', () => {
  it.each([
    "/it's.jpg",
    '/{id}/a|b^c`d"e<f>.jpg',
    '/a/../b/./c.jpg',
    '/a//b.jpg',
    '/a.jpg?',
    '/?a=%2f%2F+%20&b[]={}',
    '/%7Euser/%zz',
  ])('asks for %s byte for byte', async (target) => {
    host.answer(`${head('200 OK', 'Content-Length: 1')}x`);

    await fetchWith({}, `http://127.0.0.1:${host.port}${target}`);

    expect(host.requests[0]?.split('\r\n')[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  it.each([
    ['', '/'],
    ['?a=b', '/?a=b'],
    ['#a', '/'],
    ['/a#b?c', '/a'],
    ['/été.jpg', '/%C3%A9t%C3%A9.jpg'],
  ])('for a URL that ends in %j asks for %s', async (end, target) => {
    host.answer(`${head('200 OK', 'Content-Length: 1')}x`);

    await fetchWith({}, `http://127.0.0.1:${host.port}${end}`);

    expect(host.requests[0]?.split(' ')[1]).toBe(target);
  });

  it('names this service', async () => {
    host.answer(`${head('200 OK', 'Content-Length: 1')}x`);

    await fetchWith({ userAgent: 'face-verification-service (ops@example.com)' });

    expect(host.requests[0]).toContain('\r\nuser-agent: face-verification-service (ops@example.com)\r\n');
  });

  it('names the host as it was judged, whatever its spelling', async () => {
    host.answer(`${head('200 OK', 'Content-Length: 1')}x`);

    await fetchWith({}, `HTTP://0x7f.1:${host.port}/A/../b`);

    expect(host.requests[0]).toMatch(new RegExp(`^GET /A/../b HTTP/1.1\r\nhost: 127.0.0.1:${host.port}\r\n`));
  });
});

describe('a redirect', () => {
  const to = (location: string) => head('302 Found', `Location: ${location}`, 'Content-Length: 0');

  it('is followed three times', async () => {
    host.answer((socket, nth) =>
      socket.end(nth < 4 ? to(`/${nth}`) : `${head('200 OK', 'Content-Length: 1')}x`),
    );

    expect(await fetchWith()).toHaveLength(1);
    expect(host.requests.map((request) => request.split(' ')[1])).toEqual(['/a.jpg', '/1', '/2', '/3']);
  });

  it('is not followed a fourth time', async () => {
    host.answer((socket, nth) => socket.end(to(`/${nth}`)));

    expect(await catchVerificationError(() => fetchWith())).toMatchObject({
      code: 'image_not_available',
      reason: 'redirects',
    });
    expect(host.requests).toHaveLength(4);
  });

  it.each(['301', '302', '303', '307', '308'])('with status %s is followed', async (status) => {
    host.answer((socket, nth) =>
      socket.end(
        nth === 1 ? head(`${status} A`, 'Location: b.jpg?c') : `${head('200 OK', 'Content-Length: 1')}x`,
      ),
    );

    expect(await fetchWith()).toHaveLength(1);
    expect(host.requests[1]).toMatch(/^GET \/b\.jpg\?c HTTP/);
  });

  it('is followed without reading its endless body', async () => {
    host.answer((socket, nth) => {
      if (nth === 1) socket.write(`${head('302 Found', 'Location: /b', 'Content-Length: 999999999')}x`);
      else socket.end(`${head('200 OK', 'Content-Length: 1')}x`);
    });

    expect(await fetchWith()).toHaveLength(1);
    expect(host.connections()).toBe(2);
  });

  it.each([
    'http://[::ffff:10.0.0.1]/',
    'http://0xa9fea9fe/',
    '//169.254.169.254/',
    '///169.254.169.254/',
    '/\\169.254.169.254/',
    '\\\\169.254.169.254\\',
    'http:\\\\169.254.169.254/',
    'http:\t//169.254.169.254/',
    'http://%31%36%39.254.169.254/',
    'http://app.localhost/',
    'http://metadata.google.internal/',
    'http://127.0.0.1@10.0.0.1/',
    'data:image/png;base64,aGVsbG8=',
    'javascript:alert(1)',
    'ftp://127.0.0.1/',
    `/${'a'.repeat(8_192)}`,
    '/a\tb',
    '/a\\b',
  ])('to %s is refused', async (location) => {
    host.answer(to(location));

    const error = await catchVerificationError(() => fetchWith());

    expect([error.code, error.context.reason, host.requests.length]).toEqual([
      'image_url_forbidden',
      'redirect',
      1,
    ]);
  });

  it.each(['http://', 'http://[', 'http://1.2.3.4.5/', '//:80'])('to %s leads nowhere', async (location) => {
    host.answer(to(location));

    expect((await catchVerificationError(() => fetchWith())).code).toBe('image_not_available');
  });

  it.each([
    ['/résumé.jpg', '/r%C3%A9sum%C3%A9.jpg'],
    ['/写真.jpg?név=ő', '/%E5%86%99%E7%9C%9F.jpg?n%C3%A9v=%C5%91'],
    ['/r%C3%A9sum%C3%A9.jpg', '/r%C3%A9sum%C3%A9.jpg'],
    ['/two words.jpg', '/two%20words.jpg'],
    ["/it's/{id}.jpg?", "/it's/{id}.jpg?"],
    ['/a/./b/../c.jpg', '/a/./b/../c.jpg'],
    ['?x=1', '/a.jpg?x=1'],
    ['b.jpg?c={d}#e', '/b.jpg?c={d}'],
    ['./b/../c.jpg', '/c.jpg'],
    ['../..', '/'],
    ['#top', '/a.jpg'],
    [`/${'a'.repeat(7_000)}`, `/${'a'.repeat(7_000)}`],
  ])('to %s asks for %s', async (location, target) => {
    host.answer((socket, nth) =>
      socket.end(nth === 1 ? to(location) : `${head('200 OK', 'Content-Length: 1')}x`),
    );

    expect(await fetchWith()).toHaveLength(1);
    expect(host.requests[1]?.split(' ')[1]).toBe(target);
  });

  it('may be written in bytes that are not UTF-8', async () => {
    host.answer((socket, nth) =>
      socket.end(
        nth === 1 ? Buffer.from(to('/r\xe9.jpg'), 'latin1') : `${head('200 OK', 'Content-Length: 1')}x`,
      ),
    );

    expect(await fetchWith()).toHaveLength(1);
    expect(host.requests[1]?.split(' ')[1]).toBe('/r%E9.jpg');
  });

  it.each([
    [`/${'a'.repeat(8_192)}`, 'The URL has more than 8192 characters.'],
    ['ftp://cdn.acme.com/', 'Only http and https URLs are accepted.'],
  ])('names what is wrong with its target', async (location, why) => {
    host.answer(to(location));

    const { message } = await catchVerificationError(() => fetchWith());

    expect(message).toBe(`The image URL redirects to a URL that is not allowed. ${why}`);
  });

  it('with two targets leads nowhere', async () => {
    host.answer(head('302 Found', 'Location: /b', 'Location: /c', 'Content-Length: 0'));

    expect((await catchVerificationError(() => fetchWith())).code).toBe('image_not_available');
  });

  it('obeys the list of image hosts', async () => {
    const policy = createAddressPolicy({
      allowedPrivateHosts: ['127.0.0.0/8'],
      allowedImageHosts: ['127.0.0.1'],
      allowedPorts: [],
    });
    host.answer(to(`http://127.0.0.2:${host.port}/`));

    expect((await catchVerificationError(() => fetchWith({ policy }))).code).toBe('image_url_forbidden');
  });
});

describe('a retry', () => {
  it('waits as long as the host asks', async () => {
    host.answer((socket, nth) =>
      socket.end(nth === 1 ? head('429 A', 'Retry-After: 1') : `${head('200 OK', 'Content-Length: 1')}x`),
    );
    const start = performance.now();

    await fetchWith();

    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it('is not made when the host asks for more time than is left', async () => {
    host.answer(head('503 A', 'Retry-After: 6', 'Content-Length: 0'));

    const error = await catchVerificationError(() => fetchWith());

    expect(error).toMatchObject({ code: 'image_fetch_failed', retryable: true, retryAfterSeconds: 6 });
    expect(host.requests).toHaveLength(1);
  });

  it('starts from the first URL', async () => {
    host.answer((socket, nth) =>
      socket.end(head(nth % 2 === 1 ? '302 A' : '500 A', 'Location: /b', 'Content-Length: 0')),
    );

    await catchVerificationError(() => fetchWith());

    expect(host.requests.map((request) => request.split(' ')[1])).toEqual(['/a.jpg', '/b', '/a.jpg', '/b']);
  });

  it('leaves a 429 retryable for the job, though the image is not available now', async () => {
    host.answer(head('429 A', 'Content-Length: 0'));

    expect(await catchVerificationError(() => fetchWith())).toMatchObject({
      code: 'image_not_available',
      reason: 'http_429',
      retryable: true,
    });
    expect(host.requests).toHaveLength(2);
  });
});

describe('the caller’s signal', () => {
  it.each<[string, string]>([
    ['the headers', ''],
    ['the body', head('200 OK', 'Content-Length: 9')],
  ])('ends the wait for %s at once and closes the socket', async (_, sent) => {
    const controller = new AbortController();
    const reason = new Error('the caller has gone');
    host.answer((socket) => {
      socket.write(sent);
      setImmediate(() => controller.abort(reason));
    });
    const start = performance.now();

    await expect(fetchWith({ signal: controller.signal })).rejects.toBe(reason);
    await host.idle();

    expect(performance.now() - start).toBeLessThan(3_000);
    expect(host.connections()).toBe(1);
  });

  it('ends the pause before a retry', async () => {
    const controller = new AbortController();
    host.answer((socket) => {
      socket.end(head('503 A', 'Retry-After: 4', 'Content-Length: 0'));
      socket.once('close', () => setTimeout(() => controller.abort(new Error('gone')), 20));
    });

    await expect(fetchWith({ signal: controller.signal })).rejects.toThrow('gone');
    expect(host.requests).toHaveLength(1);
  });

  it('keeps the fetch from starting when it has fired before', async () => {
    await expect(fetchWith({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(host.connections()).toBe(0);
  });
});

describe('the time limit', () => {
  it('applies while connecting', async () => {
    const policy = createAddressPolicy({
      allowedPrivateHosts: ['stuck'],
      allowedImageHosts: [],
      allowedPorts: [],
    });
    const agent = createGuardedAgent(policy, { connectTimeoutMs: 5_000, lookup: () => undefined });
    onTestFinished(() => agent.destroy());
    const start = performance.now();

    const error = await catchVerificationError(() =>
      fetchWith({ policy, agent, timeoutMs: 50 }, 'http://stuck/'),
    );

    expect([error.code, error.reason]).toEqual(['image_fetch_failed', 'timeout']);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('covers redirects together', async () => {
    host.answer((socket, nth) => {
      setTimeout(() => socket.end(head('302 A', `Location: /${nth}`, 'Content-Length: 0')), 40);
    });

    const error = await catchVerificationError(() => fetchWith({ timeoutMs: 100 }));

    expect(error.reason).toBe('timeout');
  });
});

describe('the least rate', () => {
  const leastRate = { bytes: 40, perMs: 400 };

  it('ends a transfer that falls below it, without a retry', async () => {
    host.answer((socket) => socket.write(`${head('200 OK', 'Content-Length: 100')}xx`));

    const error = await catchVerificationError(() => fetchWith({ leastRate }));

    expect([error.code, error.reason, host.requests.length]).toEqual(['image_fetch_failed', 'too_slow', 1]);
  });

  it('accepts a transfer at that rate', async () => {
    host.answer((socket) => {
      socket.write(head('200 OK', 'Content-Length: 100'));
      const send = setInterval(() => socket.write('x'.repeat(10)), 60);
      socket.on('close', () => clearInterval(send));
    });

    expect(await fetchWith({ leastRate })).toHaveLength(100);
  });
});

describe('memory for the image', () => {
  it('is reserved as announced, or for the largest image, and shrinks to the actual size', async () => {
    const budget = createByteBudget(1_000);
    const used: number[] = [];
    const claim = budget.claim('a');
    const memory = {
      ...claim,
      take: (bytes: number, signal: AbortSignal) => {
        used.push(bytes);
        return claim.take(bytes, signal);
      },
    };
    host.answer(head('200 OK', 'Content-Length: 7') + 'x'.repeat(7));
    await fetchWith({ memory });
    host.answer(`${head('200 OK', 'Transfer-Encoding: chunked') + chunk(9)}0\r\n\r\n`);
    await fetchWith({ memory });

    expect([used, budget.used]).toEqual([[7, 100], 9]);
  });
});
