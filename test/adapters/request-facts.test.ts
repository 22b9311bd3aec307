import { describe, expect, it } from 'vitest';
import { absoluteUrl, NodeFacts, plainText } from '../../src/adapters/request-facts.js';

describe('the absolute address of a request', () => {
  it.each([
    ['shop.example', '/plans?a=1', 'https://shop.example/plans?a=1'],
    ['shop.example', '*', undefined],
    ['shop.example', 'http://other.example/', undefined],
    ['shop.example', undefined, undefined],
    ['', '/plans', undefined],
    [null, '/plans', undefined],
  ])('with the host %j and the path %j is %j', (host, path, url) => {
    expect(absoluteUrl('https', host, path)).toBe(url);
  });
});

describe('a string from a request', () => {
  it.each(['a', ' ', 'é', 'x'.repeat(5)])('may be %j', (text) => {
    expect(plainText(text, 5)).toBe(text);
  });

  it.each(['', 'x'.repeat(6), 'a\nb', '\u0000', '\u007f', 7, null, undefined, ['a']])(
    'is rejected if it is %j',
    (value) => {
      expect(plainText(value, 5)).toBeUndefined();
    },
  );
});

describe('the facts of a Node request', () => {
  const socket = { remoteAddress: '127.0.0.1' as string | undefined };
  const request = {
    headers: { cookie: 'a=1', 'x-list': ['1', '2'] },
    originalUrl: '/plans',
    protocol: 'https',
    ip: '203.0.113.7',
    socket,
  };
  const factsOf = (trustsProxy: boolean) => new NodeFacts(request, () => 'shop.example', trustsProxy);

  it('join several values of a header', () => {
    const facts = factsOf(false);
    expect(['cookie', 'x-list', 'referer'].map((name) => facts.header(name))).toEqual(['a=1', '1, 2', undefined]);
  });

  it('have the absolute address', () => {
    expect(factsOf(false).url).toBe('https://shop.example/plans');
  });

  it('have the framework’s address, or the socket’s if our own trustProxy is set, even after it is closed', () => {
    const framework = factsOf(false);
    const own = factsOf(true);
    socket.remoteAddress = undefined;
    expect([framework.peerIp?.(), own.peerIp?.()]).toEqual(['203.0.113.7', '127.0.0.1']);
  });
});
