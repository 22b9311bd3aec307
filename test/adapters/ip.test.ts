import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIp } from '../../src/adapters/ip.js';
import { toTrusts } from '../../src/adapters/trusted-proxies.js';

describe('an IP address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7:4711 ', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::', '::'],
    ['64:ff9b::1.2.3.4', '64:ff9b::1.2.3.4'],
  ])('reads %j as %s', (text, ip) => {
    expect(readIp(text)?.text).toBe(ip);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '::1.2.3',
    '1.2.3.4\u0000',
    '1.2.3.4:x',
    '1.2.3.4::',
    '1.2.3.4:5:6:7:8:9:a:b',
    // Some parsers read it as octal.
    '010.0.0.1',
    '::ffff:10.0.0.01',
  ])('rejects %j', (text) => {
    expect(readIp(text)).toBeUndefined();
  });

  it('rejects a megabyte', () => {
    expect(readIp('1'.repeat(1_000_000))).toBeUndefined();
  });

  it('has the same groups in long and short form', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (numbers) => {
        const long = numbers.map((group) => group.toString(16).padStart(4, '0')).join(':');
        // URL shortens it as RFC 5952 says.
        const short = new URL(`http://[${long}]`).hostname;
        expect(readIp(short)?.groups()).toEqual(readIp(long)?.groups());
      }),
    );
  });
});

describe('an IPv4 address in IPv6 form', () => {
  it.each(['::ffff:203.0.113.7', '::ffff:cb00:7107', '0:0:0:0:0:ffff:cb00:7107', '[::FFFF:cb00:7107]:443'])(
    'reads %s as the IPv4 address',
    (text) => {
      const ip = readIp(text);
      expect(ip?.text).toBe('203.0.113.7');
      expect(ip?.groups()).toEqual([0, 0, 0, 0, 0, 0xffff, 0xcb00, 0x7107]);
    },
  );

  it('is in the IPv4 range and in the IPv6 range of all mapped addresses', () => {
    for (const range of ['203.0.113.0/24', '::ffff:0:0/96']) {
      const trusts = toTrusts([range]);
      expect(['203.0.113.7', '::ffff:cb00:7107'].map((text) => trusts(readIp(text), 0))).toEqual([true, true]);
      expect(trusts(readIp('::cb00:7107'), 0)).toBe(false);
    }
  });

  it.each(['1::ffff:cb00:7107', '::1:ffff:cb00:7107', '::fffe:cb00:7107', '::cb00:7107'])(
    'does not take %s as one',
    (text) => {
      expect(readIp(text)?.text).toBe(text);
    },
  );
});
