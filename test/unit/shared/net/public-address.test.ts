import { describe, expect, it } from 'vitest';
import {
  isPublicAddress,
  parseAddress,
  parseAddressRange,
} from '../../../../src/shared/net/public-address.js';

/** First and last address of every closed block, and what lies just outside: [outside below, first, last, outside above]. */
const BLOCKS: readonly (readonly [string | null, string, string, string | null])[] = [
  [null, '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ['126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['168.63.129.15', '168.63.129.16', '168.63.129.16', '168.63.129.17'],
  ['169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
  ['191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['192.0.1.255', '192.0.2.0', '192.0.2.255', '192.0.3.0'],
  ['192.31.195.255', '192.31.196.0', '192.31.196.255', '192.31.197.0'],
  ['192.52.192.255', '192.52.193.0', '192.52.193.255', '192.52.194.0'],
  ['192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
  ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['192.175.47.255', '192.175.48.0', '192.175.48.255', '192.175.49.0'],
  ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0'],
  ['203.0.112.255', '203.0.113.0', '203.0.113.255', '203.0.114.0'],
  ['223.255.255.255', '224.0.0.0', '255.255.255.255', null],
  [null, '::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2000::'],
  [
    '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001::',
    '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:200::',
  ],
  [
    '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:db8::',
    '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:db9::',
  ],
  ['2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
  ['2620:4f:7fff::', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff', '2620:4f:8001::'],
  ['3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe::', '3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
  ['3ffd::1', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::'],
  ['3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
];

function isPublic(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return isPublicAddress(address);
}

describe('isPublicAddress', () => {
  it.each(BLOCKS)('closes a block exactly between %s and %s', (below, first, last, above) => {
    const inside = [first, last].map(isPublic);
    const outside = [below, above].filter((text) => text !== null).map(isPublic);

    expect(inside).toEqual([false, false]);
    expect(outside.every(Boolean)).toBe(true);
  });

  it.each(['2606:4700::5efe:7f00:1', '2606:4700::200:5efe:8.8.8.8'])(
    'takes ISATAP %s for no public address',
    (text) => {
      expect(isPublic(text)).toBe(false);
    },
  );

  it('judges an IPv4-mapped address as the IPv4 address it stands for', () => {
    expect(['::ffff:8.8.8.8', '::ffff:10.0.0.1', '::FFFF:0808:0808'].map(isPublic)).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('parseAddress', () => {
  it.each([
    '',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '1.2.3.4.',
    '[::1]',
    'fe80::1%eth0',
    '::1%0',
    'a.b',
    ':',
    '1::2::3',
  ])('takes %j for no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('parseAddressRange', () => {
  it.each([
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.0.0.0/1e1',
    '::ffff:10.0.0.0/104',
    'x/8',
  ])('takes %j for no range', (text) => {
    expect(parseAddressRange(text)).toBeUndefined();
  });
});
