import { describe, expect, it } from 'vitest';
import { readVisitor } from '../../src/adapters/request-visitor.js';
import { resolveReading } from '../../src/adapters/visitor-options.js';

/** Visits a server that has one proxy in front of it. */
function visit(headers: Record<string, string>, url = 'http://10.0.0.5:8080/basket') {
  const facts = { url, header: (name: string) => headers[name], peerIp: () => '10.0.0.2' };
  return readVisitor(facts, resolveReading({ trustProxy: 1 })).whole();
}

describe('X-Forwarded-Proto and X-Forwarded-Host', () => {
  it('are the nearest proxy’s where they are lists: what stands before may be invented', () => {
    const headers = {
      'x-forwarded-proto': 'http, ftp ,HTTPS ',
      'x-forwarded-host': 'evil.example, evil.example:1 , shop.example:8443',
    };
    expect(visit(headers).url).toBe('https://shop.example:8443/basket');
  });

  it.each(['https,', ', ', 'javascript', 'https, ftp'])('leave the scheme alone where they say %j', (proto) => {
    expect(visit({ 'x-forwarded-proto': proto }).url).toBe('http://10.0.0.5:8080/basket');
  });

  it.each(['shop.example,', '   ', 'shop example', 'shop\nexample'])(
    'leave the host alone where they say %j',
    (host) => {
      expect(visit({ 'x-forwarded-host': host }).url).toBe('http://10.0.0.5:8080/basket');
    },
  );

  it('leave the host alone where it is longer than any address', () => {
    // With the scheme in front: 8,192 characters are read and no more.
    const host = (length: number) => `shop.example?${'x'.repeat(length - 'http://shop.example?'.length)}`;
    expect(visit({ 'x-forwarded-host': host(8_192) }).url).toBe('http://shop.example/basket');
    expect(visit({ 'x-forwarded-host': host(8_193) }).url).toBe('http://10.0.0.5:8080/basket');
  });

  it('are not read at all where the connection is not a trusted proxy’s', () => {
    const headers: Record<string, string> = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };
    const facts = { url: 'http://shop.example/', header: (name: string) => headers[name], peerIp: () => '203.0.113.7' };
    const read = (trustProxy: number | string[] | undefined) =>
      readVisitor(facts, resolveReading({ trustProxy })).whole().url;
    expect([read(undefined), read(0), read(['10.0.0.0/8'])]).toEqual(Array(3).fill('http://shop.example/'));
  });
});

describe('X-Forwarded-For', () => {
  it('names the visitor by the entry that the nearest proxy added', () => {
    expect(visit({ 'x-forwarded-for': '198.51.100.1, 198.51.100.2 ,203.0.113.7:4711' }).ip).toBe('203.0.113.7');
  });

  it('is read from its end, however long it is', () => {
    expect(visit({ 'x-forwarded-for': `${'198.51.100.1, '.repeat(10_000)}203.0.113.7` }).ip).toBe('203.0.113.7');
  });

  it('names nobody by an entry that is no address or too long for one', () => {
    // An IPv6 address with a zone may be 80 characters and no more.
    const zoned = (length: number) => `fe80::1%${'z'.repeat(length - 'fe80::1%'.length)}`;
    expect(visit({ 'x-forwarded-for': zoned(80) }).ip).toBe('fe80::1');
    expect(visit({ 'x-forwarded-for': zoned(81) }).ip).toBeUndefined();
    expect(visit({ 'x-forwarded-for': '203.0.113.7,' }).ip).toBeUndefined();
    expect(visit({ 'x-forwarded-for': '203.0.113.7, unknown' }).ip).toBeUndefined();
  });
});
