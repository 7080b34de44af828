import { expect, test } from 'vitest';
import { assertCidrs, refusalOf } from '../../../session-pod/protocol/outbound-address.ts';

const strict = { allow: [], never: ['10.96.0.1'] };
const refused = (address: string, host = 'hooks.example.com', policy = {}) =>
  refusalOf(address, host, { ...strict, ...policy });

test.each([
  ['8.8.8.8', 'a public address'],
  ['2606:4700::6810:84e5', 'a public IPv6 address'],
  ['64:ff9b::808:808', 'a public address behind NAT64'],
  ['::ffff:8.8.8.8', 'a mapped public address'],
])('refusalOf() lets through %s: %s', (address) => {
  expect(refused(address)).toBeUndefined();
});

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.8.8.8', 'all of 127/8'],
  ['0.0.0.0', 'unspecified, which Linux takes as itself'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['169.254.1.1', 'link-local'],
  ['169.254.169.254', 'metadata'],
  ['168.63.129.16', 'metadata on a public address'],
  ['100.100.100.200', 'metadata'],
  ['fd00:ec2::254', 'metadata over IPv6'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['240.0.0.1', 'reserved'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
  ['fe80::1', 'link-local'],
  ['fc00::1', 'unique local'],
  ['fec0::1', 'site-local, long deprecated'],
  ['ff02::1', 'multicast'],
  ['::ffff:127.0.0.1', 'mapped loopback'],
  ['::ffff:a9fe:a9fe', 'mapped metadata'],
  ['::7f00:1', 'IPv4-compatible loopback'],
  ['64:ff9b::a00:1', 'a private address behind NAT64'],
  ['2002:7f00:1::', '6to4'],
  ['2001:0:1::1', 'Teredo'],
  ['localhost', 'no address at all'],
])('refusalOf() refuses %s: %s', (address) => {
  expect(refused(address)).toBeTypeOf('string');
});

test.each([
  ['10.1.2.3', ['10.0.0.0/8'], true],
  ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
  ['11.0.0.1', ['10.0.0.0/8'], true],
  ['192.168.0.1', ['10.0.0.0/8'], false],
  ['127.0.0.1', ['127.0.0.0/8'], true],
  ['fd12::1', ['fd00::/8'], true],
  ['fd12::1', ['10.0.0.0/8'], false],
])('refusalOf() of %s with %j allowed', (address, allow, passes) => {
  expect(refused(address, 'hooks.example.com', { allow }) === undefined).toBe(passes);
});

test.each(['10.96.0.1', '::ffff:10.96.0.1', '169.254.169.254'])(
  'refusalOf() refuses %s although everything is allowed',
  (address) => {
    expect(refused(address, 'x.shop.svc', { allow: ['0.0.0.0/0', '::/0'], namespace: 'shop' })).toBeTypeOf('string');
  },
);

test.each([
  ['receiver.shop.svc', '10.96.3.4', true],
  ['receiver.shop.svc.cluster.local', '10.96.3.4', true],
  ['RECEIVER.shop.svc.', '10.96.3.4', true],
  ['pod-0.receiver.shop.svc', '10.244.0.9', true],
  ['receiver.shop.svc', 'fd00::7', true],
  ['receiver.other.svc', '10.96.3.4', false],
  ['receiver.myshop.svc', '10.96.3.4', false],
  ['shop.svc', '10.96.3.4', false],
  ['receiver.shop.svc.example.com', '10.96.3.4', false],
  ['receiver.shop.svc', '127.0.0.1', false],
  ['receiver.shop.svc', '169.254.7.7', false],
  ['receiver.shop.svc', '10.96.0.1', false],
])("refusalOf() of the session's own Services: %s at %s", (host, address, passes) => {
  expect(refused(address, host, { namespace: 'shop' }) === undefined).toBe(passes);
});

test('assertCidrs() names the one that is none', () => {
  expect(() => assertCidrs(['10.0.0.0/8', '10.0.0.0'])).toThrow('Cannot allow "10.0.0.0": it is no CIDR');
  expect(() => assertCidrs(['10.0.0.0/8', 'fd00::/8'])).not.toThrow();
});
