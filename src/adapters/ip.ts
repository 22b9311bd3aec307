/** An IP address, as text and as numbers for comparing with ranges. */
export interface Ip {
  /** IPv4 in dotted form, IPv6 in lower case; without port, brackets and zone. */
  readonly text: string;
  /** Eight groups of 16 bits; IPv4 as `::ffff:a.b.c.d`, as dual-stack sockets report it. */
  readonly groups: readonly number[];
}

// Addresses have at most 45 characters, plus brackets, a zone and a port.
const MAX_LENGTH = 80;
// With the prefix of dual-stack sockets, which most servers use. Leading zeros are refused: some parsers read `010` as octal.
const IPV4 = /^(?:::ffff:)?(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(?::\d+)?$/i;
const IPV4_PREFIX = [0, 0, 0, 0, 0, 0xffff];

/** Reads `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1`, `[2001:db8::1]:443` or `::ffff:1.2.3.4`; `undefined` for anything else. */
export function readIp(value: string | null | undefined): Ip | undefined {
  if (value == null || value.length > MAX_LENGTH) return undefined;
  const text = value.trim();
  const low = ipv4Groups(text);
  return low === undefined ? readIpv6(text.toLowerCase()) : ipv4(...low);
}

function ipv4(high: number, low: number): Ip {
  const text = `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  return { text, groups: [...IPV4_PREFIX, high, low] };
}

/** The last two groups of an IPv4 address. */
function ipv4Groups(text: string): readonly [high: number, low: number] | undefined {
  const found = IPV4.exec(text);
  if (found === null) return undefined;
  const [a, b, c, d] = [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4])] as const;
  return Math.max(a, b, c, d) > 255 ? undefined : [(a << 8) | b, (c << 8) | d];
}

function readIpv6(address: string): Ip | undefined {
  const text = address.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/%.*$/, '');
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  return IPV4_PREFIX.every((group, at) => groups[at] === group) ? ipv4(groups[6]!, groups[7]!) : { text, groups };
}

function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half, at) => halfGroups(half, at === halves.length - 1));
  const missing = 8 - head.length - tail.length;
  // '::' stands for at least one group; without it none may be missing.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.some(Number.isNaN) ? undefined : groups;
}

/** `db8:1` or, at the end of an address, `ffff:1.2.3.4`. An invalid group is `NaN`. */
function halfGroups(half: string, isEnd: boolean): number[] {
  if (half === '') return [];
  return half.split(':').flatMap((group, at, all) => {
    if (isEnd && at === all.length - 1 && group.includes('.')) return ipv4Groups(group) ?? [Number.NaN];
    return /^[\da-f]{1,4}$/.test(group) ? Number.parseInt(group, 16) : Number.NaN;
  });
}
