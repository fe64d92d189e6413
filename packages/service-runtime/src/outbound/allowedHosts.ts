/** Where a service may be sent by what an application registers: an operator's list, and no other place. */
import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from '../loopback.ts';

/** Nobody is sent there. */
export class HostNotAllowed extends Error {
  override readonly name = 'HostNotAllowed';
}

/** Addresses that nobody is sent to, whoever's name leads there: this machine, its neighbours, metadata. */
const never = new BlockList();
never.addSubnet('0.0.0.0', 8);
never.addSubnet('169.254.0.0', 16);
never.addSubnet('224.0.0.0', 3);
// Within it, every address that only carries one of IPv4 in an outdated form (::a.b.c.d), and none.
never.addSubnet('::', 96, 'ipv6');
// What a translator or a tunnel makes of these is an address of IPv4 that nobody has looked at:
// NAT64 (RFC 6052, RFC 8215), Teredo, 6to4.
never.addSubnet('64:ff9b::', 96, 'ipv6');
never.addSubnet('64:ff9b:1::', 48, 'ipv6');
never.addSubnet('2001::', 32, 'ipv6');
never.addSubnet('2002::', 16, 'ipv6');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('fec0::', 10, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * @param hosts `host` or `host:port`, in lower case; without a port it is the scheme's own
 * @throws HostNotAllowed for another host or port, and for http beyond this machine
 */
export function mustBeAllowed(url: URL, hosts: ReadonlySet<string>): void {
  const isNamed = hosts.has(url.host) || (url.port === '' && hosts.has(url.hostname));
  if (!isNamed) throw new HostNotAllowed(`${url.host} is not on the operator's list.`);
  if (url.protocol === 'https:' || isLoopbackHost(url.hostname)) return;
  throw new HostNotAllowed(`${url.host} must be asked by https.`);
}

/**
 * Looks a name up and gives no address that it may not lead to. Checked here, where the connection
 * takes its address from: a name that is looked up twice may answer differently.
 */
export function guardedLookup(
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const refused = addresses.find(({ address }) => !mayLeadTo(hostname, address));
    const [first] = addresses;
    if (refused !== undefined || first === undefined) {
      const where = refused?.address ?? 'nowhere';
      callback(new HostNotAllowed(`${hostname} leads to ${where}, which is not asked.`), []);
    } else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
}

/** @param hostname as the URL has it; only a name of this machine may lead to this machine */
export function mayLeadTo(hostname: string, address: string): boolean {
  // With a zone it is a neighbour's, and no list compares it.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const plain = isIP(address) === 6 ? unmapped(address) : address;
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return isLoopbackHost(hostname);
  return !never.check(plain, family);
}

/** The address of IPv4 that one of IPv6 maps (::ffff:a.b.c.d), however it is written. */
function unmapped(address: string): string {
  // A URL writes every form of an address in one way.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  return [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 0xff])
    .join('.');
}
