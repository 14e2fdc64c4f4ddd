import type { LookupAddress } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHostResolver } from '../../../../../src/worker/net/dns/host-resolver.js';
import { type DnsServer, startDnsServer } from '../../../../support/servers/dns-server.js';

const PHOTO_HOST = { addresses: ['93.184.216.34'], ttlSeconds: 60 } as const;

let dns: DnsServer;
let folder: string;
let lookup: LookupFunction;

beforeEach(async () => {
  dns = await startDnsServer();
  folder = mkdtempSync(join(tmpdir(), 'resolver-'));
  configure();
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await dns.stop();
});

function configure({ hosts = '', resolver = '' }: { hosts?: string; resolver?: string } = {}): void {
  const [hostsFile, resolverFile] = [join(folder, 'hosts'), join(folder, 'resolv.conf')];
  writeFileSync(hostsFile, hosts);
  writeFileSync(resolverFile, resolver);
  lookup = createHostResolver({ servers: [dns.address], hostsFile, resolverFile });
}

/** The addresses, or the code of the error. */
function find(name: string): Promise<string> {
  return new Promise((resolve) =>
    lookup(name, { all: true }, (error, found) => {
      const addresses = (found as LookupAddress[]).map(({ address }) => address);
      resolve(error ? `${error.code} ${addresses.length}` : addresses.join(' '));
    }),
  );
}

const asked = (name: string) => dns.questions.filter((question) => question === `A ${name}`).length;

describe('createHostResolver', () => {
  it('returns the addresses of both families, IPv4 first', async () => {
    dns.answer('cdn.acme.com', { addresses: ['2606:4700::1111', '93.184.216.34'] });

    expect(await find('CDN.acme.com')).toBe('93.184.216.34 2606:4700::1111');
  });

  it('reads the hosts file before it asks a name server', async () => {
    configure({ hosts: '# ours\n10.1.2.3 Minio minio.lan # store\nfd00::3 minio\n' });

    expect([await find('minio'), await find('minio.lan'), dns.questions]).toEqual([
      '10.1.2.3 fd00::3',
      '10.1.2.3',
      [],
    ]);
  });

  it('knows localhost without any file or server', async () => {
    expect([await find('localhost'), await find('app.localhost'), dns.questions]).toEqual([
      '127.0.0.1 ::1',
      '127.0.0.1 ::1',
      [],
    ]);
  });

  it('reports that a name does not exist, and remembers it', async () => {
    const first = await find('nobody.acme.com');

    expect([first, await find('nobody.acme.com'), asked('nobody.acme.com')]).toEqual([
      'ENOTFOUND 0',
      'ENOTFOUND 0',
      1,
    ]);
  });

  it('asks again at once after a quick failure', async () => {
    dns.answer('cdn.acme.com', 'servfail');
    expect(await find('cdn.acme.com')).toBe('EAI_AGAIN 0');
    dns.answer('cdn.acme.com', PHOTO_HOST);

    expect(await find('cdn.acme.com')).toBe('93.184.216.34');
  });

  it('reuses an answer while it lives, and one with no time to live never', async () => {
    dns.answer('cdn.acme.com', PHOTO_HOST);
    dns.answer('moving.acme.com', { addresses: ['93.184.216.34'] }, { addresses: ['1.1.1.1'] });

    await Promise.all([find('cdn.acme.com'), find('cdn.acme.com')]);
    await find('cdn.acme.com');
    const moving = [await find('moving.acme.com'), await find('moving.acme.com')];

    expect([asked('cdn.acme.com'), moving]).toEqual([1, ['93.184.216.34', '1.1.1.1']]);
  });

  it('does not wait for a family that gets no answer', async () => {
    dns.answer('cdn.acme.com', { ...PHOTO_HOST, silentFor: 'AAAA' });

    const startedAt = performance.now();
    const found = await find('cdn.acme.com');

    expect(found).toBe('93.184.216.34');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe('names completed by resolv.conf', () => {
  const KUBERNETES = 'search shop.svc.cluster.local svc.cluster.local\noptions timeout:2 ndots:5\n';

  it('finds a service by its short name', async () => {
    configure({ resolver: KUBERNETES });
    dns.answer('minio.shop.svc.cluster.local', { addresses: ['10.9.8.7'] });

    expect(await find('minio')).toBe('10.9.8.7');
  });

  it('finds a service of another namespace', async () => {
    configure({ resolver: KUBERNETES });
    dns.answer('minio.storage.svc.cluster.local', { addresses: ['10.9.8.6'] });

    expect(await find('minio.storage')).toBe('10.9.8.6');
  });

  it('asks for a public name as it is, and for nothing else', async () => {
    configure({ resolver: KUBERNETES });
    dns.answer('cdn.acme.com', PHOTO_HOST);

    await find('cdn.acme.com');

    expect(dns.questions.every((question) => question.endsWith(' cdn.acme.com'))).toBe(true);
  });

  it('completes no name with as many dots as ndots', async () => {
    configure({ resolver: 'search acme.com\n' });
    dns.answer('cdn.shop.acme.com', PHOTO_HOST);

    expect(await find('cdn.shop')).toBe('ENOTFOUND 0');
  });
});

describe('name servers that do not answer', () => {
  it('fail their own name in seconds and delay no other', { timeout: 15_000 }, async () => {
    const silent = Array.from({ length: 64 }, (_, index) => `dead${index}.acme.com`);
    for (const name of silent) dns.answer(name, 'silence');
    dns.answer('cdn.acme.com', { addresses: ['93.184.216.34'] });

    const startedAt = performance.now();
    const failures = Promise.all(silent.map(find));
    await expect.poll(() => dns.questions.length).toBeGreaterThanOrEqual(128);
    const healthy = await Promise.all(Array.from({ length: 20 }, () => find('cdn.acme.com')));
    const healthyMs = performance.now() - startedAt;

    expect(new Set(healthy)).toEqual(new Set(['93.184.216.34']));
    expect(healthyMs).toBeLessThan(2_000);
    expect(new Set(await failures)).toEqual(new Set(['ETIMEOUT 0']));
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  it('are not asked again for some seconds', { timeout: 15_000 }, async () => {
    dns.answer('dead.acme.com', 'silence');
    await find('dead.acme.com');
    const questions = dns.questions.length;

    expect([await find('dead.acme.com'), dns.questions.length - questions]).toEqual(['ETIMEOUT 0', 0]);
  });
});
