import { networkInterfaces } from 'node:os';
import { type Dispatcher, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { createGuardedAgent } from '../../../../src/worker/net/guarded-agent.js';
import { readJsonLines } from '../../../support/fuzz/jsonl.js';
import { type DnsServer, startDnsServer } from '../../../support/servers/dns-server.js';
import { readLoopbackCertificate } from '../../../support/servers/loopback-certificate.js';
import { type RawServer, startRawServer } from '../../../support/servers/raw-server.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let canary: RawServer;
let dns: DnsServer;

beforeAll(async () => {
  canary = await startRawServer();
});
afterAll(() => canary.stop());

beforeEach(async () => {
  dns = await startDnsServer();
  canary.reset();
  canary.answer(OK);
});
afterEach(async () => {
  await canary.idle();
  await dns.stop();
});

function agentFor(allowedPrivateHosts: readonly string[]): Dispatcher {
  const policy = createAddressPolicy({
    allowedPrivateHosts,
    allowedImageHosts: [],
    allowedPorts: [canary.port],
  });
  const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000, lookup: dns.lookup });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** The body, or the code of the error. */
async function get(agent: Dispatcher, host: string, port = canary.port, scheme = 'http'): Promise<string> {
  try {
    const { body } = await request(`${scheme}://${host}:${port}/`, { dispatcher: agent });
    return await body.text();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
}

describe('a guarded agent that allows nothing private', () => {
  const lines = readJsonLines<{ id: string; url: string; refuse_at: string | null; dns?: readonly string[] }>(
    'bad-urls.jsonl',
  ).filter((line) => line.refuse_at === 'dns');

  it.each(lines)('refuses $id: $url resolves to $dns', async ({ url, dns: addresses = [] }) => {
    const { hostname } = new URL(url);
    dns.answer(hostname, { addresses });

    const code = await get(agentFor([]), hostname);

    const refusal = addresses.length > 0 ? 'image_url_forbidden' : 'ENOTFOUND';
    expect([code, canary.connections()]).toEqual([refusal, 0]);
  });

  it.each([
    ['127.0.0.1'],
    ['2130706433'],
    ['0x7f.1'],
    ['0177.0.0.1'],
    ['0'],
    ['[::1]'],
    ['[::]'],
    ['[::ffff:127.0.0.1]'],
    ['[::127.0.0.1]'],
    ['[64:ff9b::7f00:1]'],
  ])('refuses the literal %s, which no resolver is asked about', async (host) => {
    const code = await get(agentFor([]), host);

    expect([code, canary.connections(), dns.questions.length]).toEqual(['image_url_forbidden', 0, 0]);
  });

  it.each<[string, readonly string[]]>([
    ['a private address first', ['127.0.0.1', '93.184.216.34']],
    ['a private address last', ['93.184.216.34', '1.1.1.1', '127.0.0.1']],
    ['a private IPv6 address beside a public IPv4 address', ['93.184.216.34', '::1']],
    ['a private address behind NAT64', ['64:ff9b::a9fe:a9fe']],
    ['an IPv4-mapped address', ['::ffff:127.0.0.1']],
    ['a unique local address', ['2606:4700::1111', 'fd00::1']],
  ])('refuses the whole answer with %s', async (_, addresses) => {
    dns.answer('cdn.acme.com', { addresses });

    const code = await get(agentFor([]), 'cdn.acme.com');

    expect([code, canary.connections()]).toEqual(['image_url_forbidden', 0]);
  });

  it('refuses an alias of an internal name', async () => {
    dns.answer('cdn.acme.com', { cname: 'redis.corp', addresses: ['127.0.0.1'] });

    expect([await get(agentFor([]), 'cdn.acme.com'), canary.connections()]).toEqual([
      'image_url_forbidden',
      0,
    ]);
  });

  it.skipIf(!hasIpv6Loopback())('never reaches a server on ::1', async () => {
    const canary6 = await startRawServer({ host: '::1' });
    onTestFinished(() => canary6.stop());
    dns.answer('cdn.acme.com', { addresses: ['::1'] });
    const agent = agentFor(['127.0.0.0/8']);

    const codes = [await get(agent, '[::1]', canary6.port), await get(agent, 'cdn.acme.com', canary6.port)];

    expect([...codes, canary6.connections()]).toEqual(['image_url_forbidden', 'image_url_forbidden', 0]);
  });

  it('refuses a name of the hosts file with the resolver of the system', async () => {
    const policy = createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [] });
    const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000 });
    onTestFinished(() => agent.destroy());

    expect([await get(agent, 'localhost'), canary.connections()]).toEqual(['image_url_forbidden', 0]);
  });
});

