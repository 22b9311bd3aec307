import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIp } from '../../src/adapters/ip.js';
import { readVisitor } from '../../src/adapters/read-visitor.js';
import { resolveReading } from '../../src/adapters/resolve-reading.js';
import { clientIp, toTrusts } from '../../src/adapters/trusted-proxies.js';

/** Visits a server behind one proxy. */
function visit(headers: Record<string, string>, url = 'http://10.0.0.5:8080/basket') {
  const facts = { url, header: (name: string) => headers[name], peerIp: () => '10.0.0.2' };
  return readVisitor(facts, resolveReading({ trustProxy: 1 })).toInput();
}

describe('a range of trusted addresses', () => {
  it('ends at its last bit, even within a group', () => {
    const trusts = toTrusts(['10.16.0.0/12', '2001:db8:8000::/33']);
    const trusted = ['10.16.0.0', '10.31.255.255', '2001:db8:8000::', '2001:db8:ffff:ffff::1'];
    const others = ['10.15.255.255', '10.32.0.0', '2001:db8:7fff::', '2001:db9:8000::'];
    expect(trusted.map((text) => trusts(readIp(text), 0))).toEqual(trusted.map(() => true));
    expect(others.map((text) => trusts(readIp(text), 0))).toEqual(others.map(() => false));
  });

  it('is a single address if it has no length', () => {
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
  ])('cannot be written as %j', (range) => {
    expect(() => toTrusts([range])).toThrow(/^trustProxy has/);
  });
});

describe('the client address behind proxies', () => {
  const chain = '1.1.1.1, 10.0.0.2, 10.0.0.1';

  it.each([
    ['no proxy is trusted', undefined, '10.0.0.9'],
    ['the number of proxies is 0', 0, '10.0.0.9'],
    ['the number is 1', 1, '10.0.0.1'],
    ['the number is 3', 3, '1.1.1.1'],
    ['the number is larger than the chain', 4, undefined],
    ['a range is listed', ['10.0.0.0/8'], '1.1.1.1'],
    ['one address is listed', ['10.0.0.9'], '10.0.0.1'],
    ['only other addresses are listed', ['192.168.0.0/16', '2001:db8::/32'], '10.0.0.9'],
    ['every address in the chain is listed', ['10.0.0.0/8', '1.0.0.0/8'], undefined],
  ])('when %s', (_, trustProxy, ip) => {
    expect(clientIp('10.0.0.9', chain, trustProxy === undefined ? undefined : toTrusts(trustProxy))).toBe(ip);
  });

  it('works with IPv6 ranges and IPv4-mapped addresses', () => {
    const trusts = toTrusts(['2001:db8::/33', '10.0.0.0/8']);
    expect(clientIp('2001:db8:7fff::1', '9.9.9.9', trusts)).toBe('9.9.9.9');
    expect(clientIp('2001:db8:8000::1', '9.9.9.9', trusts)).toBe('2001:db8:8000::1');
    expect(clientIp('::ffff:10.1.2.3', '9.9.9.9', trusts)).toBe('9.9.9.9');
  });

  it.each(['10.0.0.1:80', '10.0.0.1:80/8', '[2001:db8::1]:443/32', 'fe80::%eth0/10'])(
    'rejects the range %s: a port or zone could match other addresses',
    (range) => {
      expect(() => toTrusts([range])).toThrow(/not an address range/);
    },
  );

  it.each([1, 2, ['10.0.0.0/8']])(
    'is unknown, not the proxy’s, with trustProxy %j and no X-Forwarded-For',
    (trustProxy) => {
      for (const missing of [undefined, null, ''])
        expect(clientIp('10.0.0.9', missing, toTrusts(trustProxy))).toBeUndefined();
    },
  );

  it('is the peer’s address if the peer is not a listed proxy, with or without X-Forwarded-For', () => {
    expect(clientIp('203.0.113.7', undefined, toTrusts(['10.0.0.0/8']))).toBe('203.0.113.7');
    expect(clientIp('203.0.113.7', '9.9.9.9', toTrusts(['10.0.0.0/8']))).toBe('203.0.113.7');
  });

  it('is unknown, not the platform’s, if the platform does not report it', () => {
    const facts = { peerIp: () => '10.0.0.9', header: () => undefined };
    for (const trustProxy of [undefined, 0]) {
      const reading = resolveReading({ ipHeader: 'cf-connecting-ip', trustProxy });
      expect(readVisitor(facts, reading).toInput().ip).toBeUndefined();
    }
  });

  it.each(['0.0.0.0/0', '::/0'])('rejects the range %s, which covers all addresses', (range) => {
    expect(() => toTrusts([range])).toThrow(/make every visitor a proxy/);
  });

  it('is unknown if the list is obfuscated or invalid', () => {
    expect(clientIp('10.0.0.9', 'unknown', toTrusts(1))).toBeUndefined();
    expect(clientIp('10.0.0.9', ',,,', toTrusts(1))).toBeUndefined();
    expect(clientIp(undefined, '9.9.9.9', toTrusts(['10.0.0.0/8']))).toBeUndefined();
  });

  it('is never an entry before an untrusted address', () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(address, fc.array(address, { maxLength: 6 }), fc.array(fc.string()), (peer, seen, forged) => {
        const trusted = (ip: string) => ip.startsWith('10.') || Number.parseInt(ip, 10) < 128;
        const trusts = toTrusts(['10.0.0.0/8', '0.0.0.0/1']);
        const ip = clientIp(peer, [...forged, ...seen].join(','), trusts);
        const expected = [peer, ...seen.toReversed()].find((one) => !trusted(one));
        if (expected !== undefined) expect(ip).toBe(expected);
        // One of the forged entries if every proxy was trusted, but never a trusted address.
        else if (ip !== undefined) expect(trusts(readIp(ip), 0)).toBe(false);
      }),
    );
  });

  it('is read only from the end of a very long list', () => {
    const endless = `1.1.1.1,${'10.0.0.1,'.repeat(100_000)}10.0.0.1`;
    expect(clientIp('10.0.0.9', endless, toTrusts(['10.0.0.0/8']))).toBeUndefined();
  });
});

