import { execFile } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ErrorCode, VerificationError } from '../../src/shared/errors.js';
import { createAddressPolicy } from '../../src/shared/net/address-policy.js';
import { fetchImage } from '../../src/worker/images/fetch-image.js';
import { createGuardedAgent } from '../../src/worker/net/guarded-agent.js';
import { readJsonLines } from '../support/fuzz/jsonl.js';
import { type DnsServer, startDnsServer } from '../support/servers/dns-server.js';
import { readLoopbackCertificate } from '../support/servers/loopback-certificate.js';
import { type Behaviour, type RawServer, startRawServer } from '../support/servers/raw-server.js';

/** One line of the list as a test case: a host with this behaviour, and the outcome of the fetch. */
interface Case {
  readonly behaviour: Behaviour;
  readonly outcome: ErrorCode | 'ok';
  /** Requests the host sees; 2 when the failure is worth another try. */
  readonly requests: number;
  /** Asked for instead of the photo's own URL. */
  readonly url?: string;
  readonly timeoutMs?: number;
}

const PHOTO = '\xff\xd8\xff\xe0 stands for a photo';
const answer = (status: string, headers = '', body = '') => `HTTP/1.1 ${status}\r\n${headers}\r\n${body}`;
const ok = (headers = '', body = PHOTO) =>
  answer('200 OK', `Content-Length: ${body.length}\r\n${headers}`, body);
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const redirect = (location: string) => latin1(answer('302 Found', `Location: ${location}\r\n`));
const empty = (status: string, headers = '') => latin1(answer(status, `Content-Length: 0\r\n${headers}`));
/** Other bytes the second time. */
const then =
  (first: string | Uint8Array, second: string | Uint8Array): Behaviour =>
  (socket, nth) =>
    socket.end(nth === 1 ? first : second);