describe('a guarded agent that allows something private', () => {
  it('connects to a name that is allowed, whatever its address', async () => {
    dns.answer('minio', { addresses: ['127.0.0.1'] });

    expect(await get(agentFor(['minio']), 'minio')).toBe('ok');
  });

  it('connects to a name whose address lies in an allowed range', async () => {
    dns.answer('cdn.acme.com', { addresses: ['127.0.0.1'] });

    expect(await get(agentFor(['127.0.0.1/32']), 'cdn.acme.com')).toBe('ok');
  });

  it('keeps private addresses behind NAT64 closed even if its prefix is allowed', async () => {
    dns.answer('cdn.acme.com', { addresses: ['64:ff9b::a9fe:a9fe'] });

    expect(await get(agentFor(['64:ff9b::/96']), 'cdn.acme.com')).toBe('image_url_forbidden');
  });

  it('resolves once a request and connects to the address it checked', async () => {
    dns.answer('cdn.acme.com', { addresses: ['127.0.0.1'] }, { addresses: ['10.0.0.1'] });

    expect(await get(agentFor(['127.0.0.1/32']), 'cdn.acme.com')).toBe('ok');
    expect(dns.questions).toEqual(['A cdn.acme.com', 'AAAA cdn.acme.com']);
  });

  it('judges the second answer of a rebinding name again', async () => {
    dns.answer('cdn.acme.com', { addresses: ['127.0.0.1'] }, { addresses: ['127.0.0.2'] });
    const agent = agentFor(['127.0.0.1/32']);

    const codes = [await get(agent, 'cdn.acme.com'), await get(agent, 'cdn.acme.com')];

    expect([...codes, canary.connections()]).toEqual(['ok', 'image_url_forbidden', 1]);
  });

  it('sends nothing if the peer differs from the requested address', async () => {
    // Connecting to 0.0.0.0 reaches 127.0.0.1, so only the peer's own address shows where the socket leads.
    const code = await get(agentFor(['0.0.0.0/32']), '0.0.0.0');

    expect([code, canary.requests.length]).toEqual(['image_url_forbidden', 0]);
  });

  it('ignores the proxy variables of the environment', async () => {
    const proxy = await startRawServer();
    onTestFinished(() => proxy.stop());
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])
      vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`);
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const agent = agentFor(['minio']);
    dns.answer('minio', { addresses: ['127.0.0.1'] });

    expect([await get(agent, 'minio'), await get(agent, '10.0.0.1')]).toEqual(['ok', 'image_url_forbidden']);
    expect(proxy.connections()).toBe(0);
  });

  it('checks certificates even where the environment says not to', async () => {
    const secure = await startRawServer({ tls: readLoopbackCertificate() });
    onTestFinished(() => secure.stop());
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    dns.answer('photos.acme.com', { addresses: ['127.0.0.1'] });

    const code = await get(agentFor(['photos.acme.com']), 'photos.acme.com', secure.port, 'https');

    expect([code, secure.requests.length]).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT', 0]);
  });

  it('gives up connecting when the name server stays silent', async () => {
    dns.answer('minio', 'silence');

    expect(await get(agentFor(['minio']), 'minio')).toBe('UND_ERR_CONNECT_TIMEOUT');
  });
});

describe('connections', () => {
  it('serve one request each and end with it', async () => {
    const agent = agentFor(['127.0.0.1']);
    canary.answer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok'),
    );

    const bodies = [await get(agent, '127.0.0.1'), await get(agent, '127.0.0.1')];
    await canary.idle();

    expect([...bodies, canary.connections()]).toEqual(['ok', 'ok', 2]);
  });

  it('end with the agent', async () => {
    const agent = agentFor(['127.0.0.1']);
    canary.answer(() => void agent.destroy());

    const code = await get(agent, '127.0.0.1');
    await canary.idle();

    expect(code).toBe('UND_ERR_DESTROYED');
  });
});
