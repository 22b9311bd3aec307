import { failOption } from '../core/check-option.js';
import { typeName } from '../core/refusal.js';
import { type Address, readUrl } from './address.js';
import { type Ip, readIp } from './ip.js';
import type { RequestFacts } from './request-facts.js';

/** The trusted proxies: their number, or their addresses (`10.0.0.0/8`). */
export type TrustProxy = number | readonly string[];

/** Whether the machine `hop` hops away from this server is a trusted proxy; `ip` is its address, if known. */
export type Trusts = (ip: Ip | undefined, hop: number) => boolean;

const MAX_HOPS = 32;
// How much of X-Forwarded-For is read, from its end: 32 addresses of the longest kind.
const MAX_HEADER_LENGTH = 2_048;

/** @throws {OursError} `invalid_option` */
export function toTrusts(option: TrustProxy): Trusts {
  if (typeof option === 'number') {
    if (Number.isInteger(option) && option >= 0 && option <= MAX_HOPS) return (_, hop) => hop < option;
    failOption(`trustProxy must be an integer from 0 to ${MAX_HOPS}: the number of proxies in front of this server.`);
  }
  if (!Array.isArray(option)) {
    failOption(
      `trustProxy must be the number of proxies in front of this server, or a list of their addresses such as ['10.0.0.0/8']; got ${typeName(option)}.`,
    );
  }
  const ranges = option.map(toRange);
  return (ip) => {
    const groups = ip?.groups();
    return groups !== undefined && ranges.some((range) => contains(range, groups));
  };
}

/**
 * The nearest address that is not a trusted proxy. Walks outwards from this server: the connection's peer, then `X-Forwarded-For`
 * from its end, because everything before an untrusted entry can be forged. A trusted address is never a visitor's: if the list
 * is missing or ends with one, the address is unknown.
 */
export function clientIp(
  peer: string | undefined,
  forwardedFor: string | null | undefined,
  trusts: Trusts | undefined,
): string | undefined {
  if (trusts === undefined) return readIp(peer)?.text;
  const entries = forwardedFor?.slice(-MAX_HEADER_LENGTH).split(',') ?? [];
  let ip = readIp(peer);
  for (let hop = 0; trusts(ip, hop); hop += 1) {
    if (hop === MAX_HOPS || entries.length === 0) return undefined;
    ip = readIp(entries.pop());
  }
  return ip?.text;
}

/** The address with the scheme and host that the visitor's browser used, as a trusted proxy reports them. */
export function correctOrigin(address: Address, facts: RequestFacts): Address | undefined {
  const reported = lastOf(facts.header('x-forwarded-proto'))?.toLowerCase();
  const isKnown = reported === 'http' || reported === 'https';
  const scheme = isKnown ? reported : address.href.slice(0, address.href.indexOf(':'));
  const asked = lastOf(facts.header('x-forwarded-host'));
  const host = (asked ? readUrl(`${scheme}://${asked}`) : undefined)?.host ?? address.host;
  return readUrl(`${scheme}://${host}${address.pathname}${address.search}`);
}

/** The nearest proxy's entry: earlier ones can be forged. */
function lastOf(list: string | null | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim();
}

// An address in a header may have brackets, a zone or a port; one in the option may not.
const MORE_THAN_ADDRESS = /[[%]|\.\d+:/;

interface Range {
  readonly network: readonly number[];
  /** How many of the 128 bits belong to the network. */
  readonly length: number;
}

function contains({ network, length }: Range, ip: readonly number[]): boolean {
  return ip.every((group, at) => {
    const free = Math.min(16, Math.max(0, (at + 1) * 16 - length));
    return group >> free === network[at]! >> free;
  });
}

function toRange(text: unknown): Range {
  const [address, prefix] = typeof text === 'string' ? text.split('/', 2) : [];
  const network = address === undefined || MORE_THAN_ADDRESS.test(address) ? undefined : readIp(address);
  const width = address?.includes(':') ? 128 : 32;
  const length = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (length === 0) {
    failOption(
      'trustProxy has a range of all addresses, which would make every visitor a proxy: list the proxies, or pass their number.',
    );
  }
  if (network === undefined || !(length >= 0 && length <= width)) {
    failOption(
      "trustProxy has an entry that is not an address range: write '10.0.0.0/8', '192.0.2.7' or '2001:db8::/32'.",
    );
  }
  return { network: network.groups(), length: 128 - width + length };
}
