import { OursError } from '../core/errors.js';
import { typeName } from '../core/refusal.js';
import { type Ip, readIp } from './ip.js';

/** Whom to believe what they say about the request before them: how many proxies, or which addresses (`10.0.0.0/8`). */
export type TrustProxy = number | readonly string[];

/** Whether the one who is `hop` hops away from this server may be believed; `ip` is who it is, when that is known. */
export type Trusts = (ip: Ip | undefined, hop: number) => boolean;

const MAX_HOPS = 32;
// What is read of X-Forwarded-For, from its end: 32 addresses of the longest kind.
const MAX_HEADER_LENGTH = 2_048;

/**
 * Makes the question of the option.
 * @throws {OursError} `invalid_option`
 */
export function toTrusts(option: TrustProxy): Trusts {
  if (typeof option === 'number') {
    if (Number.isInteger(option) && option >= 0 && option <= MAX_HOPS) return (_, hop) => hop < option;
    throw new OursError('invalid_option', `trustProxy must be a whole number of proxies from 0 to ${MAX_HOPS}.`);
  }
  if (!Array.isArray(option)) {
    throw new OursError(
      'invalid_option',
      `trustProxy must be the number of proxies in front of this server, or a list of their addresses such as ['10.0.0.0/8']; got ${typeName(option)}.`,
    );
  }
  const ranges = option.map(toRange);
  return (ip) => ip !== undefined && ranges.some((range) => contains(range, ip));
}

/**
 * The address of the nearest who is not a trusted proxy. Walks from this server outwards: the connection's peer, then
 * `X-Forwarded-For` from its end, because everything in front of an entry that is not trusted may be invented. A trusted address
 * is a proxy's and nobody's own: where the list ends with one, or is missing, the address is unknown.
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

// Brackets, a zone or a port, which an address in a header may have.
const MORE_THAN_ADDRESS = /[[%]|\.\d+:/;

interface Range {
  readonly network: Ip;
  /** Of 128 bits those that are the network's. */
  readonly length: number;
}

function contains({ network, length }: Range, ip: Ip): boolean {
  return ip.groups.every((group, at) => {
    const free = Math.min(16, Math.max(0, (at + 1) * 16 - length));
    return group >> free === network.groups[at]! >> free;
  });
}

function toRange(text: unknown): Range {
  const [address, prefix] = typeof text === 'string' ? text.split('/', 2) : [];
  const network = address === undefined || MORE_THAN_ADDRESS.test(address) ? undefined : readIp(address);
  const width = address?.includes(':') ? 128 : 32;
  const length = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (length === 0) {
    throw new OursError(
      'invalid_option',
      'trustProxy has a range of all addresses, which would take every visitor for a proxy: list the proxies, or say how many there are.',
    );
  }
  if (network === undefined || !(length >= 0 && length <= width)) {
    throw new OursError(
      'invalid_option',
      "trustProxy has an entry that is no address range: write '10.0.0.0/8', '192.0.2.7' or '2001:db8::/32'.",
    );
  }
  return { network, length: 128 - width + length };
}
