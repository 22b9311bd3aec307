/** An IP address, as text and as numbers for comparing with ranges. */
export interface Ip {
  /** IPv4 in dotted form, IPv6 in lower case; without port, brackets and zone. */
  readonly text: string;
  /** Eight groups of 16 bits; IPv4 as `::ffff:a.b.c.d`, as dual-stack sockets report it. Most requests never need them. */
  groups(): readonly number[];
}

// Addresses have at most 45 characters, plus brackets, a zone and a port.
const MAX_LENGTH = 80;
// Leading zeros are rejected: some parsers read `010` as octal.
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
// With the prefix of dual-stack sockets, which most servers use.
const IPV4 = new RegExp(`^(?:::ffff:)?(${OCTET}(?:\\.${OCTET}){3})(?::\\d+)?$`, 'i');
const IPV4_PREFIX = [0, 0, 0, 0, 0, 0xffff];

/** Reads `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1`, `[2001:db8::1]:443` or `::ffff:1.2.3.4`; `undefined` for anything else. */
export function readIp(value: string | null | undefined): Ip | undefined {
  if (value == null || value.length > MAX_LENGTH) return undefined;
  const text = value.trim();
  const ipv4 = IPV4.exec(text)?.[1];
  return ipv4 === undefined ? readIpv6(text.toLowerCase()) : ofIpv4(ipv4);
}

function ofIpv4(text: string): Ip {
  return { text, groups: () => [...IPV4_PREFIX, ...dottedGroups(text)] };
}

/** The two groups of `a.b.c.d`. */
function dottedGroups(text: string): readonly [high: number, low: number] {
  const [a, b, c, d] = text.split('.').map(Number) as [number, number, number, number];
  return [(a << 8) | b, (c << 8) | d];
}

function readIpv6(address: string): Ip | undefined {
  const text = address.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/%.*$/, '');
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  if (!IPV4_PREFIX.every((group, at) => groups[at] === group)) return { text, groups: () => groups };
  const [high, low] = [groups[6]!, groups[7]!];
  return ofIpv4(`${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`);
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
    if (isEnd && at === all.length - 1 && IPV4.test(group)) return dottedGroups(group);
    return /^[\da-f]{1,4}$/.test(group) ? Number.parseInt(group, 16) : Number.NaN;
  });
}
