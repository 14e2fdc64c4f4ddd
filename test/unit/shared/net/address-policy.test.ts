import { describe, expect, it } from 'vitest';
import { loadApiConfig, loadWorkerConfig } from '../../../../src/shared/config/config.js';
import { VerificationError } from '../../../../src/shared/errors.js';
import {
  type AddressPolicySettings,
  checkUrl,
  createAddressPolicy,
  isAddressAllowed,
} from '../../../../src/shared/net/address-policy.js';
import { readJsonLines } from '../../../support/fuzz/jsonl.js';
import { catchVerificationError } from '../../../support/programs/errors.js';

interface BadUrl {
  readonly id: string;
  readonly url: string;
  readonly group: string;
  readonly refuse_at: 'url' | 'dns' | null;
}

const policyWith = (settings: Partial<AddressPolicySettings> = {}) =>
  createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [], ...settings });

const strict = policyWith();

/** The code a URL is refused with, or 'accepted'. */
function judge(url: string, policy = strict, purpose: 'image' | 'callback' = 'image'): string {
  try {
    checkUrl(url, policy, purpose);
    return 'accepted';
  } catch (error) {
    if (error instanceof VerificationError) return error.code;
    throw error;
  }
}

/** Anything but an absolute http or https URL is a malformed field; all other refused URLs are forbidden. */
const MALFORMED = new Set(['S13', 'S15', 'S17', 'S18', 'S19', 'S20', 'S21']);

describe('the list of bad URLs', () => {
  const lines = readJsonLines<BadUrl>('bad-urls.jsonl');

  it.each(lines.filter((line) => line.refuse_at === 'url'))(
    'refuses $id ($group) by its text',
    ({ id, url }) => {
      const code = judge(url);

      expect(code).toBe(MALFORMED.has(id) ? 'invalid_request' : 'image_url_forbidden');
    },
  );

  it.each(lines.filter((line) => line.refuse_at === 'url'))('refuses $id as a callback too', ({ url }) => {
    expect(judge(url, strict, 'callback')).not.toBe('accepted');
  });

  it.each(lines.filter((line) => line.refuse_at !== 'url'))(
    'lets $id pass until its name is resolved',
    ({ url }) => {
      expect(judge(url)).toBe('accepted');
    },
  );
});

/** Tricks beyond the list, each with the class it belongs to. */
const TRICKS: readonly (readonly [string, string])[] = [
  ['zero octets', 'http://0/'],
  ['mixed radix', 'http://0x7f.0.0.01/'],
  ['octal with many zeros', 'http://00000177.1/'],
  ['upper-case hex', 'http://0X7F000001/'],
  ['expanded mapped address', 'http://[0000:0000:0000:0000:0000:FFFF:7F00:0001]/'],
  ['mapped metadata address', 'http://[::ffff:169.254.169.254]/'],
  ['mapped Azure agent', 'http://[::ffff:168.63.129.16]/'],
  ['6to4 of loopback', 'http://[2002:7f00:1::]/'],
  ['Teredo', 'http://[2001::1]/'],
  ['old Teredo prefix', 'http://[3ffe:831f::1]/'],
  ['ISATAP, universal bit', 'http://[2606:4700::200:5efe:7f00:1]/'],
  ['local NAT64', 'http://[64:ff9b:1:fffe::7f00:1]/'],
  ['site-local', 'http://[fec0::1]/'],
  ['multicast', 'http://[ff02::1]/'],
  ['segment routing', 'http://[5f00::1]/'],
  ['unassigned space', 'http://[4000::1]/'],
  ['port in disguise', 'http://cdn.acme.com:0022/'],
  ['name of ours in capitals', 'http://LOCALHOST/'],
  ['below localhost', 'http://a.localhost/'],
  ['service discovery', 'http://redis.service.consul/'],
  ['pod of a cluster', 'http://redis.default.svc.cluster.local/'],
  ['reverse lookup zone', 'http://1.0.0.127.in-addr.arpa/'],
  ['onion service', 'http://abcdefghijklmnop.onion/'],
  ['trailing dot with a port', 'http://cdn.acme.com.:80/'],
  ['trailing dot after a literal', 'http://2130706433./'],
  ['credentials after a question mark', 'http://cdn.acme.com?@127.0.0.1/'],
  ['credentials after a hash', 'http://cdn.acme.com#@127.0.0.1/'],
  ['empty user and password', 'http://:@cdn.acme.com/'],
  ['encoded at-sign', 'http://cdn.acme.com%40127.0.0.1/'],
  ['encoded dot', 'http://127%2e0%2e0%2e1/'],
  ['soft hyphen', 'http://local\u00adhost/'],
  ['zero-width joiner', 'http://127.0.0.1\u200d/'],
  ['long s', 'http://localho\u017ft/'],
  ['leading blank', ' http://cdn.acme.com/'],
  ['trailing line break', 'http://cdn.acme.com/\n'],
  ['null byte', 'http://cdn.acme.com/\0'],
  ['blank in the path', 'http://cdn.acme.com/a b.jpg'],
  ['web socket', 'ws://cdn.acme.com/'],
  ['script', 'javascript:alert(1)'],
  ['label that ends in a hyphen', 'http://a-.acme.com/'],
  ['top-level domain of one letter', 'http://acme.c/'],
  ['name of 254 characters', `http://${'a.'.repeat(125)}acme/`],
];

