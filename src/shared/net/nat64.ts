import ipaddr from 'ipaddr.js';
import { type Address, type AddressRange, isInRange, parseAddressRange } from './public-address.js';

/** The prefixes behind which IPv4 addresses stand in this network. */
export interface Nat64 {
  /** Returns the IPv4 address that a gateway connects to for `address`; any other address as it is. */
  translate(address: Address): Address;
  /** True if `address` has one of the prefixes. */
  covers(address: Address): boolean;
}

/** The prefix that every network can use. Source: RFC 6052, section 2.1. */
const WELL_KNOWN_PREFIX = '64:ff9b::/96';

/** Bytes of the IPv6 address that hold the IPv4 address, by prefix length; byte 8 is always zero. Source: RFC 6052, section 2.2. */
const IPV4_BYTES: Readonly<Record<number, readonly [number, number, number, number]>> = {
  32: [4, 5, 6, 7],
  40: [5, 6, 7, 9],
  48: [6, 7, 9, 10],
  56: [7, 9, 10, 11],
  64: [9, 10, 11, 12],
  96: [12, 13, 14, 15],
};

/** Returns the problem with an entry of NAT64_PREFIXES as a sentence, or undefined. */
export function findNat64Problem(entry: string): string | undefined {
  return parsePrefix(entry)
    ? undefined
    : `"${entry}" must be an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits`;
}

/**
 * Returns what NAT64 means with the well-known prefix and these, for example `2001:db8:64::/96`.
 * @throws Error if a prefix is invalid; findNat64Problem reports it before.
 */
export function createNat64(prefixes: readonly string[]): Nat64 {
  const ranges = [WELL_KNOWN_PREFIX, ...prefixes].map((prefix) => {
    const range = parsePrefix(prefix);
    if (range === undefined) throw new Error(`this is a bug: ${prefix} is not a NAT64 prefix`);
    return range;
  });
  const findRange = (address: Address) => ranges.find((range) => isInRange(address, range));
  return {
    translate: (address) => {
      const range = findRange(address);
      return range ? embeddedIpv4(address, range.prefixLength) : address;
    },
    covers: (address) => findRange(address) !== undefined,
  };
}

function parsePrefix(text: string): AddressRange | undefined {
  const range = parseAddressRange(text);
  return range?.base.kind() === 'ipv6' && range.prefixLength in IPV4_BYTES ? range : undefined;
}

function embeddedIpv4(address: Address, prefixLength: number): Address {
  const bytes = address.toByteArray();
  return new ipaddr.IPv4((IPV4_BYTES[prefixLength] ?? []).map((index) => bytes[index] ?? 0));
}
