import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, readUrl } from '../../src/adapters/address.js';
import { plainText } from '../../src/adapters/request-facts.js';

const pick = ({ href, origin, host, hostname, pathname, search }: Address) => {
  return { href, origin, host, hostname, pathname, search };
};

function partsRead(text: string) {
  const address = readUrl(text);
  return address && pick(address);
}

/** What `URL` makes of an address, without credentials and fragment. */
function partsOf(text: string) {
  try {
    const url = new URL(text);
    url.username = url.password = url.hash = '';
    return pick(url);
  } catch {
    return undefined;
  }
}

/** Texts of the characters and names that mean something in an address. */
const pieces = (...own: string[]) =>
  fc
    .array(
      fc.oneof(
        { arbitrary: fc.constantFrom(...own), weight: 3 },
        { arbitrary: fc.stringMatching(/^[a-z\d]{1,6}$/), weight: 3 },
        { arbitrary: fc.string({ maxLength: 2, unit: 'grapheme' }), weight: 1 },
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(''));

describe('an address', () => {
  it('has the parts that URL gives it, whatever is in it', () => {
    const address = fc
      .tuple(
        fc.constantFrom('http://', 'https://', 'HTTP://', 'https:/'),
        fc.constantFrom('', '', 'user@', 'user:secret@'),
        pieces('.', '-', '--', 'xn--', 'shop.example', '127.1', '0x7f', 'A', '%41', '_'),
        fc.constantFrom('', '', ':80', ':443', ':3000', ':08443', ':65536', ':'),
        pieces('/', '.', '..', '%2e', '%2E', '%', '\\', '^', '{', '|', "'", 'é', ' ', ';', '@', ':'),
        fc.constantFrom('', '?', '?', '#', '?a=1#'),
        pieces('=', '&', '?', '/', '%', "'", '"', '[', '<', '^', '`', '\\', 'é', ' ', '+', '#'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(address, (text) => {
        expect(partsRead(text)).toEqual(plainText(text, 8_192) && partsOf(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    'https://shop.example/',
    'https://a-b.c1.shop.example/plans/it%20is.html?utm_source=a%20b&x[]=1',
    'http://localhost:3000/',
    'http://shop.example:8080/a',
    'http://127.0.0.1/',
    'http://1.2.3/',
    'http://0x7f.1/',
    'http://[::1]:3000/',
    'http://shop.example:80/',
    'https://shop.example:443/',
    'https://xn--bcher-kva.example/',
    'https://shop.example',
    'https://shop.example/a/../b',
    'https://shop.example/a/%2e%2E/b',
    'https://shop.example/.well-known/a',
    "https://shop.example/'?'",
    'https://shop.example/?',
    'https://user:secret@shop.example/#c',
    'https://Shop.Example/Plans',
  ])('has the parts that URL gives it: %s', (text) => {
    expect(partsRead(text)).toEqual(partsOf(text));
  });

  it.each([
    '',
    '/',
    'mailto:ada@example.org',
    'file:///etc/passwd',
    'https://',
    'https://a b/',
    'https://a.example/\n',
  ])('is none if it is %j', (text) => {
    expect(readUrl(text)).toBeUndefined();
  });

  it('has at most 8,192 characters', () => {
    const address = (length: number) => 'https://shop.example/'.padEnd(length, 'x');
    expect(readUrl(address(8_192))).toBeDefined();
    expect(readUrl(address(8_193))).toBeUndefined();
  });
});