describe('checkUrl', () => {
  it.each(TRICKS)('refuses: %s', (_, url) => {
    expect(judge(url)).toBe('image_url_forbidden');
  });

  it.each([
    'http:///evil',
    'http:/127.0.0.1/',
    'http:\t',
    'cdn.acme.com/a.jpg',
    'http://1.2.3.4.5/',
    'http://[::1',
    'http://256.1.1.1/',
  ])('refuses what is no URL: %j', (url) => {
    expect(judge(url)).not.toBe('accepted');
  });

  it.each([
    'HTTPS://CDN.Acme.COM/A.jpg',
    'http://8.8.8.8/a.jpg',
    'http://134744072/a.jpg',
    'https://[2606:4700::1111]/a.jpg',
    'https://xn--bcher-kva.acme.com/a.jpg',
    'https://my_bucket.s3.amazonaws.com/a%20b.jpg?X-Amz-Signature=a%2Fb&c=d@e',
    'http://cdn.acme.com:443/a.jpg',
    'https://cdn.acme.com:/a.jpg',
    'https://cdn.acme.com?id=1',
  ])('accepts %s', (url) => {
    expect(judge(url)).toBe('accepted');
  });

  it('returns the URL that was judged, host in lower case', () => {
    expect(checkUrl('HTTP://CDN.Acme.com:80/A', strict, 'image').href).toBe('http://cdn.acme.com/A');
  });

  it('names the broken rule and never the host in the text for the client', () => {
    try {
      checkUrl('http://secret-host.corp/', strict, 'image');
      expect.unreachable();
    } catch (error) {
      expect((error as VerificationError).message).not.toContain('secret-host');
      expect((error as VerificationError).cause).toBeUndefined();
    }
  });

  it('accepts 8,192 characters, refuses one more and says so', () => {
    const url = `https://cdn.acme.com/${'a'.repeat(8_192 - 21)}`;

    expect(judge(url)).toBe('accepted');
    expect(() => checkUrl(`${url}a`, strict, 'image')).toThrow('The URL has more than 8192 characters.');
  });

  it.each([
    ['https://bücher.example.net/a.jpg', 'xn--bcher-kva.example.net'],
    ['https://BÜCHER.example.net/a.jpg', 'xn--bcher-kva.example.net'],
    ['https://例え.jp/a.jpg', 'xn--r8jz45g.jp'],
    ['https://пример.рф:443/a.jpg', 'xn--e1afmkfd.xn--p1ai'],
    ['https://cdn.acme.com/été/写真.jpg?név=ő', 'cdn.acme.com'],
  ])('accepts %s as typed, on the host %s', (url, hostname) => {
    expect(checkUrl(url, strict, 'image').hostname).toBe(hostname);
  });

  it.each([
    ['wide digits', 'http://１２７.0.0.1/'],
    ['wide letters', 'http://ｃｄｎ.acme.com/'],
    ['circled letters', 'http://ⓒdn.acme.com/'],
    ['a wide full stop', 'http://cdn．acme.com/'],
    ['an ideographic full stop', 'http://127。0。0。1/'],
    ['a wide slash', 'http://cdn.acme.com／@10.0.0.1/'],
    ['a wide at-sign', 'http://cdn.acme.com＠10.0.0.1/'],
    ['a ligature', 'http://oﬃce.acme.com/'],
    ['half a surrogate pair', 'http://cdn.acme.com/\ud800'],
    ['a right-to-left override', 'http://cdn.acme.com/\u202egpj.exe'],
    ['a no-break space', 'http://cdn.acme.com/\u00a0'],
    ['a private name in other letters', 'http://müller.internal/'],
    ['a decomposed umlaut', 'http://mu\u0308ller.acme.com/'],
  ])('refuses a URL with %s', (_, url) => {
    expect(judge(url)).toBe('image_url_forbidden');
  });
});

