import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isWildcard, withOwnAddress } from '../../../src/cli/dev/own-address.js';

const known = { netmask: '', mac: '', cidr: null };
const ipv4 = (address: string, internal = false): NetworkInterfaceInfo => ({
  ...known,
  family: 'IPv4',
  address,
  internal,
});
const ipv6 = (address: string, scopeid = 0, internal = false): NetworkInterfaceInfo => ({
  ...known,
  family: 'IPv6',
  address,
  scopeid,
  internal,
});

const lo = [ipv4('127.0.0.1', true), ipv6('::1', 0, true)];

describe('the address of a collector that listens on every address', () => {
  it.each([
    [
      'the first IPv4 address that others can reach',
      '0.0.0.0',
      { lo, eth0: [ipv6('fd00::2'), ipv4('192.0.2.2')] },
      '192.0.2.2',
    ],
    ['IPv4 also where it listens on IPv6', '[::]', { lo, eth0: [ipv6('fd00::2'), ipv4('192.0.2.2')] }, '192.0.2.2'],
    [
      'IPv6 where there is no IPv4, without a scope',
      '[::]',
      { lo, eth0: [ipv6('fe80::1', 4), ipv6('fd00::2')] },
      '[fd00::2]',
    ],
    [
      'loopback where it listens on IPv4 and there is only IPv6',
      '0.0.0.0',
      { lo, eth0: [ipv6('fd00::2')] },
      '127.0.0.1',
    ],
    ['loopback without a network', '[::]', { lo }, '127.0.0.1'],
  ])('has %s', (_, host, interfaces, expected) => {
    expect(withOwnAddress(`http://${host}:6877/api/v1`, interfaces)).toBe(`http://${expected}:6877/api/v1`);
    expect(isWildcard(`http://${host}:6877`)).toBe(true);
  });

  it.each(['http://127.0.0.1:6877', 'http://192.0.2.7:6877/x?y=http://0.0.0.0:1', 'http://[::1]:6877'])(
    'is no concern of %s',
    (url) => {
      expect(withOwnAddress(url, { eth0: [ipv4('192.0.2.2')] })).toBe(url);
      expect(isWildcard(url)).toBe(false);
    },
  );
});