const forbidden = (location: string): Case => ({
  behaviour: redirect(location),
  outcome: 'image_url_forbidden',
  requests: 1,
});
const refused = (behaviour: Behaviour): Case => ({ behaviour, outcome: 'image_not_available', requests: 1 });
const failed = (behaviour: Behaviour, requests: number): Case => ({
  behaviour,
  outcome: 'image_fetch_failed',
  requests,
});
const slow = (behaviour: Behaviour): Case => ({ ...failed(behaviour, 1), timeoutMs: 250 });
const fetched = (behaviour: Behaviour, requests = 1): Case => ({ behaviour, outcome: 'ok', requests });
const unsupported = (behaviour: Behaviour): Case => ({
  behaviour,
  outcome: 'image_unsupported',
  requests: 1,
});
const byName = (host: string, outcome: ErrorCode): Case => ({
  behaviour: '',
  outcome,
  requests: 0,
  url: `http://${host}/a.jpg`,
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  R02: [forbidden('http://169.254.169.254/')],
  R04: [forbidden('file:///etc/passwd')],
  R05: [forbidden('https://user:pw@cdn.acme.com/')],
  R07: [forbidden('http://cdn.acme.com:6379/')],
  R08: [{ behaviour: redirect('/again'), outcome: 'image_not_available', requests: 4 }],
  R09: [refused(empty('301 Moved Permanently'))],
  R11: [{ behaviour: redirect('http://rebinding.acme.com/'), outcome: 'image_url_forbidden', requests: 1 }],
  R13: [byName('missing.acme.com', 'image_fetch_failed')],
  R15: [{ ...failed('', 0), url: 'http://refused.local:1/' }],
  R16: [{ ...byName('silent.acme.com', 'image_fetch_failed'), timeoutMs: 250 }],
  R18: [slow(() => undefined)],
  R19: [slow((socket) => socket.write(answer('200 OK', 'Content-Length: 9\r\n')))],
  R20: [slow((socket) => drip(socket, answer('200 OK', 'Content-Length: 999\r\n')))],
  R23: [fetched(latin1(ok() + 'x'.repeat(100_000)))],
  R24: [failed(latin1(answer('200 OK', 'Content-Length: 999\r\n', PHOTO)), 2)],
  R25: [unsupported(latin1(ok('Content-Encoding: gzip\r\n')))],
  R26: [unsupported(latin1(ok('Content-Encoding: gzip, gzip, gzip\r\n')))],
  R27: [fetched(latin1(ok('Content-Type: text/html\r\n')))],
  R28: [fetched(latin1(ok('Content-Type: application/octet-stream\r\n')))],
  R29: [fetched(latin1(ok('Content-Type: image/jpeg\r\n')))],
  R31: [unsupported(answer('204 No Content')), unsupported(empty('200 OK'))],
  R33: [refused(answer('304 Not Modified'))],
  R34: ['400 A', '401 B', '403 C', '404 D', '410 E'].map((status) => refused(empty(status))),
  R35: ['408 A', '425 B', '429 C'].map((status) => fetched(then(empty(status), latin1(ok())), 2)),
  R36: ['500 A', '502 B', '503 C', '504 D'].map((status) => failed(empty(status), 2)),
  R37: [fetched(then(empty('500 A'), latin1(ok())), 2)],
  R40: [failed('<html>no status line</html>', 1), failed(latin1('\0\x01\x02\xff\xfe junk\r\n\r\n'), 1)],
  R41: [failed(answer('101 Switching Protocols', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'), 2)],
};

/** Lines with a test of their own below. */
const OWN_TESTS = ['R06', 'R43', 'R44', 'R45', 'R46', 'R47'];

let host: RawServer;
let canary: RawServer;
let dns: DnsServer;

beforeAll(async () => {
  [host, canary, dns] = await Promise.all([startRawServer(), startRawServer(), startDnsServer()]);
  dns.answer('photos.acme.com', { addresses: ['127.0.0.1'] });
  dns.answer('refused.local', { addresses: ['127.0.0.1'] });
  dns.answer('silent.acme.com', 'silence');
  dns.answer('rebinding.acme.com', { addresses: ['127.0.0.1'] });
});
afterAll(() => Promise.all([host.stop(), canary.stop(), dns.stop()]));
beforeEach(() => host.reset());
afterEach(async () => {
  await host.idle();
  expect(canary.connections()).toBe(0);
});

/** Only the photo host's names may lead to loopback; everything else there is out of bounds, the canary included. */
function fetchFrom(url: string, timeoutMs = 5_000): Promise<Uint8Array> {
  const policy = createAddressPolicy({
    allowedPrivateHosts: ['photos.acme.com', 'refused.local'],
    allowedImageHosts: [],
    allowedPorts: [canary.port],
  });
  const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000, lookup: dns.lookup });
  return fetchImage(url, { policy, agent, userAgent: 'a test', maxBytes: 1_000, timeoutMs }).finally(() =>
    agent.destroy(),
  );
}

const photoUrl = () => `http://photos.acme.com:${host.port}/a.jpg?signature=secret`;

async function outcomeOf(url: string, timeoutMs?: number): Promise<string> {
  try {
    const bytes = await fetchFrom(url, timeoutMs);
    expect(Buffer.from(bytes).toString('latin1')).toBe(PHOTO);
    return 'ok';
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    expect(JSON.stringify([error.message, error.context])).not.toMatch(/secret|a\.jpg|127\.0\.0\.1/);
    expect(error.message).not.toMatch(/acme/);
    return error.code;
  }
}

/** One byte every 20 ms for as long as anybody listens. */
async function drip(socket: Socket, head: string): Promise<void> {
  socket.write(head);
  while (!socket.destroyed) {
    socket.write('x');
    await sleep(20);
  }
}

describe('the list of host behaviours', () => {
  const lines = readJsonLines<{ id: string; server: string }>('fetch-behaviours.jsonl');

  it('has a case for every line', () => {
    expect(Object.keys(CASES).concat(OWN_TESTS).sort()).toEqual(lines.map((line) => line.id).sort());
  });

  const rows = lines.flatMap(({ id, server }) =>
    (CASES[id] ?? []).map((one, index) => ({ id: `${id}.${index + 1}`, server, ...one })),
  );

  it.each(rows)('ends $id, $server, as $outcome after $requests requests', async (row) => {
    host.answer(row.behaviour);

    const outcome = await outcomeOf(row.url ?? photoUrl(), row.timeoutMs);

    expect([outcome, host.requests.length]).toEqual([row.outcome, row.requests]);
  });
});

describe('a fetch', () => {
  it('does not follow a redirect from https to http (R06)', async () => {
    const { key, cert } = readLoopbackCertificate();
    const secure = await startRawServer({ tls: { key, cert } });
    const policy = createAddressPolicy({
      allowedPrivateHosts: ['photos.acme.com'],
      allowedImageHosts: [],
      allowedPorts: [],
    });
    const agent = new Agent({ connect: { ca: cert, lookup: dns.lookup } });
    const options = { policy, agent, userAgent: 'a test', maxBytes: 1_000, timeoutMs: 5_000 };
    const url = `https://photos.acme.com:${secure.port}/`;
    secure.answer(then(redirect('/here'), redirect(photoUrl())));

    await expect(fetchImage(url, options)).rejects.toMatchObject({ code: 'image_url_forbidden' });

    expect([secure.requests.length, host.requests.length]).toEqual([2, 0]);
    await agent.destroy();
    await secure.stop();
  });

  it('fails for an untrusted certificate, without a retry', async () => {
    const secure = await startRawServer({ tls: readLoopbackCertificate() });

    const outcome = await outcomeOf(`https://photos.acme.com:${secure.port}/`);

    expect([outcome, secure.connections(), secure.requests.length]).toEqual(['image_fetch_failed', 1, 0]);
    await secure.stop();
  });

  it('trusts the certificate authority in NODE_EXTRA_CA_CERTS', async () => {
    const secure = await startRawServer({ tls: readLoopbackCertificate() });
    secure.answer(latin1(ok()));
    const built = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);
    const script = `
      const { createAddressPolicy } = await import(${built('shared/net/address-policy.js')});
      const { createGuardedAgent } = await import(${built('worker/net/guarded-agent.js')});
      const { fetchImage } = await import(${built('worker/images/fetch-image.js')});
      const policy = createAddressPolicy({
        allowedPrivateHosts: ['photos.acme.com'], allowedImageHosts: [], allowedPorts: [],
      });
      const lookup = (name, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      const agent = createGuardedAgent(policy, { connectTimeoutMs: 60_000, lookup });
      const options = { policy, agent, userAgent: 'a test', maxBytes: 1_000, timeoutMs: 60_000 };
      const bytes = await fetchImage('https://photos.acme.com:${secure.port}/', options);
      console.log(Buffer.from(bytes).toString('base64'));`;
    const certificate = fileURLToPath(new URL('../fixtures/loopback-cert.pem', import.meta.url));

    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env: { NODE_EXTRA_CA_CERTS: certificate } },
    );

    expect(Buffer.from(stdout, 'base64').toString('latin1')).toBe(PHOTO);
    await secure.stop();
  });

  it('sends the target of a redirect no cookie and nothing else of the first answer (R43)', async () => {
    const first = answer('302 Found', 'Location: /next\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n');
    host.answer(then(first, latin1(ok())));

    expect(await outcomeOf(photoUrl())).toBe('ok');

    expect(host.requests[1]).not.toMatch(/cookie|referer/i);
  });

  it('sends these headers and no others (R44)', async () => {
    host.answer(latin1(ok()));

    await outcomeOf(photoUrl());

    expect(host.requests[0]?.split('\r\n').filter(Boolean)).toEqual([
      'GET /a.jpg?signature=secret HTTP/1.1',
      `host: photos.acme.com:${host.port}`,
      'connection: close',
      'user-agent: a test',
      'accept: image/jpeg, image/png, image/webp, */*;q=0.5',
      'accept-encoding: identity',
    ]);
  });

  it('asks the host again for every image, whatever it answered before (R45, R46)', async () => {
    host.answer((socket, nth) =>
      socket.end(ok('Cache-Control: max-age=3600, immutable\r\n', `photo ${nth}`)),
    );

    const photos = await Promise.all([1, 2, 3].map(() => fetchFrom(photoUrl())));

    const texts = photos.map((bytes) => Buffer.from(bytes).toString());
    expect(texts.sort()).toEqual(['photo 1', 'photo 2', 'photo 3']);
  });

  it('goes through no proxy of the environment (R47)', async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'])
      vi.stubEnv(name, `http://127.0.0.1:${canary.port}`);
    vi.stubEnv('NO_PROXY', '');
    host.answer(latin1(ok()));

    const outcomes = [await outcomeOf(photoUrl()), await outcomeOf('http://10.0.0.1/a.jpg')];

    expect(outcomes).toEqual(['ok', 'image_url_forbidden']);
    vi.unstubAllEnvs();
  });
});