describe('ALLOWED_PRIVATE_HOSTS', () => {
  const policy = policyWith({
    allowedPrivateHosts: ['minio', '*.storage.local', '10.0.0.0/8', 'fd00::/8', '[::1]'],
  });

  it.each([
    'http://minio:9000/bucket/a.jpg',
    'http://MINIO/a.jpg',
    'http://a.storage.local:9000/a.jpg',
    'http://10.1.2.3:8080/a.jpg',
    'http://0xa010203/a.jpg',
    'http://[::ffff:10.0.0.1]/a.jpg',
    'http://[fd12::1]:81/a.jpg',
    'http://[::1]/a.jpg',
  ])('opens %s', (url) => {
    expect(judge(url, policy)).toBe('accepted');
  });

  it.each([
    'http://minio2/a.jpg',
    'http://minio.evil.com:9000/a.jpg',
    'http://storage.local/a.jpg',
    'http://xstorage.local/a.jpg',
    'http://11.0.0.1:8080/a.jpg',
    'http://127.0.0.1/a.jpg',
    'http://[::2]/a.jpg',
    'http://user@minio/a.jpg',
    'ftp://minio/a.jpg',
    'http://minio./a.jpg',
  ])('leaves %s closed', (url) => {
    expect(judge(url, policy)).toBe('image_url_forbidden');
  });

  it('opens localhost only together with 127.0.0.1', () => {
    const judgeWith = (...allowedPrivateHosts: string[]) =>
      judge('http://localhost:8000/a.jpg', policyWith({ allowedPrivateHosts }));

    expect([judgeWith('127.0.0.1'), judgeWith('127.0.0.0/8'), judgeWith('localhost')]).toEqual(
      Array(3).fill('accepted'),
    );
    expect([judgeWith('127.0.0.2'), judgeWith('::1'), judgeWith('10.0.0.0/8')]).toEqual(
      Array(3).fill('image_url_forbidden'),
    );
  });

  it.each([
    ['http://127.0.0.1/a.jpg', {}, 'ALLOWED_PRIVATE_HOSTS'],
    ['http://cdn.acme.com:8080/a.jpg', {}, 'ALLOWED_PORTS'],
    ['http://cdn.acme.com/a.jpg', { allowedImageHosts: ['img.acme.com'] }, 'ALLOWED_IMAGE_HOSTS'],
  ])('refuses %s with the name of the variable that would open it', async (url, settings, name) => {
    const refusal = await catchVerificationError(() => checkUrl(url, policyWith(settings), 'image'));

    expect([refusal.message.includes(name), refusal.context.setting]).toEqual([true, name]);
  });
});

