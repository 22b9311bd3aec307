import { describe, expect, it } from 'vitest';
import { readIp } from '../../src/adapters/ip.js';
import { toTrusts } from '../../src/adapters/trusted-proxies.js';

describe('an IPv4 address in IPv6 form', () => {
  it.each(['::ffff:203.0.113.7', '::ffff:cb00:7107', '0:0:0:0:0:ffff:cb00:7107', '[::FFFF:cb00:7107]:443'])(
    '%s is the IPv4 address',
    (text) => {
      expect(readIp(text)).toEqual({ text: '203.0.113.7', groups: [0, 0, 0, 0, 0, 0xffff, 0xcb00, 0x7107] });
    },
  );

  it('is in the IPv4 range and in the IPv6 range of all such addresses', () => {
    for (const range of ['203.0.113.0/24', '::ffff:0:0/96']) {
      const trusts = toTrusts([range]);
      expect(['203.0.113.7', '::ffff:cb00:7107'].map((text) => trusts(readIp(text), 0))).toEqual([true, true]);
      expect(trusts(readIp('::cb00:7107'), 0)).toBe(false);
    }
  });

  it.each(['1::ffff:cb00:7107', '::1:ffff:cb00:7107', '::fffe:cb00:7107', '::cb00:7107'])(
    '%s only looks like one',
    (text) => {
      expect(readIp(text)?.text).toBe(text);
    },
  );
});

describe('a range', () => {
  it('ends at its last bit, also within a group', () => {
    const trusts = toTrusts(['10.16.0.0/12', '2001:db8:8000::/33']);
    const trusted = ['10.16.0.0', '10.31.255.255', '2001:db8:8000::', '2001:db8:ffff:ffff::1'];
    const others = ['10.15.255.255', '10.32.0.0', '2001:db8:7fff::', '2001:db9:8000::'];
    expect(trusted.map((text) => trusts(readIp(text), 0))).toEqual(trusted.map(() => true));
    expect(others.map((text) => trusts(readIp(text), 0))).toEqual(others.map(() => false));
  });

  it('without a length is one address', () => {
    const trusts = toTrusts(['192.0.2.7', '2001:db8::1']);
    const asked = ['192.0.2.7', '192.0.2.6', '2001:db8::1', '2001:db8::'];
    expect(asked.map((text) => trusts(readIp(text), 0))).toEqual([true, false, true, false]);
  });

  it.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '2001:db8::/129',
    '10.0.0.0/',
    '10.0.0.0/1x',
    '[::1]',
    '10.0.0.1:80',
    '',
  ])('is not written %j', (range) => {
    expect(() => toTrusts([range])).toThrow(/^trustProxy has/);
  });
});
