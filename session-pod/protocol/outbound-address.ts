import ipaddr from 'ipaddr.js';
import { isServiceOf } from './outbound-host.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whom requests to URLs that users named may reach. */
export interface OutboundPolicy {
  /** CIDRs beside the public Internet that may be reached, for instance `10.0.0.0/8`; checked by `assertCidrs`. */
  readonly allow: readonly string[];
  /** Addresses or host names that are never reached, whatever else allows them: above all the API server's. */
  readonly never: readonly string[];
  /** Services of this namespace may be reached: that of the session on whose behalf the request is sent. */
  readonly namespace?: string;
}

/** Metadata services of clouds, some of which answer on addresses that no range tells apart. */
const metadataAddresses = ['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254'];
/** The whole of the IPv6 Internet: RFC 4291 and IANA give out global addresses from here alone. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/**
 * Says why an address must not be connected to; undefined when it may be.
 * @param address as a resolver gives it, IPv4 or IPv6
 * @param host the host name that led to it, as it stands in the URL
 */
export function refusalOf(address: string, host: string, policy: OutboundPolicy): string | undefined {
  if (!ipaddr.isValid(address)) return 'it is no IP address';
  const judged = withoutDisguise(ipaddr.parse(address));
  if (isAnyOf(judged, metadataAddresses)) return 'it is the metadata service of a cloud';
  if (isAnyOf(judged, policy.never)) return "it is the API server's";
  if (policy.allow.some((cidr) => isWithin(judged, ipaddr.parseCIDR(cidr)))) return undefined;
  const range = rangeOf(judged);
  if (range === 'unicast') return undefined;
  if (isServiceOf(host, policy.namespace) && mayBeOfService.has(range)) return undefined;
  return `it is of the range "${range}"`;
}

/**
 * Checks a list of CIDRs once, where it is read.
 * @throws {RangeError} names the first that is none
 */
export function assertCidrs(cidrs: readonly string[]): void {
  const wrong = cidrs.find((cidr) => !ipaddr.isValidCIDR(cidr));
  if (wrong !== undefined) throw new RangeError(`Cannot allow "${wrong}": it is no CIDR; write one like "10.0.0.0/8"`);
}

/** What a Service's address or a pod's is taken from; never loopback or link-local, whatever a Service without selector says. */
const mayBeOfService: ReadonlySet<string> = new Set(['private', 'carrierGradeNat', 'uniqueLocal']);

/** An IPv4 address that is written as IPv6 (mapped, or for a NAT64) leads to that IPv4 address, so it is judged as such. */
function withoutDisguise(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const wide = address as ipaddr.IPv6;
  if (wide.isIPv4MappedAddress()) return wide.toIPv4Address();
  const isNat64 = wide.range() === 'rfc6052' || wide.range() === 'rfc6145';
  return isNat64 ? new ipaddr.IPv4(wide.toByteArray().slice(12)) : address;
}

function rangeOf(address: Address): string {
  const range = address.range();
  if (address.kind() === 'ipv4' || range !== 'unicast') return range;
  // The library calls everything "unicast" that has no entry of its own, site-local and IPv4-compatible addresses too.
  return isWithin(address, globalUnicast) ? 'unicast' : 'reserved';
}

function isWithin(address: Address, [network, bits]: [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function isAnyOf(address: Address, candidates: readonly string[]): boolean {
  return candidates.some((candidate) => {
    if (!ipaddr.isValid(candidate)) return false;
    return withoutDisguise(ipaddr.parse(candidate)).toNormalizedString() === address.toNormalizedString();
  });
}
