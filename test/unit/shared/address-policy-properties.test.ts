import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkUrl, createAddressPolicy, isAddressAllowed } from '../../../src/shared/net/address-policy.js';

const policy = createAddressPolicy({ allowedPrivateHosts: [], allowedImageHosts: [], allowedPorts: [] });

type Octets = readonly [number, number, number, number];

const byte = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffff });

/** An IPv4 address that is not public, written down here independently of the table under test. */
const privateIpv4: fc.Arbitrary<Octets> = fc.oneof(
  fc.tuple(fc.constantFrom(0, 10, 127), byte, byte, byte),
  fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  fc.tuple(fc.constant(198), fc.constantFrom(18, 19), byte, byte),
  fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
  fc.constant([168, 63, 129, 16] as const),
);

/** Blocks without any special one inside. */
const publicIpv4: fc.Arbitrary<Octets> = fc.tuple(
  fc.constantFrom(1, 8, 93, 104, 151, 185, 212),
  byte,
  byte,
  byte,
);

const number = ([a, b, c, d]: Octets) => a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;

/** One number in decimal, hexadecimal (either case) or octal with any count of leading zeros. */
const radix = fc.constantFrom<(value: number) => string>(
  (value) => String(value),
  (value) => `0x${value.toString(16)}`,
  (value) => `0X0${value.toString(16).toUpperCase()}`,
  (value) => `0${value.toString(8)}`,
  (value) => `000${value.toString(8)}`,
);

/** Every form inet_aton knows: four, three, two parts or one, each part in its own radix. */
const ipv4Spelling = (octets: Octets) =>
  fc.tuple(radix, radix, radix, radix, fc.integer({ min: 1, max: 4 })).map(([r0, r1, r2, r3, parts]) => {
    const [a, b, c, d] = octets;
    if (parts === 4) return [r0(a), r1(b), r2(c), r3(d)].join('.');
    if (parts === 3) return [r0(a), r1(b), r2(c * 256 + d)].join('.');
    if (parts === 2) return [r0(a), r1(b * 65_536 + c * 256 + d)].join('.');
    return r0(number(octets));
  });

const hextets = ([a, b, c, d]: Octets) => `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;

/** IPv4-mapped spellings; with a public address inside they are public. */
const mappedSpelling = (octets: Octets) =>
  fc.constantFrom(
    `[::ffff:${octets.join('.')}]`,
    `[::FFFF:${hextets(octets)}]`,
    `[0:0:0:0:0:ffff:${hextets(octets)}]`,
    `[0000:0000:0000:0000:0000:ffff:${octets.join('.')}]`,
  );

/** IPv6 forms that carry an IPv4 address through a tunnel or a translator; never public, whatever they carry. */
const tunnelSpelling = (octets: Octets) =>
  fc.constantFrom(
    `[::${octets.join('.')}]`,
    `[::ffff:0:${octets.join('.')}]`,
    `[64:ff9b::${octets.join('.')}]`,
    `[64:ff9b:1::${hextets(octets)}]`,
    `[2002:${hextets(octets)}::1]`,
    `[2001:0:${hextets(octets)}::1]`,
    `[2606:4700::5efe:${octets.join('.')}]`,
    `[2a00:1450::200:5efe:${hextets(octets)}]`,
    `[fe80::5efe:${octets.join('.')}]`,
  );

const words = (first: fc.Arbitrary<number>) =>
  fc
    .tuple(first, word, word, word, word, word, word, word)
    .map((all) => all.map((part) => part.toString(16)).join(':'));

const anySpelling = (octets: Octets) => fc.oneof(ipv4Spelling(octets), mappedSpelling(octets));
const port = fc.constantFrom('', ':80', ':443');
const rest = fc.constantFrom('', '/', '/a.jpg', '/a.jpg?b=c', '?x=1', '#y');

const isAccepted = (url: string) => {
  try {
    checkUrl(url, policy, 'image');
    return true;
  } catch {
    return false;
  }
};

const urlOf = (host: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('http', 'https', 'HTTP'), host, port, rest)
    .map(([scheme, name, at, path]) => `${scheme}://${name}${at}${path}`);

const always = (urls: fc.Arbitrary<string>, accepted: boolean) =>
  fc.assert(
    fc.property(urls, (url) => isAccepted(url) === accepted),
    { numRuns: 1_000 },
  );

describe('any spelling of any address', () => {
  it('is refused when the address is not public', () => {
    always(urlOf(privateIpv4.chain(anySpelling)), false);
  });

  it('is accepted if the address is public', () => {
    always(urlOf(publicIpv4.chain(anySpelling)), true);
  });

  it('is refused when a tunnel or translator carries it', () => {
    always(urlOf(fc.oneof(privateIpv4, publicIpv4).chain(tunnelSpelling)), false);
  });

  it('is refused outside 2000::/3', () => {
    const first = word.filter((value) => value >> 13 !== 1 && value !== 0);

    always(urlOf(words(first).map((text) => `[${text}]`)), false);
  });

  it('is accepted in the allocated blocks of 2000::/3', () => {
    const first = fc.integer({ min: 0x2400, max: 0x2a0f }).filter((value) => value !== 0x2620);
    const isIsatap = (text: string) => /:(0|200):5efe:[^:]+:[^:]+$/.test(text);

    always(
      urlOf(
        words(first)
          .filter((text) => !isIsatap(text))
          .map((text) => `[${text}]`),
      ),
      true,
    );
  });

  it('is refused after whatever user information precedes it', () => {
    const user = fc.stringMatching(/^[a-z0-9.:%\-_]{0,12}$/);
    const urls = fc.tuple(user, fc.oneof(privateIpv4, publicIpv4).chain(anySpelling));

    always(
      urls.map(([name, host]) => `http://${name}@${host}/`),
      false,
    );
  });

  it('is judged alike in a URL and as the peer of a socket', () => {
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), (octets) => {
        const text = octets.join('.');
        return isAccepted(`http://${text}/`) === isAddressAllowed(text, 'cdn.acme.com', policy);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('checkUrl on arbitrary text', () => {
  it('returns only URLs that parse to themselves, without credentials, on an allowed port', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl({
        withFragments: true,
        withQueryParameters: true,
        authoritySettings: { withPort: true, withUserInfo: true },
      }),
      fc.tuple(fc.constantFrom('http://', 'https://'), fc.string()).map((parts) => parts.join('')),
    );

    fc.assert(
      fc.property(text, (url) => {
        if (!isAccepted(url)) return;
        const parsed = checkUrl(url, policy, 'image');
        expect(parsed.href).toBe(new URL(parsed.href).href);
        expect(parsed.username + parsed.password).toBe('');
        expect(['', '80', '443']).toContain(parsed.port);
        expect(parsed.protocol).toMatch(/^https?:$/);
        expect(parsed.hostname).toMatch(/\./);
      }),
      { numRuns: 2_000 },
    );
  });
});