describe('X-Forwarded-Proto and X-Forwarded-Host', () => {
  it('use the nearest proxy’s entry of a list: earlier entries can be forged', () => {
    const headers = {
      'x-forwarded-proto': 'http, ftp ,HTTPS ',
      'x-forwarded-host': 'evil.example, evil.example:1 , shop.example:8443',
    };
    expect(visit(headers).url).toBe('https://shop.example:8443/basket');
  });

  it.each(['https,', ', ', 'javascript', 'https, ftp'])('do not change the scheme if they are %j', (proto) => {
    expect(visit({ 'x-forwarded-proto': proto }).url).toBe('http://10.0.0.5:8080/basket');
  });

  it.each(['shop.example,', '   ', 'shop example', 'shop\nexample'])(
    'do not change the host if they are %j',
    (host) => {
      expect(visit({ 'x-forwarded-host': host }).url).toBe('http://10.0.0.5:8080/basket');
    },
  );

  it('do not change the host if it is too long for an address', () => {
    // At most 8,192 characters are read, including the scheme.
    const host = (length: number) => `shop.example?${'x'.repeat(length - 'http://shop.example?'.length)}`;
    expect(visit({ 'x-forwarded-host': host(8_192) }).url).toBe('http://shop.example/basket');
    expect(visit({ 'x-forwarded-host': host(8_193) }).url).toBe('http://10.0.0.5:8080/basket');
  });

  it('are not read if the connection does not come from a trusted proxy', () => {
    const headers: Record<string, string> = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };
    const facts = { url: 'http://shop.example/', header: (name: string) => headers[name], peerIp: () => '203.0.113.7' };
    const read = (trustProxy: number | string[] | undefined) =>
      readVisitor(facts, resolveReading({ trustProxy })).toInput().url;
    expect([read(undefined), read(0), read(['10.0.0.0/8'])]).toEqual(Array(3).fill('http://shop.example/'));
  });
});

describe('X-Forwarded-For', () => {
  it('gives the visitor’s address in the entry that the nearest proxy added', () => {
    expect(visit({ 'x-forwarded-for': '198.51.100.1, 198.51.100.2 ,203.0.113.7:4711' }).ip).toBe('203.0.113.7');
  });

  it('is read from its end, regardless of its length', () => {
    expect(visit({ 'x-forwarded-for': `${'198.51.100.1, '.repeat(10_000)}203.0.113.7` }).ip).toBe('203.0.113.7');
  });

  it('gives no address if the entry is not one or is too long', () => {
    // An IPv6 address with a zone may have at most 80 characters.
    const zoned = (length: number) => `fe80::1%${'z'.repeat(length - 'fe80::1%'.length)}`;
    expect(visit({ 'x-forwarded-for': zoned(80) }).ip).toBe('fe80::1');
    expect(visit({ 'x-forwarded-for': zoned(81) }).ip).toBeUndefined();
    expect(visit({ 'x-forwarded-for': '203.0.113.7,' }).ip).toBeUndefined();
    expect(visit({ 'x-forwarded-for': '203.0.113.7, unknown' }).ip).toBeUndefined();
  });
});