describe('NAT64_PREFIXES', () => {
  const METADATA = '169.254.169.254';
  /** Example addresses of RFC 6052, section 2.4, with 8.8.8.8 and 169.254.169.254 instead of 192.0.2.33. */
  const EMBEDDED = [
    ['64:ff9b::/96', '64:ff9b::808:808', '64:ff9b::a9fe:a9fe'],
    ['2001:db8::/32', '2001:db8:808:808::', '2001:db8:a9fe:a9fe::'],
    ['2001:db8:100::/40', '2001:db8:108:808:8::', '2001:db8:1a9:fea9:fe::'],
    ['2001:db8:122::/48', '2001:db8:122:808:8:800::', '2001:db8:122:a9fe:a9:fe00::'],
    ['2001:db8:122:300::/56', '2001:db8:122:308:8:808::', '2001:db8:122:3a9:fe:a9fe::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:8:808:800::', '2001:db8:122:344:a9:fea9:fe00::'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::808:808', '2001:db8:122:344::a9fe:a9fe'],
    ['2606:4700:64::/96', '2606:4700:64::808:808', '2606:4700:64::a9fe:a9fe'],
  ] as const;

  it.each(EMBEDDED)('judges the IPv4 address behind %s', (prefix, open, closed) => {
    const policy = policyWith({ nat64Prefixes: [prefix] });
    const judged = [open, closed].map((address) => isAddressAllowed(address, 'cdn.acme.com', policy));

    expect(judged).toEqual([true, false]);
  });

  it.each(EMBEDDED)('keeps %s closed to metadata even where the prefix is allowed', (prefix, _, closed) => {
    const policy = policyWith({ nat64Prefixes: [prefix], allowedPrivateHosts: [prefix, '10.0.0.0/8'] });

    expect(isAddressAllowed(closed, 'cdn.acme.com', policy)).toBe(false);
    expect(judge(`http://[${closed}]/`, policy)).toBe('image_url_forbidden');
  });

  it('opens an IPv4 range behind a prefix as without it', () => {
    const policy = policyWith({ allowedPrivateHosts: [`${METADATA}/32`, '10.1.0.0/16'] });
    const addresses = ['64:ff9b::a01:203', '64:ff9b::a9fe:a9fe', '64:ff9b::a02:203'];

    const allowed = addresses.map((address) => isAddressAllowed(address, 'cdn.acme.com', policy));

    expect(allowed).toEqual([true, true, false]);
  });

  it.each(['64:ff9b::808:808', '2606:4700:64::808:808'])('refuses %s as the host of a URL', (address) => {
    const policy = policyWith({ nat64Prefixes: ['2606:4700:64::/96'] });

    expect(judge(`http://[${address}]/`, policy)).toBe('image_url_forbidden');
  });

  it.each(['10.0.0.0/8', '2001:db8::/33', '2001:db8::1', '::ffff:0:0/96', 'nat64'])(
    'rejects %s as a prefix',
    (prefix) => {
      expect(() => loadApiConfig({ NAT64_PREFIXES: prefix })).toThrow(
        /NAT64_PREFIXES.*must be an IPv6 prefix/,
      );
      expect(() => loadWorkerConfig({ NAT64_PREFIXES: prefix })).toThrow(/must be an IPv6 prefix/);
    },
  );
});

describe('ALLOWED_PORTS', () => {
  it('opens its ports on public hosts and keeps 80 and 443 open', () => {
    const policy = policyWith({ allowedPorts: [8443] });
    const codes = [8443, 80, 443, 8444].map((port) => judge(`https://cdn.acme.com:${port}/`, policy));

    expect(codes).toEqual(['accepted', 'accepted', 'accepted', 'image_url_forbidden']);
  });

  it('opens no port of a private address', () => {
    expect(judge('http://127.0.0.1:8443/', policyWith({ allowedPorts: [8443] }))).toBe('image_url_forbidden');
  });
});

describe('ALLOWED_IMAGE_HOSTS', () => {
  const policy = policyWith({
    allowedImageHosts: ['cdn.acme.com', '*.img.acme.com', '8.8.8.8', '2606:4700::1111'],
  });

  it.each([
    'https://cdn.acme.com/',
    'https://a.b.img.acme.com/',
    'https://8.8.8.8/',
    'https://[2606:4700:0::1111]/',
  ])('lets images come from %s', (url) => {
    expect(judge(url, policy)).toBe('accepted');
  });

  it.each([
    'https://acme.com/',
    'https://img.acme.com/',
    'https://evilcdn.acme.com/',
    'https://cdn.acme.com.evil.com/',
    'https://9.9.9.9/',
  ])('lets no image come from %s', (url) => {
    expect(judge(url, policy)).toBe('image_url_forbidden');
  });

  it('restricts no callback', () => {
    expect(judge('https://backend.acme.com/hook', policy, 'callback')).toBe('accepted');
  });

  it('opens no private host', () => {
    expect(judge('http://minio/', policyWith({ allowedImageHosts: ['minio'] }))).toBe('image_url_forbidden');
  });
});

describe('createAddressPolicy', () => {
  it.each([
    'minio:9000',
    'http://minio',
    '10.0.0.0/33',
    '10.0.0/8',
    '::ffff:10.0.0.0/104',
    'fd00::/129',
    '1.2.3',
    '0x7f000001',
    '127.0.0.1.',
    '*',
    '*.*.local',
    'bücher.local',
    'fe80::1%eth0',
    'a b',
  ])('refuses the entry %j and says which it is', (entry) => {
    expect(() => policyWith({ allowedPrivateHosts: [entry] })).toThrow(entry);
  });

  it('takes no range as an image host', () => {
    expect(() => policyWith({ allowedImageHosts: ['10.0.0.0/8'] })).toThrow('10.0.0.0/8');
  });

  it('stops both programs at a wrong entry', () => {
    const env = { ALLOWED_PRIVATE_HOSTS: 'minio,minio:9000', ALLOWED_IMAGE_HOSTS: '10.0.0.0/8' };

    for (const load of [loadApiConfig, loadWorkerConfig]) {
      expect(() => load(env)).toThrow(/ALLOWED_PRIVATE_HOSTS: "minio:9000".*\n.*ALLOWED_IMAGE_HOSTS: "10/);
    }
  });
});
