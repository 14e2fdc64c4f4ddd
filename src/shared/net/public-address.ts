import ipaddr from 'ipaddr.js';

/** An address. An IPv4-mapped IPv6 address is stored as the IPv4 address that the kernel would connect to. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Addresses whose first `prefixLength` bits equal those of `base`. */
export interface AddressRange {
  readonly base: Address;
  readonly prefixLength: number;
}

/** Every block of the IANA IPv4 special-purpose registry (RFC 6890 and later), multicast, and one address that only looks public. */
const NON_PUBLIC_IPV4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; also cloud metadata
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // the Azure host agent, reachable from every virtual machine in Azure
  '169.254.0.0/16', // link-local; cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; also cloud metadata
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map(toRange);

/** The only IPv6 space assigned to the public Internet (RFC 4291). NAT64, ULA, link-local and ::a.b.c.d are outside it. */
const PUBLIC_IPV6 = toRange('2000::/3');

/** Blocks in 2000::/3 that are not plain public addresses, from the IANA IPv6 special-purpose registry. */
const NON_PUBLIC_IPV6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4 carries any IPv4 address
  '2620:4f:8000::/48', // AS112
  '3ffe::/16', // returned 6bone space, old Teredo
  '3fff::/20', // documentation
].map(toRange);

/**
 * Returns the address in `text`, or undefined if it is not one.
 * IPv4 in four decimal parts, IPv6 in any RFC 4291 spelling without brackets; no zone identifiers.
 */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** Returns the range in `text` (CIDR or one address), or undefined. IPv4-mapped ranges are ambiguous and not accepted. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [base = '', bits, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (address === undefined || rest.length > 0) return undefined;
  const width = address.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return { base: address, prefixLength: width };
  const mapped = width === 32 && base.includes(':');
  if (mapped || !/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  return { base: address, prefixLength: Number(bits) };
}

/** True if `address` is in `range`. An address of the other family never is. */
export function isInRange(address: Address, range: AddressRange): boolean {
  return address.kind() === range.base.kind() && address.match(range.base, range.prefixLength);
}

/** True if `address` is plain public unicast: not special, reserved, tunnelled or translated. */
export function isPublicAddress(address: Address): boolean {
  const inAny = (ranges: readonly AddressRange[]) => ranges.some((range) => isInRange(address, range));
  if (address.kind() === 'ipv4') return !inAny(NON_PUBLIC_IPV4);
  return isInRange(address, PUBLIC_IPV6) && !inAny(NON_PUBLIC_IPV6) && !isIsatap(address.toByteArray());
}

/** ISATAP (RFC 5214) hides an IPv4 address behind the interface identifier 0000:5efe or 0200:5efe, under any prefix. */
function isIsatap(bytes: readonly number[]): boolean {
  return ((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
}

function toRange(text: string): AddressRange {
  const range = parseAddressRange(text);
  if (range === undefined) throw new Error(`this is a bug: ${text} is not a range`);
  return range;
}
